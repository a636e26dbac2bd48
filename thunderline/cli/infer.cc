#include <chrono>
#include <memory>
#include <optional>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/any_model.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/tensor_files.h"

namespace thunderline::cli {
namespace {

namespace onnx = cerebros::onnx;

struct InferOptions {
  std::string model;
  std::string input;
  std::optional<std::string> output;
};

Status print_written(const Session& session, const std::string& path,
                     std::span<const onnx::TensorInfo> infos,
                     std::span<const onnx::TensorValue> tensors, double seconds) {
  OrderedJson outputs = OrderedJson::array();
  Table table({"OUTPUT", "TYPE", "SHAPE"});
  for (size_t i = 0; i < tensors.size(); ++i) {
    outputs.push_back(
        {{"name", infos[i].name}, {"dtype", tensors[i].dtype}, {"shape", tensors[i].shape}});
    table.add({infos[i].name, tensors[i].dtype, onnx::shape_text(tensors[i].shape)});
  }
  if (session.json) {
    return print_line(dump_json(
        OrderedJson{{"output", path}, {"outputs", std::move(outputs)}, {"seconds", seconds}}));
  }
  TL_RETURN_IF_ERROR(print_line(table.text()));
  return print_line("wrote " + path);
}

Status infer(const Session& session, const InferOptions& options) {
  TL_ASSIGN_OR_RETURN(const AnyModel model, AnyModel::load(session.files, options.model));
  TL_ASSIGN_OR_RETURN(const std::vector<onnx::TensorValue> inputs,
                      read_tensors(session.files, options.input, model.inputs()));
  const auto begin = session.clock.now();
  TL_ASSIGN_OR_RETURN(const std::vector<onnx::TensorValue> outputs, model.run(inputs));
  const std::chrono::duration<double> seconds = session.clock.now() - begin;
  if (options.output) {
    TL_RETURN_IF_ERROR(write_tensors(session.files, *options.output, model.outputs(), outputs));
    return print_written(session, *options.output, model.outputs(), outputs, seconds.count());
  }
  TL_ASSIGN_OR_RETURN(const std::string text, tensors_json(model.outputs(), outputs));
  return print_line(text);
}

}  // namespace

void add_infer(Command app, Session& session) {
  Command command = app.add_subcommand("infer", "Runs a model on arrays");
  command.footer("Example:\n  thunderline infer model.onnx --input x.npz --output y.npz");
  auto options = std::make_shared<InferOptions>();
  command.add_option("model", options->model, "ONNX file or Keras archive")
      .required()
      .type_name("MODEL.onnx|MODEL.keras");
  command.add_option("--input", options->input, "Arrays by the names of the model's inputs")
      .required()
      .type_name("X.npz|X.json");
  command.add_option("--output", options->output, "Where the answers go (else JSON on stdout)")
      .type_name("Y.npz|Y.json");
  command.callback([&session, options] {
    session.action = [&session, options] { return infer(session, *options); };
  });
}

}  // namespace thunderline::cli
