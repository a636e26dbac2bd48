#pragma once

#include <cstdint>

namespace thunderline::thunderchief {

/// Watches a stream of losses for a rise of their mean. With the running mean x̄ of all values so
/// far, m += x − x̄ − delta; alarm while m − min m > lambda, once `min_values` were seen.
/// Source: Page 1954, Hinkley 1971; defaults as the inbox world's, for squared errors in [0, 1].
/// Thread-safety: one thread.
class PageHinkley {
 public:
  struct Options {
    double delta = 0.05;     ///< Rises of the mean up to this are tolerated.
    double lambda = 20;      ///< Larger: later and rarer alarms.
    int64_t min_values = 150;
  };

  PageHinkley() = default;
  explicit PageHinkley(Options options) : options_(options) {}

  /// Takes the next value; returns whether the alarm is on. Values that are not finite are ignored.
  bool add(double value);

  /// m − min m. Range: >= 0.
  double statistic() const { return sum_ - smallest_; }

  bool alarm() const;
  int64_t count() const { return count_; }
  double mean() const { return mean_; }

  /// Forgets everything, as after a deployment.
  void reset() { *this = PageHinkley(options_); }

 private:
  Options options_;
  int64_t count_ = 0;
  double mean_ = 0;
  double sum_ = 0;       // m
  double smallest_ = 0;  // min m; m begins at 0
};

}  // namespace thunderline::thunderchief
