#include "thunderline/cli/tune_loop.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

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
  TL_ASSIGN_OR_RETURN(tpe::Trial trial, study.ask());
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

}  // namespace

Status run_study(tpe::Study& study, const tpe::SearchSpace& space, const Objective& objective,
                 const TuneLoop& loop, const std::stop_token& stop) {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> before, study.trials());
  auto finished = static_cast<int>(
      std::count_if(before.begin(), before.end(),
                    [](const tpe::TrialPtr& trial) { return tpe::is_finished(trial->state); }));
  while (finished < loop.trials) {
    if (stop.stop_requested()) {
      return fail(ErrorCode::kInterrupted, "the study was interrupted", study.name());
    }
    std::vector<Running> round;
    for (int i = 0; i < std::min(loop.jobs, loop.trials - finished); ++i) {
      TL_ASSIGN_OR_RETURN(Running running, next_trial(study, space, loop));
      round.push_back(std::move(running));
    }
    run_round(round, objective);
    for (const Running& running : round) TL_RETURN_IF_ERROR(tell(study, running, loop));
    finished += static_cast<int>(round.size());
  }
  return {};
}

}  // namespace thunderline::cli
