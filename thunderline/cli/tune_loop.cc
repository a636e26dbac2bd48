#include "thunderline/cli/tune_loop.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "thunderline/cerebros/tpe/heartbeat.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

/// A trial of the round.
struct Running {
  tpe::Trial trial;
  tpe::Params params;
  TrialEnd end;
  bool known = false;  ///< `end` is an earlier trial's.
};

/// The complete trial with these values, or null.
Result<tpe::TrialPtr> same_trial(const tpe::Study& study, const tpe::Params& params) {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study.trials());
  for (const tpe::TrialPtr& trial : trials) {
    if (trial->state == tpe::TrialState::kComplete && trial->values() == params) return trial;
  }
  return tpe::TrialPtr();
}

Result<Running> next_trial(tpe::Study& study, const tpe::SearchSpace& space,
                           const TuneLoop& loop) {
  TL_ASSIGN_OR_RETURN(tpe::Trial trial, study.ask(space));
  TL_ASSIGN_OR_RETURN(tpe::Params params, trial.suggest_all(space));
  Running running{trial, std::move(params), {}, false};
  if (loop.no_duplicates) {
    TL_ASSIGN_OR_RETURN(const tpe::TrialPtr same, same_trial(study, running.params));
    if (same != nullptr) {
      running.known = true;
      running.end = {tpe::TrialState::kComplete, same->value,
                     "as trial " + std::to_string(same->number)};
    }
  }
  return running;
}

void run_round(std::vector<Running>& round, const Objective& objective) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < round.size(); i = next++) {
      if (!round[i].known) round[i].end = objective(round[i].trial, round[i].params);
    }
  };
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < round.size(); ++i) helpers.emplace_back(work);
  work();
}

Status tell(tpe::Study& study, const Running& running, const TuneLoop& loop) {
  TrialEnd end = running.end;
  if (end.value && std::isnan(*end.value)) {
    end = {tpe::TrialState::kFail, {}, "the objective is not a number"};
  }
  const int number = running.trial.number();
  TL_RETURN_IF_ERROR(study.tell(number, end.state, end.value));
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study.trials());
  loop.on_trial(*trials[static_cast<size_t>(number)], end.reason);
  return {};
}

/// Trials that are finished, whoever ran them.
Result<int> finished_trials(const tpe::Study& study) {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study.trials());
  return static_cast<int>(std::count_if(
      trials.begin(), trials.end(), [](const auto& trial) { return tpe::is_finished(trial->state); }));
}

Status run_next_round(tpe::Study& study, const tpe::SearchSpace& space, const Objective& objective,
                      const TuneLoop& loop, int count) {
  std::vector<Running> round;
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) {
    TL_ASSIGN_OR_RETURN(Running running, next_trial(study, space, loop));
    numbers.push_back(running.trial.number());
    round.push_back(std::move(running));
  }
  {
    const tpe::Heartbeat heartbeat(study, std::move(numbers));
    run_round(round, objective);
  }
  for (const Running& running : round) TL_RETURN_IF_ERROR(tell(study, running, loop));
  return {};
}

}  // namespace

Status run_study(tpe::Study& study, const tpe::SearchSpace& space, const Objective& objective,
                 const TuneLoop& loop, const std::stop_token& stop) {
  while (true) {
    TL_RETURN_IF_ERROR(study.retry_stale_trials(tpe::kHeartbeatGrace));
    TL_ASSIGN_OR_RETURN(const int finished, finished_trials(study));
    if (finished >= loop.trials) return {};
    if (stop.stop_requested()) {
      return fail(ErrorCode::kInterrupted, "the study was interrupted", study.name());
    }
    TL_RETURN_IF_ERROR(run_next_round(study, space, objective, loop,
                                      std::min(loop.jobs, loop.trials - finished)));
  }
}

}  // namespace thunderline::cli
