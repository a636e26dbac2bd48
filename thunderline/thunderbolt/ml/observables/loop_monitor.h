#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/observables/fft.h"
#include "thunderline/thunderbolt/ml/observables/loop_alert.h"
#include "thunderline/thunderbolt/ml/observables/lyapunov.h"
#include "thunderline/thunderbolt/ml/observables/plv.h"
#include "thunderline/thunderbolt/ml/observables/sigma.h"

namespace thunderline::thunderbolt {

/// What a tick gives the monitor. The four numbers are the series of the tick; none carries another
/// by construction, so that locking between them means something.
struct LoopTick {
  /// Of what was scored for the first time in this tick, in order. Range: [0, 1].
  std::span<const float> scores;
  double mean_score = 0.0;  ///< The scoring bits' (cognitive).
  double reward = 0.0;      ///< What the acting bits earned (motor).
  double waiting = 0.0;     ///< What came in and was not decided (sensory).
  double energy = 0.0;      ///< What is left to act with (executive).
};

/// The edge-of-chaos observables; each is empty until there is enough to tell.
struct Observables {
  std::optional<double> plv;      ///< Mean over the pairs of series that are not constant.
  std::optional<double> sigma;    ///< Entropy ratio of the newest scores to those before.
  std::optional<double> lambda;   ///< Of the mean score. Units: nats per tick.
  std::optional<double> entropy;  ///< H(p_t) of the newest scores. Units: nats.
};

/// The series of a tick, and their pairs in order: (0,1), (0,2), …, (2,3).
inline constexpr std::array<const char*, 4> kLoopSeries = {"score", "reward", "waiting", "energy"};
inline constexpr size_t kLoopPairs = 6;

/// "score-reward", …; Range: pair < kLoopPairs.
const char* loop_pair_name(size_t pair);

/// What stands against the loop; only this holds a deployment, leaving a healthy range does not.
struct LoopAlerts {
  bool locked = false;
  bool degenerate = false;
  bool chaotic = false;

  bool any() const { return locked || degenerate || chaotic; }
  bool operator==(const LoopAlerts&) const = default;
};

/// The monitor's view after a tick.
struct LoopReading {
  uint64_t tick = 0;  ///< From 1.
  Observables observables;
  std::array<std::optional<double>, kLoopPairs> pairs;  ///< PLV of each pair.
  std::optional<Band> plv_band;     ///< 99 % of surrogates; at most `refresh_ticks` old.
  std::optional<Band> pair_band;    ///< As above, of the largest PLV of a pair with the score.
  std::optional<Band> lambda_band;  ///< As above.
  LoopAlerts alerts;
  std::vector<LoopAlert> raised;  ///< Those that stand now and did not at the tick before.
};

/// How one observable did over a whole run.
struct ObservableSummary {
  uint64_t ticks = 0;    ///< With a value.
  uint64_t healthy = 0;  ///< Of these, with one in the healthy range.
  double sum = 0.0;
  std::optional<double> newest;

  std::optional<double> mean() const;
  std::optional<double> healthy_share() const;
};

struct LoopSummary {
  ObservableSummary plv;
  ObservableSummary sigma;
  ObservableSummary lambda;
};

/// Watches the decision loop for order and chaos. PLV and λ̂ raise an alert only outside their bound
/// and outside the 99 % band of surrogates, for some ticks on end: narrow spectra lock by chance, and
/// noise looks chaotic to Rosenstein's method, and either does so in the surrogates too. It follows
/// that series which are one pure line in the spectrum never count as locked, whatever their PLV.
/// Everything is measured on one scorer's answers: `restart` when another one answers. PLV begins
/// with the newest 32 ticks and doubles its window up to `window` as ticks come; λ̂ begins at 128.
/// Definitions, nulls and measured figures: docs/observables.md.
/// Memory: O(window). Cost: well under a millisecond a tick on average; the surrogates are computed
/// together every `refresh_ticks`.
/// Same seed and ticks, same readings. Thread-safety: one thread.
class LoopMonitor {
 public:
  struct Options {
    /// Ticks that PLV and λ̂ look at, at most. Range: 64 to 4096.
    size_t window = 256;
    /// Ticks after which PLV is read. Range: 16 to `window`.
    size_t least_window = 32;
    /// Ticks after which λ̂ is read; fewer have too few neighbours. Range: 64 to `window`.
    size_t least_lambda_window = 128;
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

