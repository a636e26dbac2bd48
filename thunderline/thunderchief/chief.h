#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// How an action of a chief went.
struct ChiefOutcome {
  enum class Kind { kSuccess, kNoop, kFailure, kError };

  Kind kind = Kind::kNoop;
  std::string detail;          ///< One sentence for people; may be empty.
  std::optional<Error> error;  ///< Set exactly for kError.

  static ChiefOutcome success(std::string detail = "") { return {Kind::kSuccess, std::move(detail), {}}; }
  static ChiefOutcome noop() { return {}; }
  static ChiefOutcome failure(std::string detail) { return {Kind::kFailure, std::move(detail), {}}; }
  static ChiefOutcome failed(Error why) { return {Kind::kError, "", std::move(why)}; }
};

/// Success +1, noop 0, failure −0.5, error −1.
double reward_of(ChiefOutcome::Kind kind);

/// Manages one domain of the field. In each step: observe → choose → apply → report. The action
/// indices are fixed, for steps are logged with them; the last action is always "wait" and ends the
/// chief's part of the tick.
/// Thread-safety: one thread, the conductor's.
class Chief {
 public:
  virtual ~Chief() = default;

  virtual std::string_view name() const = 0;

  /// Names by action index. Lifetime: the chief's.
  virtual std::span<const std::string_view> actions() const = 0;

  /// Called once a tick, before the chief's first step.
  virtual Status begin_tick(int64_t tick) = 0;

  /// The domain as numbers in [0, 1]; the same width every time.
  virtual std::vector<float> observe_state() const = 0;

  /// An action for the state. Range: [0, actions().size()).
  virtual int choose_action(std::span<const float> state) = 0;

  virtual ChiefOutcome apply_action(int action) = 0;

  virtual void report_outcome(int /*action*/, const ChiefOutcome& /*outcome*/) {}
};

}  // namespace thunderline::thunderchief
