#include <algorithm>
#include <cmath>
#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/any_model.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/training_arrays.h"
#include "thunderline/thunderchief/evaluation/classification_metrics.h"

namespace thunderline::cli {
namespace {

namespace chief = thunderchief;
namespace onnx = cerebros::onnx;

struct EvaluateOptions {
  std::string model;
  std::string data;
};

/// Named figures, in the order in which they are shown.
using Figures = std::vector<std::pair<std::string, double>>;

/// Means of the errors over all numbers.
void add_errors(const std::vector<float>& outputs, const TrainingArrays& data, Figures& figures) {
  double squares = 0;
  double absolutes = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const double error = static_cast<double>(outputs[i]) - data.y[i];
    squares += error * error;
    absolutes += std::abs(error);
  }
  const auto count = static_cast<double>(outputs.size());
  figures.emplace_back("mse", squares / count);
  figures.emplace_back("mae", absolutes / count);
}

/// Whether the figures of a two-class problem apply: one probability for one label of 0 or 1.
bool is_binary(const std::vector<float>& outputs, const TrainingArrays& data) {
  return data.outputs == 1 &&
         std::all_of(data.y.begin(), data.y.end(), [](float y) { return y == 0 || y == 1; }) &&
         std::all_of(outputs.begin(), outputs.end(), [](float p) { return p >= 0 && p <= 1; });
}

Status add_binary(const std::vector<float>& outputs, const TrainingArrays& data, Figures& figures) {
  const std::vector<double> scores(outputs.begin(), outputs.end());
  std::vector<uint8_t> labels(data.y.size());
  std::transform(data.y.begin(), data.y.end(), labels.begin(),
                 [](float y) { return static_cast<uint8_t>(y); });
  TL_ASSIGN_OR_RETURN(const double log_loss, chief::log_loss(scores, labels));
  TL_ASSIGN_OR_RETURN(const double accuracy, chief::accuracy(scores, labels));
  TL_ASSIGN_OR_RETURN(const double brier, chief::brier(scores, labels));
  figures.emplace_back("log_loss", log_loss);
  figures.emplace_back("accuracy", accuracy);
  // With one class alone there is no ranking to judge.
  if (const auto auc = chief::auc(scores, labels)) figures.emplace_back("auc", *auc);
  figures.emplace_back("brier", brier);
  return {};
}

Result<std::vector<float>> predict(const AnyModel& model, const TrainingArrays& data,
                                   const std::string& path) {
  TL_ASSIGN_OR_RETURN(
      const std::vector<onnx::TensorValue> outputs,
      model.run(std::vector{onnx::TensorValue::of_floats(data.x, {data.rows, data.inputs})}));
  const std::span<const float> values = outputs.front().floats();
  if (values.size() != data.y.size()) {
    return fail(ErrorCode::kBadData,
                "the model's answer has the shape " + onnx::shape_text(outputs.front().shape) +
                    ", y has " + std::to_string(data.outputs) + " columns",
                path);
  }
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    return fail(ErrorCode::kBadData, "the model's answers are not all finite", path,
                "look at the numbers of the data and at the model's training");
  }
  return std::vector<float>(values.begin(), values.end());
}

Result<ArrayNames> names_of_rows(const AnyModel& model, const std::string& path) {
  const bool rows = model.inputs().size() == 1 && model.inputs()[0].shape.size() == 2 &&
                    model.inputs()[0].dtype == "float32" && !model.outputs().empty();
  if (!rows) {
    return fail(ErrorCode::kInvalidArgument, "the model does not take one matrix of float32", path,
                "run it with thunderline infer instead");
  }
  return ArrayNames{model.inputs()[0].name, model.outputs()[0].name, model.inputs()[0].shape[1]};
}

Result<Figures> judge(const Session& session, const EvaluateOptions& options, int64_t& rows) {
  TL_ASSIGN_OR_RETURN(const AnyModel model, AnyModel::load(session.files, options.model));
  TL_ASSIGN_OR_RETURN(const ArrayNames names, names_of_rows(model, options.model));
  TL_ASSIGN_OR_RETURN(const TrainingArrays data,
                      load_training_arrays(session.files, options.data, names));
  rows = data.rows;
  TL_ASSIGN_OR_RETURN(const std::vector<float> outputs, predict(model, data, options.model));
  Figures figures;
  add_errors(outputs, data, figures);
  if (is_binary(outputs, data)) TL_RETURN_IF_ERROR(add_binary(outputs, data, figures));
  const auto loss = std::find_if(figures.begin(), figures.end(),
                                 [](const auto& figure) { return figure.first == "log_loss"; });
  figures.insert(figures.begin(),
                 {"loss", loss == figures.end() ? figures[0].second : loss->second});
  return figures;
}

Status evaluate(const Session& session, const EvaluateOptions& options) {
  int64_t rows = 0;
  TL_ASSIGN_OR_RETURN(const Figures figures, judge(session, options, rows));
  OrderedJson document = {{"model", options.model}, {"rows", rows}};
  Table table({"FIGURE", "VALUE"});
  table.add({"rows", std::to_string(rows)});
  for (const auto& [name, value] : figures) {
    document[name] = value;
    table.add({name, number_text(value)});
  }
  return print_line(session.json ? dump_json(document) : table.text());
}

}  // namespace

void add_evaluate(Command app, Session& session) {
  Command command = app.add_subcommand("evaluate", "Judges a model on data");
  command.footer(
      "loss is the binary cross entropy where y holds 0 and 1, else the mean squared error.\n"
      "Example:\n  thunderline evaluate model.onnx --data held_out.npz");
  auto options = std::make_shared<EvaluateOptions>();
  command.add_option("model", options->model, "ONNX file or Keras archive")
      .required()
      .type_name("MODEL.onnx|MODEL.keras");
  command.add_option("--data", options->data, "Arrays x and y").required().type_name("D.npz");
  command.callback([&session, options] {
    session.action = [&session, options] { return evaluate(session, *options); };
  });
}

}  // namespace thunderline::cli
