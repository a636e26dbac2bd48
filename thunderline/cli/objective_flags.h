#pragma once

#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/search_space.h"
#include "thunderline/cerebros/tpe/study.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/objective.h"

namespace CLI {
class App;
}

namespace thunderline::cli {

/// What a trial is, as `tune` and `worker` are told.
struct ObjectiveFlags {
  std::string space;
  std::optional<std::string> command;
  std::optional<std::string> data;
  std::string model = "mlp";
  MlpObjectiveOptions mlp;
};

/// Adds --space, --command, --data, --model and how models train.
void add_objective_flags(Command command, ObjectiveFlags& flags);

/// Reads the search space. Errors: kInvalidArgument where not exactly one of --command and --data
/// is given; those of `SearchSpace::parse`.
Result<cerebros::tpe::SearchSpace> load_space(const Session& session, const ObjectiveFlags& flags);

/// The objective; `data` and `flags` are used by it and must outlive it. `seed`: of the weights.
Result<Objective> make_objective(const Session& session, const cerebros::tpe::SearchSpace& space,
                                 cerebros::tpe::Direction direction, uint64_t seed,
                                 ObjectiveFlags& flags, TrainingArrays& data);

}  // namespace thunderline::cli
