#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"
#include "thunderline/thunderchief/chief.h"

namespace thunderline::thunderchief {

/// What is known of a chief.
struct ChiefState {
  std::string name;
  uint64_t steps = 0;
  uint64_t errors = 0;
  std::string last_action;
  std::string last_detail;
  double reward = 0.0;  ///< Sum over its steps.
  std::optional<Error> last_error;
};

/// Orchestrates the chiefs: each tick, in the order they were registered, every chief takes steps
/// until it waits. A chief that fails is reported and its tick ends; the others go on.
/// Thread-safety: `pause`, `resume`, `paused` from any thread; the rest from one.
class Conductor {
 public:
  struct Options {
    int max_steps_per_tick = 16;  ///< Steps after which a chief's tick ends. >= 1.
  };

  /// Takes what a chief did to the log; an error counts as the chief's.
  using StepSink = std::function<Status(const thunderbolt::ChiefStep&)>;

  Conductor(Options options, StepSink log_step)
      : options_(options), log_step_(std::move(log_step)) {}

  /// Errors: kRefused for a name that is taken.
  Status register_chief(std::unique_ptr<Chief> chief);

  /// One manual orchestration cycle. Does nothing while paused.
  void tick(int64_t tick);

  /// Calls `one_tick` until it returns false, an error, or `stop` is requested: at most `rate` times
  /// a second, 0 for as fast as it goes. Waits while paused.
  Status run(double rate, const std::function<Result<bool>()>& one_tick, const std::stop_token& stop);

  void pause() { paused_ = true; }
  void resume() { paused_ = false; }
  bool paused() const { return paused_; }

  /// The chiefs in their order, as they are now.
  std::vector<ChiefState> get_states() const;

 private:
  struct Member {
    std::unique_ptr<Chief> chief;
    ChiefState state;
  };

  void run_chief(Member& member, int64_t tick);
  Status take_step(Member& member, int64_t tick, bool& waits);
  static void note_error(Member& member, const Error& error);

  const Options options_;
  const StepSink log_step_;
  std::vector<Member> members_;
  std::atomic<bool> paused_{false};
};

}  // namespace thunderline::thunderchief
