#pragma once

#include <functional>
#include <stop_token>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/search_space.h"
#include "thunderline/cerebros/tpe/study.h"
#include "thunderline/cli/objective.h"

namespace thunderline::cli {

struct TuneLoop {
  int trials = 1;  ///< Finished trials in the study, in all.
  int jobs = 1;    ///< Trials asked for, and run, at once; the study depends on it.
  /// A trial with the values of a complete one takes its value and is not run.
  bool no_duplicates = false;
  /// Called once a trial, in the order of numbers.
  std::function<void(const cerebros::tpe::FrozenTrial& trial, const std::string& reason)> on_trial;
};

/// Runs the study up to its number of trials: asks a round, runs it on threads, tells it in order.
/// Errors: kInterrupted when `stop` was requested (the trials that ran are failed); the study's own.
Status run_study(cerebros::tpe::Study& study, const cerebros::tpe::SearchSpace& space,
                 const Objective& objective, const TuneLoop& loop, const std::stop_token& stop);

}  // namespace thunderline::cli
