#include <charconv>
#include <memory>
#include <optional>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/keras/network.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/cerebros/train/network_fit.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/epoch_watch.h"
#include "thunderline/cli/key_values.h"
#include "thunderline/cli/network_arrays.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/training_arrays.h"

namespace thunderline::cli {
namespace {

namespace keras = cerebros::keras;
namespace train = cerebros::train;

struct TrainOptions {
  std::string model;
  std::string data;
  std::optional<std::string> validation_data;
  std::optional<std::string> class_weight;
  std::optional<std::string> early_stopping;
  std::optional<std::string> reduce_lr;
  std::optional<std::string> output;
  std::optional<std::string> history;
  std::optional<std::string> tensorboard;
  bool no_shuffle = false;
  train::FitOptions fit;
};

Result<train::EarlyStopping> parse_early_stopping(const std::string& text) {
  train::EarlyStopping options;
  TL_ASSIGN_OR_RETURN(KeyValues values, KeyValues::parse(text, "--early-stopping"));
  std::string mode = "auto";
  TL_RETURN_IF_ERROR(values.take("monitor", options.monitor));
  TL_RETURN_IF_ERROR(values.take("min-delta", options.min_delta));
  TL_RETURN_IF_ERROR(values.take("patience", options.patience));
  TL_RETURN_IF_ERROR(values.take("mode", mode));
  TL_RETURN_IF_ERROR(values.take("baseline", options.baseline));
  TL_RETURN_IF_ERROR(values.take("restore-best-weights", options.restore_best_weights));
  TL_RETURN_IF_ERROR(values.take("start-from-epoch", options.start_from_epoch));
  TL_RETURN_IF_ERROR(values.finish());
  TL_ASSIGN_OR_RETURN(options.mode, train::parse_monitor_mode(mode));
  return options;
}

Result<train::ReduceLrOnPlateau> parse_reduce_lr(const std::string& text) {
  train::ReduceLrOnPlateau options;
  TL_ASSIGN_OR_RETURN(KeyValues values, KeyValues::parse(text, "--reduce-lr"));
  std::string mode = "auto";
  TL_RETURN_IF_ERROR(values.take("monitor", options.monitor));
  TL_RETURN_IF_ERROR(values.take("factor", options.factor));
  TL_RETURN_IF_ERROR(values.take("patience", options.patience));
  TL_RETURN_IF_ERROR(values.take("mode", mode));
  TL_RETURN_IF_ERROR(values.take("min-delta", options.min_delta));
  TL_RETURN_IF_ERROR(values.take("cooldown", options.cooldown));
  TL_RETURN_IF_ERROR(values.take("min-lr", options.min_lr));
  TL_RETURN_IF_ERROR(values.finish());
  TL_ASSIGN_OR_RETURN(options.mode, train::parse_monitor_mode(mode));
  return options;
}

Result<std::map<int, double>> parse_class_weight(const std::string& text) {
  static constexpr const char* kWhere = "--class-weight";
  static constexpr const char* kHint = "write '{\"0\":1,\"1\":2.5}'";
  const auto json = parse_json(text, kWhere);
  if (!json || !json->is_object()) {
    return fail(ErrorCode::kInvalidArgument, "not a JSON object", kWhere, kHint);
  }
  std::map<int, double> weights;
  for (const auto& [key, value] : json->items()) {
    int label = 0;
    const char* end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data(), end, label);
    if (parsed.ec != std::errc() || parsed.ptr != end || !value.is_number()) {
      return fail(ErrorCode::kInvalidArgument, "the entry \"" + key + "\" is no class and weight",
                  kWhere, kHint);
    }
    weights[label] = value.get<double>();
  }
  return weights;
}

/// Turns the texts of the flags into what `fit` takes.
Status complete(TrainOptions& options) {
  options.fit.shuffle = !options.no_shuffle;
  if (options.class_weight) {
    TL_ASSIGN_OR_RETURN(options.fit.class_weight, parse_class_weight(*options.class_weight));
  }
  if (options.early_stopping) {
    TL_ASSIGN_OR_RETURN(options.fit.early_stopping, parse_early_stopping(*options.early_stopping));
  }
  if (options.reduce_lr) {
    TL_ASSIGN_OR_RETURN(options.fit.reduce_lr, parse_reduce_lr(*options.reduce_lr));
  }
  return {};
}

Status print_result(const Session& session, const std::string& output, double seconds,
                    const train::History& history) {
  if (session.json) {
    OrderedJson document = {{"output", output},
                            {"epochs", history.epoch.size()},
                            {"stopped_epoch", history.stopped_epoch},
                            {"seconds", seconds}};
    document["history"] = parse_ordered_json(history.to_json(), "history").value();
    return print_line(dump_json(document));
  }
  Table table({"VALUE", "LAST EPOCH"});
  for (const auto& [name, series] : history.values) {
    if (!series.empty()) table.add({name, number_text(series.back())});
  }
  TL_RETURN_IF_ERROR(print_line(table.text()));
  return print_line("wrote " + output + " after " + std::to_string(history.epoch.size()) +
                    " epochs");
}

/// Trains, with curves and progress, and says how long it took.
template <typename Fit>
auto watched(const Session& session, TrainOptions& options, Fit fit, double& seconds)
    -> decltype(fit()) {
  EpochWatch watch(session);
  if (options.tensorboard) TL_RETURN_IF_ERROR(watch.open_tensorboard(*options.tensorboard));
  options.fit.on_epoch = [&](const train::EpochReport& report) { return watch.on_epoch(report); };
  const auto begin = session.clock.now();
  auto result = fit();
  options.fit.on_epoch = nullptr;
  if (result) TL_RETURN_IF_ERROR(watch.finish());
  seconds = std::chrono::duration<double>(session.clock.now() - begin).count();
  return result;
}

Status write_history(const Session& session, const TrainOptions& options,
                     const train::History& history) {
  if (!options.history) return {};
  return write_file_atomically(session.files, *options.history, history.to_json() + "\n");
}

/// Chains of Dense and Dropout with Adam: the fast way.
Status train_chain(const Session& session, TrainOptions& options, const keras::Model& model) {
  const ArrayNames names = names_of(model);
  TL_ASSIGN_OR_RETURN(const TrainingArrays data,
                      load_training_arrays(session.files, options.data, names));
  TrainingArrays validation;
  if (options.validation_data) {
    TL_ASSIGN_OR_RETURN(validation,
                        load_training_arrays(session.files, *options.validation_data, names));
    options.fit.validation_data = validation.view();
  }
  double seconds = 0;
  TL_ASSIGN_OR_RETURN(const train::FitResult result,
                      watched(session, options,
                              [&] { return train::fit(model, data.view(), options.fit); }, seconds));
  const std::string output = options.output.value_or(options.model);
  TL_RETURN_IF_ERROR(
      keras::save_keras(session.files, output, result.model, {session.clock.unix_ms()}));
  TL_RETURN_IF_ERROR(write_history(session, options, result.history));
  return print_result(session, output, seconds, result.history);
}

/// Any other network.
Status train_network(const Session& session, TrainOptions& options,
                     const keras::Network& network) {
  if (const Status status = train::check_trainable(network); !status) {
    Error error = status.error();
    error.where = options.model + (error.where.empty() ? "" : ": " + error.where);
    // The archive is at fault, not the words on the command line.
    error.code = ErrorCode::kBadData;
    return tl::unexpected<Error>(std::move(error));
  }
  TL_ASSIGN_OR_RETURN(const train::NetworkData data,
                      load_network_arrays(session.files, options.data, network));
  std::optional<train::NetworkData> validation;
  if (options.validation_data) {
    TL_ASSIGN_OR_RETURN(validation,
                        load_network_arrays(session.files, *options.validation_data, network));
  }
  double seconds = 0;
  TL_ASSIGN_OR_RETURN(
      const train::NetworkFitResult result,
      watched(session, options,
              [&] { return train::network_fit(network, data, validation, options.fit); }, seconds));
  const std::string output = options.output.value_or(options.model);
  TL_ASSIGN_OR_RETURN(const std::string bytes,
                      keras::network_bytes(result.network, session.clock.unix_ms()));
  TL_RETURN_IF_ERROR(write_file_atomically(session.files, output, bytes));
  TL_RETURN_IF_ERROR(write_history(session, options, result.history));
  return print_result(session, output, seconds, result.history);
}

Status run_training(const Session& session, TrainOptions& options) {
  TL_RETURN_IF_ERROR(complete(options));
  const auto model = keras::load_keras(session.files, options.model);
  if (model && model->compile) return train_chain(session, options, *model);
  if (!model && model.error().code != ErrorCode::kBadData) {
    return tl::unexpected<Error>(model.error());
  }
  TL_ASSIGN_OR_RETURN(const keras::Network network,
                      keras::load_network(session.files, options.model));
  return train_network(session, options, network);
}

void add_training_flags(Command command, TrainOptions& options) {
  command.add_option("model", options.model, "Compiled Keras archive")
      .required()
      .type_name("MODEL.keras");
  command.add_option("--data", options.data, "Arrays x, y (or one by each input's and output's name) and, if wanted, "
                     "sample_weight")
      .required()
      .type_name("D.npz");
  command.add_option("--epochs", options.fit.epochs, "Passes over the data").capture_default_str();
  command.add_option("--batch-size", options.fit.batch_size, "Rows of a step")
      .capture_default_str();
  command
      .add_option("--validation-split", options.fit.validation_split,
                  "Last part of the rows, kept for validation")
      .capture_default_str();
  command.add_option("--validation-data", options.validation_data, "Goes before the split")
      .type_name("V.npz");
  command.add_flag("--no-shuffle", options.no_shuffle, "Keeps the rows in their order");
  command.add_option("--seed", options.fit.seed, "Of shuffles and dropout").capture_default_str();
}

void add_callback_flags(Command command, TrainOptions& options) {
  command.add_option("--class-weight", options.class_weight, "'{\"0\":1,\"1\":2.5}'")
      .type_name("JSON");
  command
      .add_option("--early-stopping", options.early_stopping,
                  "patience=10,monitor=val_loss,restore-best-weights; also min-delta, mode, "
                  "baseline, start-from-epoch")
      .type_name("OPTIONS");
  command
      .add_option("--reduce-lr", options.reduce_lr,
                  "factor=0.5,patience=5; also monitor, mode, min-delta, cooldown, min-lr")
      .type_name("OPTIONS");
  command.add_option("--output", options.output, "Trained archive (else MODEL.keras is replaced)")
      .type_name("OUT.keras");
  command.add_option("--history", options.history, "Keras's history as JSON").type_name("H.json");
  command.add_option("--tensorboard", options.tensorboard, "Folder for curves").type_name("LOGDIR");
}

}  // namespace

void add_train(Command app, Session& session) {
  Command command = app.add_subcommand("train", "Trains a Keras model as Keras would");
  command.footer(
      "Example:\n  thunderline train m.keras --data d.npz --epochs 40 --validation-split 0.2 \\\n"
      "      --early-stopping patience=6,restore-best-weights --output trained.keras");
  auto options = std::make_shared<TrainOptions>();
  options->fit.seed = 42;
  add_training_flags(command, *options);
  add_callback_flags(command, *options);
  command.callback([&session, options] {
    session.action = [&session, options] { return run_training(session, *options); };
  });
}

}  // namespace thunderline::cli
