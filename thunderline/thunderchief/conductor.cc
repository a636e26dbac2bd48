#include "thunderline/thunderchief/conductor.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

Status check_turn(const std::string& name, const ChiefTurn& turn, const Clock* clock) {
  const auto refuse = [&](const char* what) {
    return fail(ErrorCode::kInvalidArgument, what, "chief " + name);
  };
  if (turn.every_ticks < 1) return refuse("every_ticks is below 1");
  if (turn.budget_steps < 0 || turn.budget_time.count() < 0) return refuse("its budget is negative");
  if (turn.budget_time.count() > 0 && clock == nullptr) {
    return refuse("a time budget needs a clock");
  }
  return {};
}

}  // namespace

Status Conductor::register_chief(std::unique_ptr<Chief> chief, ChiefTurn turn) {
  ChiefState state;
  state.name = chief->name();
  for (const Member& member : members_) {
    if (member.state.name == state.name) {
      return fail(ErrorCode::kRefused, "a chief of that name is registered already", state.name);
    }
  }
  TL_RETURN_IF_ERROR(check_turn(state.name, turn, options_.clock));
  const auto actions = chief->actions();
  state.actions.assign(actions.begin(), actions.end());
  if (state.actions.empty()) {
    return fail(ErrorCode::kInvalidArgument, "the chief has no actions", "chief " + state.name);
  }
  MutexLock lock(states_mutex_);
  members_.push_back({std::move(chief), turn, 0, std::move(state)});
  return {};
}

void Conductor::pause() {
  const std::lock_guard lock(pause_mutex_);
  paused_ = true;
}

void Conductor::resume() {
  const std::lock_guard lock(pause_mutex_);
  paused_ = false;
  allowed_ticks_ = 0;
  pause_changed_.notify_all();
}

bool Conductor::paused() const {
  const std::lock_guard lock(pause_mutex_);
  return paused_;
}

Status Conductor::step() {
  const std::lock_guard lock(pause_mutex_);
  if (!paused_) {
    return fail(ErrorCode::kRefused, "the conductor is not paused", "", "pause it first");
  }
  ++allowed_ticks_;
  pause_changed_.notify_all();
  return {};
}

bool Conductor::may_tick() {
  const std::lock_guard lock(pause_mutex_);
  if (!paused_ || within_step_) return true;
  if (allowed_ticks_ == 0) return false;
  --allowed_ticks_;
  return true;
}

void Conductor::tick(int64_t tick) {
  if (!may_tick()) return;
  for (Member& member : members_) {
    if (tick % member.turn.every_ticks == 0) run_chief(member, tick);
  }
}

void Conductor::run_chief(Member& member, int64_t tick) {
  if (tick < member.state.skips_until_tick) {
    MutexLock lock(states_mutex_);
    ++member.state.turns_skipped;
    return;
  }
  Status taken;
  try {
    taken = take_turn(member, tick);
  } catch (const std::exception& error) {
    // We throw nothing, but memory may run out, and one chief's fault is not the others'.
    taken = fail(ErrorCode::kInternal, std::string("the chief threw: ") + error.what(),
                 member.state.name);
  }
  note_turn(member, tick, taken);
}

Status Conductor::take_turn(Member& member, int64_t tick) {
  const ChiefTurn& turn = member.turn;
  const bool timed = turn.budget_time.count() > 0;
  const auto start = timed ? options_.clock->now() : std::chrono::nanoseconds{0};
  TL_RETURN_IF_ERROR(member.chief->begin_tick(tick));
  bool waits = false;
  for (int step = 1; step <= options_.max_steps_per_tick && !waits; ++step) {
    TL_RETURN_IF_ERROR(take_step(member, tick, waits));
    if (turn.budget_steps > 0 && step >= turn.budget_steps && !waits) {
      return fail(ErrorCode::kResourceLimit,
                  "over its budget of " + std::to_string(turn.budget_steps) + " steps a turn",
                  member.state.name);
    }
    if (timed && options_.clock->now() - start > turn.budget_time) {
      return fail(ErrorCode::kResourceLimit,
                  "over its budget of " + std::to_string(turn.budget_time.count() / 1000) +
                      " us a turn",
                  member.state.name);
    }
  }
  return {};
}

Result<std::vector<float>> Conductor::observe(Member& member) {
  std::vector<float> state = member.chief->observe_state();
  if (member.width == 0) member.width = state.size();
  if (state.size() != member.width) {
    return fail(ErrorCode::kInternal,
                "the chief's state has " + std::to_string(state.size()) + " numbers instead of " +
                    std::to_string(member.width),
                member.state.name);
  }
  for (size_t i = 0; i < state.size(); ++i) {
    if (std::isfinite(state[i])) continue;
    return fail(ErrorCode::kInternal,
                "number " + std::to_string(i) + " of the chief's state is not finite",
                member.state.name);
  }
  return state;
}

