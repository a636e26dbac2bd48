#include "thunderline/cli/objective_flags.h"

namespace thunderline::cli {

namespace tpe = cerebros::tpe;

void add_objective_flags(Command command, ObjectiveFlags& flags) {
  command.add_option("--space", flags.space, "The parameters and their ranges")
      .required()
      .type_name("SPACE.json");
  command
      .add_option("--command", flags.command,
                  "A trial: {name} is a parameter's value, the last line the objective")
      .type_name("CMD");
  command.add_option("--data", flags.data, "A trial trains --model on these arrays")
      .type_name("D.npz");
  command.add_option("--model", flags.model, "mlp").one_of({"mlp"}).capture_default_str();
  command.add_option("--epochs", flags.mlp.epochs, "With --data: passes of a trial")
      .range(1, 1'000'000)
      .capture_default_str();
  command.add_option("--batch-size", flags.mlp.batch_size, "With --data: rows of a step")
      .capture_default_str();
  command
      .add_option("--validation-split", flags.mlp.validation_split,
                  "With --data: last part of the rows, which judges a trial")
      .range(0.0, 1.0)
      .capture_default_str();
}

Result<tpe::SearchSpace> load_space(const Session& session, const ObjectiveFlags& flags) {
  if (flags.command.has_value() == flags.data.has_value()) {
    return fail(ErrorCode::kInvalidArgument, "say what a trial is, once", "--command, --data",
                "give --command 'CMD {name}', or --data D.npz with --model mlp");
  }
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, flags.space));
  return tpe::SearchSpace::parse(text, flags.space);
}

Result<Objective> make_objective(const Session& session, const tpe::SearchSpace& space,
                                 tpe::Direction direction, uint64_t seed, ObjectiveFlags& flags,
                                 TrainingArrays& data) {
  if (flags.command) return command_objective(session, *flags.command);
  TL_ASSIGN_OR_RETURN(data, load_training_arrays(session.files, *flags.data, {}));
  flags.mlp.seed = seed;
  flags.mlp.direction = direction;
  return mlp_objective(session, data, space, flags.mlp);
}

}  // namespace thunderline::cli
