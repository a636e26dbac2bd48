#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"

namespace thunderline::thunderflow {

/// A number that only rises. Adding is one atomic add on one of a few cache lines, picked by thread.
/// Thread-safety: any thread.
class Counter {
 public:
  void increment(uint64_t by = 1);
  uint64_t value() const;

 private:
  static constexpr size_t kShards = 8;
  struct alignas(64) Shard {
    std::atomic<uint64_t> value{0};
  };
  std::array<Shard, kShards> shards_;
};

/// A number that goes up and down. Thread-safety: any thread.
class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0.0};
};

/// Counts observations in fixed buckets. A NaN is not counted. Thread-safety: any thread; a reader
/// may see a sum that is some observations ahead of or behind the counts.
class Histogram {
 public:
  /// `bounds`: the buckets' upper bounds (inclusive), rising, finite; +Inf is added.
  explicit Histogram(std::vector<double> bounds);

  void observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  /// Observations in each bucket alone, the last for +Inf. Shapes: [bounds + 1].
  std::vector<uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0.0};
};

/// Names and values that tell the series of one metric apart.
using Labels = std::map<std::string, std::string>;

/// The metrics of a process, by name and labels. Asking twice for a series gives the same one; keep
/// the handle where the path is hot.
///
/// Cardinality: a metric has at most `max_series` label sets. Any further one shares a series whose
/// label values are all "other", so that labels from outside cannot fill the memory.
/// Errors: kInvalidArgument for a name or label outside Prometheus's grammar, a counter not named
/// `…_total`, buckets that do not rise; kRefused when the name has another kind, help text, buckets
/// or label names already.
/// Thread-safety: any thread. Lifetime: handles may outlive the registry.
class MetricsRegistry {
 public:
  struct Options {
    /// Most label sets a metric keeps apart. Range: at least 1 (0 counts as 1).
    size_t max_series = 200;
  };

  explicit MetricsRegistry(Options options) : options_(options) {}
  MetricsRegistry() : MetricsRegistry(Options{}) {}

  Result<std::shared_ptr<Counter>> counter(const std::string& name, const std::string& help,
                                           const Labels& labels = {}) TL_EXCLUDES(mutex_);
  Result<std::shared_ptr<Gauge>> gauge(const std::string& name, const std::string& help,
                                       const Labels& labels = {}) TL_EXCLUDES(mutex_);
  Result<std::shared_ptr<Histogram>> histogram(const std::string& name, const std::string& help,
                                               const std::vector<double>& bounds,
                                               const Labels& labels = {}) TL_EXCLUDES(mutex_);

  /// Every metric in Prometheus's text format 0.0.4, ordered by name and labels.
  /// Source: prometheus.io, "Exposition formats", text format 0.0.4.
  std::string render() const TL_EXCLUDES(mutex_);

 private:
  enum class Kind { kCounter, kGauge, kHistogram };

  struct Series {
    std::shared_ptr<Counter> counter;
    std::shared_ptr<Gauge> gauge;
    std::shared_ptr<Histogram> histogram;
  };
  struct Family {
    Kind kind = Kind::kCounter;
    std::string help;
    std::vector<std::string> label_names;
    std::vector<double> bounds;
    std::map<Labels, Series> series;
  };

  Result<Series> series(Kind kind, const std::string& name, const std::string& help,
                        const std::vector<double>& bounds, const Labels& labels)
      TL_EXCLUDES(mutex_);
  static const char* kind_name(Kind kind);
  static Status check_name(Kind kind, const std::string& name);
  static Status check_family(const Family& family, const Family& wanted, const std::string& name);
  static void render_series(const std::string& name, const Labels& labels, const Series& series,
                            std::string& out);

  const Options options_;
  mutable Mutex mutex_;
  std::map<std::string, Family> families_ TL_GUARDED_BY(mutex_);
};

/// `count` bounds from `first`, each `factor` times the one before: for latencies and sizes.
/// Precondition: first > 0, factor > 1.
std::vector<double> exponential_bounds(double first, double factor, size_t count);

/// The Content-Type of `MetricsRegistry::render`.
inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace thunderline::thunderflow