Status Conductor::take_step(Member& member, int64_t tick, bool& waits) {
  Chief& chief = *member.chief;
  thunderbolt::ChiefStep step;
  step.source = member.state.name;
  step.tick = tick;
  TL_ASSIGN_OR_RETURN(step.state, observe(member));
  step.action = chief.choose_action(step.state);
  const size_t actions = member.state.actions.size();
  if (step.action < 0 || static_cast<size_t>(step.action) >= actions) {
    return fail(ErrorCode::kInternal, "the chief chose an action that it does not have",
                member.state.name + ": action " + std::to_string(step.action));
  }
  const ChiefOutcome outcome = chief.apply_action(step.action);
  chief.report_outcome(step.action, outcome);
  step.reward = reward_of(outcome.kind);
  TL_ASSIGN_OR_RETURN(step.next_state, observe(member));
  note_step(member, step, outcome);
  waits = static_cast<size_t>(step.action) + 1 == actions;
  TL_RETURN_IF_ERROR(log_step_(step));
  if (outcome.error) return tl::unexpected<Error>(*outcome.error);
  return {};
}

void Conductor::note_step(Member& member, const thunderbolt::ChiefStep& step,
                          const ChiefOutcome& outcome) {
  MutexLock lock(states_mutex_);
  ChiefState& state = member.state;
  ++state.steps;
  state.reward += step.reward;
  state.last_action = state.actions[static_cast<size_t>(step.action)];
  state.last_detail = outcome.detail;
  state.last_state = step.next_state;
}

void Conductor::note_turn(Member& member, int64_t tick, const Status& taken) {
  MutexLock lock(states_mutex_);
  ChiefState& state = member.state;
  if (taken) {
    state.failures_in_a_row = 0;
    return;
  }
  ++state.errors;
  ++state.failures_in_a_row;
  state.last_error = taken.error();
  const int64_t doubled = int64_t{1} << std::min(state.failures_in_a_row - 1, 40);
  const int64_t skipped = std::min(doubled, options_.max_skipped_turns);
  state.skips_until_tick = tick + (skipped + 1) * member.turn.every_ticks;
}

bool Conductor::wait_for_turn(const std::stop_token& stop) {
  std::unique_lock lock(pause_mutex_);
  pause_changed_.wait(lock, stop, [this] { return !paused_ || allowed_ticks_ > 0; });
  if (stop.stop_requested()) return false;
  within_step_ = paused_;
  if (paused_) --allowed_ticks_;
  return true;
}

Status Conductor::run(double rate, const std::function<Result<bool>()>& one_tick,
                      const std::stop_token& stop) {
  using WallClock = std::chrono::steady_clock;
  // Waits on a condition that a stop request wakes, so that Ctrl-C never has to wait for a tick.
  std::mutex mutex;
  std::condition_variable_any wake;
  const auto interval = std::chrono::duration_cast<WallClock::duration>(
      std::chrono::duration<double>(rate > 0 ? 1.0 / rate : 0.0));
  WallClock::time_point next = WallClock::now();
  while (!stop.stop_requested()) {
    if (!wait_for_turn(stop)) break;
    const Result<bool> more = one_tick();
    {
      const std::lock_guard lock(pause_mutex_);
      within_step_ = false;
    }
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return {};
    if (rate > 0) {
      // Ticks that a pause kept from happening are not made up for.
      next = std::max(next + interval, WallClock::now() - interval);
      std::unique_lock lock(mutex);
      wake.wait_until(lock, stop, next, [] { return false; });
    }
  }
  return fail(ErrorCode::kInterrupted, "stopped on request");
}

std::vector<ChiefState> Conductor::get_states() const {
  MutexLock lock(states_mutex_);
  std::vector<ChiefState> states;
  for (const Member& member : members_) states.push_back(member.state);
  return states;
}

std::string Conductor::action_tables_json() const {
  OrderedJson tables = OrderedJson::object();
  for (const ChiefState& state : get_states()) tables[state.name] = state.actions;
  return dump_json(tables);
}

std::string to_json(const std::vector<ChiefState>& states) {
  OrderedJson list = OrderedJson::array();
  for (const ChiefState& state : states) {
    OrderedJson json = {{"name", state.name},
                        {"actions", state.actions},
                        {"steps", state.steps},
                        {"errors", state.errors},
                        {"turns_skipped", state.turns_skipped},
                        {"failures_in_a_row", state.failures_in_a_row},
                        {"skips_until_tick", state.skips_until_tick},
                        {"last_action", state.last_action},
                        {"last_detail", state.last_detail},
                        {"last_state", state.last_state},
                        {"reward", state.reward},
                        {"last_error", nullptr}};
    if (state.last_error) {
      json["last_error"] = {{"code", code_name(state.last_error->code)},
                            {"message", state.last_error->message},
                            {"where", state.last_error->where},
                            {"hint", state.last_error->hint}};
    }
    list.push_back(std::move(json));
  }
  return dump_json(list);
}

}  // namespace thunderline::thunderchief