    double locked_plv = 0.9;            ///< locked: PLV above.
    Band tolerated_sigma{0.5, 1.5};     ///< degenerate: σ outside.
    double least_entropy_share = 0.05;  ///< degenerate: H(p_t) below this share of ln 10.
    double chaotic_lambda = 0.1;        ///< chaotic: λ̂ above.
    /// Ticks on end that PLV and λ̂ must be beyond bound and band. λ̂'s are those of two bands: one of
    /// a hundred bands is too low, and a reading stays for as long as a window moves slowly.
    /// Range: at least 1.
    size_t locked_ticks = 8;
    size_t chaotic_ticks = 48;

    /// How λ̂ is read from the mean score.
    RosensteinOptions rosenstein{};
  };

  /// Errors: kInvalidArgument for options out of range.
  static Result<LoopMonitor> create(Options options);

  /// Takes a tick and returns what is known after it.
  /// Errors: kInvalidArgument, without any change, for a score outside [0, 1] and a number that is
  /// not finite; the error names it.
  Result<LoopReading> add(const LoopTick& tick);

  /// Forgets the windows, the bands and the alerts, for another scorer answers from now on. Ticks go
  /// on counting; history and summary are kept.
  void restart();

  /// The newest reading; `tick` 0 before the first.
  const LoopReading& latest() const { return latest_; }

  /// The alerts that stand, with the figures they were raised with. For who decides on deployments.
  const std::vector<LoopAlert>& standing() const { return standing_; }

  /// The newest readings, oldest first.
  const std::deque<LoopReading>& history() const { return history_; }

  /// Since the beginning.
  const LoopSummary& summary() const { return summary_; }

 private:
  static constexpr size_t kSeries = kLoopSeries.size();

  /// The present window in the frequency domain; nothing for a constant series.
  using Windows = std::array<std::optional<AnalyticWindow>, kSeries>;

  explicit LoopMonitor(Options options);

  void take(const LoopTick& tick);
  void measure(LoopReading& reading);
  size_t window_now() const;
  const Fft& plan_for(size_t length);
  std::span<const double> newest(size_t series, size_t length) const;
  Windows analyse(size_t length);
  std::optional<double> lambda_of(std::span<const double> series) const;
  void refresh_bands(const Windows& windows, LoopReading& reading);
  void refresh_lambda_band(size_t length, LoopReading& reading);
  void judge(LoopReading& reading);
  std::optional<LoopAlert> locked(const LoopReading& reading) const;
  std::optional<LoopAlert> degenerate(const LoopReading& reading) const;
  std::optional<LoopAlert> chaotic(const LoopReading& reading) const;
  void summarise(const Observables& seen);

  Options options_;
  std::map<size_t, std::unique_ptr<Fft>> plans_;  // By length; AnalyticWindow refers to them.
  Random random_;
  SigmaWindow sigma_;
  std::array<std::vector<double>, kSeries> series_;  // The newest window, oldest first.
  size_t banded_window_ = 0;     // Ticks that the bands were made from.
  size_t ticks_since_bands_ = 0;
  size_t locked_for_ = 0;  // Ticks on end.
  size_t chaotic_for_ = 0;
  LoopReading latest_;
  std::vector<LoopAlert> standing_;
  std::deque<LoopReading> history_;
  LoopSummary summary_;
};

}  // namespace thunderline::thunderbolt
