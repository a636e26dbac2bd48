#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::train {

/// Keras's metrics that the engine knows. Accuracy is binary (threshold 0.5) for one output, else
/// compares the places of the largest numbers. All are means over samples, without weights.
/// Source: keras.metrics, 3.15.1.
enum class MetricKind { kAccuracy, kMeanSquaredError, kMeanAbsoluteError };

/// "accuracy", "acc", "mse", "mean_squared_error", "mae", "mean_absolute_error".
/// Errors: kInvalidArgument that lists what is known.
Result<MetricKind> parse_metric(const std::string& name);

/// Whether a larger value of the metric is the better one.
bool rises(MetricKind kind);

/// The running means of a model's metrics over an epoch. Thread-safety: one thread.
class Metrics {
 public:
  /// Errors: as `parse_metric`.
  static Result<Metrics> create(const std::vector<std::string>& names);

  /// Takes a batch in. Shapes: both [rows, outputs].
  void add(std::span<const float> predictions, std::span<const float> targets, int64_t outputs);

  void reset();

  /// Adds name → mean to `values`, each name with `prefix`.
  void write(const std::string& prefix, std::map<std::string, double>& values) const;

 private:
  struct Entry {
    std::string name;
    MetricKind kind = MetricKind::kAccuracy;
    double sum = 0;
  };
  std::vector<Entry> entries_;
  int64_t rows_ = 0;
};

}  // namespace thunderline::cerebros::train
