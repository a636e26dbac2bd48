#include <memory>
#include <optional>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/model_summary.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

namespace keras = cerebros::keras;

struct BuildOptions {
  std::string kind;
  keras::ScoringMlpOptions mlp;
  std::string activation = "relu";
  std::optional<std::string> head;
  std::string optimizer = "adam";
  std::string loss = "binary_crossentropy";
  std::string output;
};

Result<keras::Model> build_model(BuildOptions& options) {
  if (options.kind != "mlp") {
    return fail(ErrorCode::kInvalidArgument, "only mlp is built so far", options.kind,
                "say: thunderline build mlp …");
  }
  if (options.optimizer != "adam") {
    return fail(ErrorCode::kInvalidArgument, "only adam is known so far",
                "--optimizer " + options.optimizer, "leave --optimizer out");
  }
  keras::ScoringMlpOptions& mlp = options.mlp;
  TL_ASSIGN_OR_RETURN(mlp.activation, keras::parse_activation(options.activation));
  TL_ASSIGN_OR_RETURN(mlp.loss, keras::parse_loss(options.loss));
  const bool probability = mlp.loss == keras::Loss::kBinaryCrossentropy;
  TL_ASSIGN_OR_RETURN(
      mlp.head, keras::parse_activation(options.head.value_or(probability ? "sigmoid" : "linear")));
  return keras::build_scoring_mlp(mlp);
}

Status build(const Session& session, BuildOptions& options) {
  TL_ASSIGN_OR_RETURN(const keras::Model model, build_model(options));
  TL_RETURN_IF_ERROR(
      keras::save_keras(session.files, options.output, model, {session.clock.unix_ms()}));
  if (session.json) {
    OrderedJson document = {{"output", options.output}, {"kind", options.kind}};
    document.update(parse_ordered_json(summary_json(model), "summary").value());
    return print_line(dump_json(document));
  }
  TL_RETURN_IF_ERROR(print_line(summary_table(model)));
  return print_line("wrote " + options.output);
}

}  // namespace

void add_build(Command app, Session& session) {
  Command command = app.add_subcommand("build", "Makes a Keras model with fresh weights");
  command.footer(
      "Example:\n  thunderline build mlp --inputs 40 --hidden-dim 64 --num-layers 2 --output "
      "m.keras");
  auto options = std::make_shared<BuildOptions>();
  options->mlp.seed = 42;
  keras::ScoringMlpOptions& mlp = options->mlp;
  command.add_option("kind", options->kind, "mlp, cerebros or attention")
      .required()
      .one_of({"mlp", "cerebros", "attention"});
  command.add_option("--inputs", mlp.inputs, "Width of the rows").capture_default_str();
  command.add_option("--outputs", mlp.outputs, "Width of the answers").capture_default_str();
  command.add_option("--hidden-dim", mlp.hidden_dim, "Units of a layer").capture_default_str();
  command.add_option("--num-layers", mlp.num_layers, "Hidden layers").capture_default_str();
  command.add_option("--dropout", mlp.dropout, "Rate after each of them").capture_default_str();
  command
      .add_option("--activation", options->activation, "relu, gelu, swish, tanh, sigmoid, linear")
      .capture_default_str();
  command.add_option("--head", options->head, "Activation of the output (by the loss)");
  command.add_option("--optimizer", options->optimizer, "adam").capture_default_str();
  command.add_option("--learning-rate", mlp.learning_rate, "Of the optimizer")
      .capture_default_str();
  command.add_option("--loss", options->loss, "binary_crossentropy or mean_squared_error")
      .capture_default_str();
  command.add_option("--seed", mlp.seed, "Of the weights").capture_default_str();
  command.add_option("--output", options->output, "The archive")
      .required()
      .type_name("MODEL.keras");
  command.callback([&session, options] {
    session.action = [&session, options] { return build(session, *options); };
  });
}

}  // namespace thunderline::cli
