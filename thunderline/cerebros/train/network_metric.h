#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/graph/graph.h"

namespace thunderline::cerebros::train {

/// A metric of Keras at work: takes batches in, gives the value over all of them.
/// Thread-safety: one thread. Source: keras.metrics, 3.15.1.
class NetworkMetric {
 public:
  /// From Keras's config as JSON: a name, or an object with class_name and config. `target` and
  /// `prediction` (axis 0 free) decide which accuracy "accuracy" means.
  /// Errors: kBadData that names the metric or the setting, and what is supported.
  static Result<std::unique_ptr<NetworkMetric>> create(const std::string& config,
                                                       const graph::Shape& target,
                                                       const graph::Shape& prediction);
  virtual ~NetworkMetric() = default;

  /// `weights`: null, or [n] or one a value.
  virtual Status add(const graph::Array& target, const graph::Array& prediction,
                     const graph::Array* weights) = 0;
  virtual double result() const = 0;
  virtual void reset() = 0;

  const std::string& name() const { return name_; }
  /// Whether more is better.
  bool rises() const { return rises_; }

 private:
  std::string name_;
  bool rises_ = false;
};

}  // namespace thunderline::cerebros::train
