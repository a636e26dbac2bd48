#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/training/trajectory_logger.h"
#include "thunderline/thunderchief/chief.h"

namespace thunderline::thunderchief {

/// When a chief has its turn, and how much it may do then.
struct ChiefTurn {
  int64_t every_ticks = 1;  ///< Its turn comes at ticks that this divides. >= 1.
  /// Steps in one turn above which it is over its budget; 0: no such budget. Counts work, so it is
  /// the same whenever and wherever a run happens.
  int budget_steps = 0;
  /// Time of one turn above which it is over its budget; 0: no such budget. Needs a clock.
  std::chrono::nanoseconds budget_time{0};
};

/// What is known of a chief.
struct ChiefState {
  std::string name;
  std::vector<std::string> actions;  ///< Names by action index; fixed.
  uint64_t steps = 0;
  uint64_t errors = 0;
  uint64_t turns_skipped = 0;  ///< For failures before.
  int failures_in_a_row = 0;   ///< Turns; 0: it is well.
  int64_t skips_until_tick = 0;  ///< Its turns before this tick are skipped.
  std::string last_action;
  std::string last_detail;
  std::vector<float> last_state;
  double reward = 0.0;  ///< Sum over its steps.
  std::optional<Error> last_error;
};

/// A JSON array of the states.
std::string to_json(const std::vector<ChiefState>& states);

/// Orchestrates the chiefs: each tick, in the order they were registered, every chief whose turn it is
/// takes steps until it waits. A chief that fails, is over its budget or gives nonsense (an action
/// that it does not have, a state that is not finite or changes its width) is reported, its turn ends,
/// and its next turns are skipped: 1, 2, 4, … after each failure in a row. The others go on.
/// Thread-safety: `pause`, `resume`, `step`, `paused`, `get_states`, `action_tables_json` from any
/// thread; the rest from one.
class Conductor {
 public:
  struct Options {
    int max_steps_per_tick = 16;  ///< Steps after which a chief's turn ends; no failure. >= 1.
    int64_t max_skipped_turns = 64;  ///< Most turns that are skipped at a time. >= 0.
    /// For time budgets; must outlive the conductor. Null where a run is to be the same for its seed.
    const Clock* clock = nullptr;
  };

  /// Takes what a chief did to the log; an error counts as the chief's.
  using StepSink = std::function<Status(const thunderbolt::ChiefStep&)>;

  Conductor(Options options, StepSink log_step)
      : options_(options), log_step_(std::move(log_step)) {}

  /// Errors: kRefused for a name that is taken; kInvalidArgument for a chief without actions, a turn
  /// out of its range, a time budget without a clock.
  Status register_chief(std::unique_ptr<Chief> chief, ChiefTurn turn = {});

  /// One orchestration cycle. Does nothing while paused, unless `step` allowed it.
  void tick(int64_t tick);

  /// Calls `one_tick` until it returns false, an error, or `stop` is requested: at most `rate` times
  /// a second, 0 for as fast as it goes. Waits while paused.
  Status run(double rate, const std::function<Result<bool>()>& one_tick, const std::stop_token& stop);

  void pause();
  void resume();
  bool paused() const;

  /// Lets one more tick happen although it is paused. Errors: kRefused when it is not.
  Status step();

  /// The chiefs in their order, as they are now.
  std::vector<ChiefState> get_states() const;

  /// {"bit": ["cerebros_evaluate", …], …}: what the action indices of logged steps mean.
  std::string action_tables_json() const;

 private:
  struct Member {
    std::unique_ptr<Chief> chief;
    ChiefTurn turn;
    size_t width = 0;   ///< Of its state; 0: not observed yet.
    ChiefState state;   ///< Guarded by states_mutex_ where another thread may look.
  };

  bool may_tick();
  bool wait_for_turn(const std::stop_token& stop);
  void run_chief(Member& member, int64_t tick);
  Status take_turn(Member& member, int64_t tick);
  Status take_step(Member& member, int64_t tick, bool& waits);
  static Result<std::vector<float>> observe(Member& member);
  void note_step(Member& member, const thunderbolt::ChiefStep& step, const ChiefOutcome& outcome);
  void note_turn(Member& member, int64_t tick, const Status& taken);

  const Options options_;
  const StepSink log_step_;
  std::vector<Member> members_;
  mutable Mutex states_mutex_;

  mutable std::mutex pause_mutex_;
  std::condition_variable_any pause_changed_;
  bool paused_ = false;        ///< Guarded by pause_mutex_.
  uint64_t allowed_ticks_ = 0;  ///< Of `step`. Guarded by pause_mutex_.
  bool within_step_ = false;   ///< `run` has taken an allowed tick for what it calls.
};

}  // namespace thunderline::thunderchief
