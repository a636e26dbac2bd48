#include "thunderline/thunderchief/conductor.h"

#include <condition_variable>
#include <mutex>

namespace thunderline::thunderchief {

Status Conductor::register_chief(std::unique_ptr<Chief> chief) {
  const std::string name(chief->name());
  for (const Member& member : members_) {
    if (member.state.name == name) {
      return fail(ErrorCode::kRefused, "a chief of that name is registered already", name);
    }
  }
  ChiefState state;
  state.name = name;
  members_.push_back({std::move(chief), std::move(state)});
  return {};
}

void Conductor::tick(int64_t tick) {
  if (paused_) return;
  for (Member& member : members_) run_chief(member, tick);
}

void Conductor::run_chief(Member& member, int64_t tick) {
  if (Status begun = member.chief->begin_tick(tick); !begun) {
    note_error(member, begun.error());
    return;
  }
  bool waits = false;
  for (int step = 0; step < options_.max_steps_per_tick && !waits; ++step) {
    if (Status taken = take_step(member, tick, waits); !taken) {
      note_error(member, taken.error());
      return;
    }
  }
}

Status Conductor::take_step(Member& member, int64_t tick, bool& waits) {
  Chief& chief = *member.chief;
  thunderbolt::ChiefStep step;
  step.source = member.state.name;
  step.tick = tick;
  step.state = chief.observe_state();
  step.action = chief.choose_action(step.state);
  const auto actions = chief.actions();
  if (step.action < 0 || static_cast<size_t>(step.action) >= actions.size()) {
    return fail(ErrorCode::kInternal, "the chief chose an action that it does not have",
                member.state.name + ": action " + std::to_string(step.action));
  }
  const ChiefOutcome outcome = chief.apply_action(step.action);
  chief.report_outcome(step.action, outcome);
  step.reward = reward_of(outcome.kind);
  step.next_state = chief.observe_state();

  ++member.state.steps;
  member.state.reward += step.reward;
  member.state.last_action = actions[static_cast<size_t>(step.action)];
  member.state.last_detail = outcome.detail;
  waits = static_cast<size_t>(step.action) + 1 == actions.size();
  TL_RETURN_IF_ERROR(log_step_(step));
  if (outcome.error) return tl::unexpected<Error>(*outcome.error);
  return {};
}

void Conductor::note_error(Member& member, const Error& error) {
  ++member.state.errors;
  member.state.last_error = error;
}

Status Conductor::run(double rate, const std::function<Result<bool>()>& one_tick,
                      const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  // Waits on a condition that a stop request wakes, so that Ctrl-C never has to wait for a tick.
  std::mutex mutex;
  std::condition_variable_any wake;
  const auto wait_until = [&](Clock::time_point when) {
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, when, [] { return false; });
  };
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(rate > 0 ? 1.0 / rate : 0.0));
  Clock::time_point next = Clock::now();
  while (!stop.stop_requested()) {
    if (paused_) {
      wait_until(Clock::now() + std::chrono::milliseconds(50));
      continue;
    }
    TL_ASSIGN_OR_RETURN(const bool more, one_tick());
    if (!more) return {};
    if (rate > 0) {
      next += interval;
      wait_until(next);
    }
  }
  return fail(ErrorCode::kInterrupted, "stopped on request");
}

std::vector<ChiefState> Conductor::get_states() const {
  std::vector<ChiefState> states;
  for (const Member& member : members_) states.push_back(member.state);
  return states;
}

}  // namespace thunderline::thunderchief
