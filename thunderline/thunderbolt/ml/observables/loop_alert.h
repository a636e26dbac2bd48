#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "thunderline/thunderflow/event_bus.h"

namespace thunderline::thunderbolt {

/// A closed interval.
struct Band {
  double low = 0.0;
  double high = 0.0;

  bool contains(double value) const { return low <= value && value <= high; }
  bool operator==(const Band&) const = default;
};

/// The ranges a loop is healthy in; for display and reports, not for alerts.
inline constexpr Band kHealthyPlv{0.3, 0.7};
inline constexpr Band kHealthySigma{0.8, 1.2};
inline constexpr double kHealthyLambdaLimit = 0.0;

enum class LoopAlertKind {
  kLocked,      ///< The loop's series move as one: PLV beyond its bound.
  kDegenerate,  ///< The scores collapse or scatter: σ or H(p_t) beyond its bound.
  kChaotic,     ///< Small differences grow: λ̂ beyond its bound.
};

/// "locked", "degenerate" or "chaotic".
const char* loop_alert_name(LoopAlertKind kind);

/// Something about the decision loop that needs attention. A deployment waits while one stands.
struct LoopAlert {
  LoopAlertKind kind = LoopAlertKind::kDegenerate;
  std::string what;          ///< What was measured: "plv", "plv score-waiting", "sigma", "entropy", …
  double value = 0.0;
  double bound = 0.0;        ///< The one that `value` is beyond.
  std::optional<Band> band;  ///< 99 % of surrogates, where there is a null; `value` is outside.
  uint64_t tick = 0;         ///< Of the monitor, from 1.

  /// One sentence for people, e.g. "plv score-waiting 0.97 is above 0.90 (chance: 0.05 to 0.31)".
  std::string reason() const;
};

/// Where alerts are published when they are raised: ml.loop.locked, ml.loop.degenerate and
/// ml.loop.chaotic.
const thunderflow::Topic<LoopAlert>& loop_topic(LoopAlertKind kind);

}  // namespace thunderline::thunderbolt
