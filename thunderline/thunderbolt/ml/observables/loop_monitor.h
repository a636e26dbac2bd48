#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/fft.h"
#include "thunderline/thunderbolt/ml/observables/lyapunov.h"
#include "thunderline/thunderbolt/ml/observables/plv.h"
#include "thunderline/thunderbolt/ml/observables/sigma.h"

namespace thunderline::thunderbolt {

/// What a tick gives the monitor. The four numbers are the series of the tick; none carries another
/// by construction, so that locking between them means something.
struct LoopTick {
  std::span<const float> scores;  ///< Of the bits scored in this tick, in order. Range: [0, 1].
  double mean_score = 0.0;
  double reward = 0.0;
  double waiting = 0.0;
  double energy = 0.0;
};

/// The edge-of-chaos observables; each is empty until there is enough to tell.
struct Observables {
  std::optional<double> plv;      ///< Mean over the pairs of series that are not constant.
  std::optional<double> sigma;    ///< Entropy ratio of the newest scores to those before.
  std::optional<double> lambda;   ///< Of the mean score. Units: nats per tick.
  std::optional<double> entropy;  ///< H(p_t) of the newest scores. Units: nats.
};

/// A closed interval.
struct Band {
  double low = 0.0;
  double high = 0.0;

  bool contains(double value) const { return low <= value && value <= high; }
};

/// What needs someone's attention. Only these hold a deploy; leaving a healthy band does not.
struct LoopAlerts {
  bool loop = false;        ///< The series move as one: PLV beyond its bound.
  bool degenerate = false;  ///< The scores collapse or scatter: σ, or H(p_t).
  bool chaotic = false;     ///< Small differences grow: λ̂ beyond its bound.

  bool any() const { return loop || degenerate || chaotic; }
  bool operator==(const LoopAlerts&) const = default;
};

/// The monitor's view after a tick.
struct LoopReading {
  uint64_t tick = 0;  ///< From 1.
  Observables observables;
  std::optional<Band> plv_band;     ///< 99 % of surrogates; at most `refresh_ticks` old.
  std::optional<Band> lambda_band;  ///< As above.
  LoopAlerts alerts;
};

/// Watches the decision loop for order and chaos. PLV and λ̂ raise an alert only outside their bound
/// and outside the 99 % band of phase-shuffled surrogates: narrow spectra lock by chance, and noise
/// looks chaotic to Rosenstein's method, and either does so in the surrogates too. It follows that
/// series which are one pure line in the spectrum never count as a loop, whatever their PLV.
/// Memory: O(window). Cost: well under a millisecond a tick on average; the surrogates are computed
/// together every `refresh_ticks`.
/// Same seed and ticks, same readings. Thread-safety: one thread.
class LoopMonitor {
 public:
  struct Options {
    /// Ticks that PLV and λ̂ look at. Range: 64 to 4096.
    size_t window = 256;
    /// Scores in each of σ's two histograms. Range: at least 10.
    size_t score_window = 256;
    /// Surrogates of a band: with 199 their extremes bound 99 % (0.5 % on each side). Range: 19 to
    /// 1999; 0.5 % on each side are left out of larger numbers.
    size_t surrogates = 199;
    /// Ticks between two bands. Range: at least 1.
    size_t refresh_ticks = 32;
    /// Readings that `history` keeps. Range: at least 1.
    size_t history = 256;
    uint64_t seed = 1;

    double loop_plv = 0.9;              ///< loop: PLV above.
    Band tolerated_sigma{0.5, 1.5};     ///< degenerate: σ outside.
    double least_entropy_share = 0.05;  ///< degenerate: H(p_t) below this share of ln 10.
    double chaotic_lambda = 0.1;        ///< chaotic: λ̂ above.

    /// How λ̂ is read from the mean score.
    RosensteinOptions rosenstein{};
  };

  /// Errors: kInvalidArgument for options out of range.
  static Result<LoopMonitor> create(Options options);

  /// Takes a tick and returns what is known after it.
  /// Errors: kInvalidArgument, without any change, for a score outside [0, 1] and a number that is
  /// not finite; the error names it.
  Result<LoopReading> add(const LoopTick& tick);

  /// The newest reading; `tick` 0 before the first.
  const LoopReading& latest() const { return latest_; }

  /// The newest readings, oldest first.
  const std::deque<LoopReading>& history() const { return history_; }

 private:
  static constexpr size_t kSeries = 4;

  /// The present window in the frequency domain; nothing for a constant series.
  using Windows = std::array<std::optional<AnalyticWindow>, kSeries>;

  explicit LoopMonitor(Options options);

  Windows analyse() const;
  std::optional<double> lambda_of(std::span<const double> series) const;
  void refresh_bands(const Windows& windows, LoopReading& reading);
  Band band_of(std::vector<double> values) const;
  LoopAlerts judge(const LoopReading& reading) const;

  Options options_;
  std::unique_ptr<Fft> plan_;  // On the heap, for AnalyticWindow refers to it.
  Random random_;
  SigmaWindow sigma_;
  std::array<std::vector<double>, kSeries> series_;  // The newest window, oldest first.
  LoopReading latest_;
  std::deque<LoopReading> history_;
};

/// The ranges a loop is healthy in; for display, not for alerts.
inline constexpr Band kHealthyPlv{0.3, 0.7};
inline constexpr Band kHealthySigma{0.8, 1.2};
inline constexpr double kHealthyLambdaLimit = 0.0;

}  // namespace thunderline::thunderbolt
