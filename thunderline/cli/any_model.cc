#include "thunderline/cli/any_model.h"

#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/onnx/graph_converter.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cli {

namespace keras = cerebros::keras;
namespace onnx = cerebros::onnx;

namespace {

namespace graph = cerebros::graph;

void describe(const graph::Graph& graph, std::vector<onnx::TensorInfo>& inputs,
              std::vector<onnx::TensorInfo>& outputs) {
  const auto info = [&](const std::string& name, size_t id) {
    const graph::ValueType& type = graph.values[id].type;
    onnx::TensorInfo tensor{name, graph::dtype_name(type.dtype), type.shape, {}};
    for (size_t i = 0; i < type.shape.size(); ++i) {
      tensor.dim_names.push_back(type.shape[i] < 0 && i == 0 ? "batch" : "");
    }
    return tensor;
  };
  for (const size_t id : graph.inputs) inputs.push_back(info(graph.values[id].name, id));
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    outputs.push_back(info(graph.output_names[i], graph.outputs[i]));
  }
}

}  // namespace

Result<AnyModel> AnyModel::load(FileSystem& files, const std::string& path) {
  AnyModel model;
  if (path.ends_with(".keras")) {
    auto chain = keras::load_keras(files, path, {.for_inference = true});
    if (!chain && chain.error().code == ErrorCode::kBadData) {
      TL_ASSIGN_OR_RETURN(model.network_, keras::load_network(files, path));
      describe(*model.network_->inference, model.inputs_, model.outputs_);
      return model;
    }
    TL_ASSIGN_OR_RETURN(model.keras_, std::move(chain));
    const auto rows_of = [](const std::string& name, int64_t width) {
      return onnx::TensorInfo{name, "float32", {-1, width}, {"batch", ""}};
    };
    model.inputs_ = {rows_of(model.keras_->input_name(), model.keras_->input_width())};
    model.outputs_ = {rows_of(model.keras_->output_name(), model.keras_->output_width())};
    return model;
  }
  if (!path.ends_with(".onnx")) {
    return fail(ErrorCode::kInvalidArgument, "a model's name ends in .onnx or .keras", path,
                "name such a file");
  }
  TL_ASSIGN_OR_RETURN(const std::string bytes, read_file(files, path));
  TL_ASSIGN_OR_RETURN(model.session_,
                      onnx::OrtSession::create(std::as_bytes(std::span(bytes)), {}, path));
  model.inputs_ = model.session_->inputs();
  model.outputs_ = model.session_->outputs();
  return model;
}

Result<std::vector<onnx::TensorValue>> AnyModel::run(
    std::span<const onnx::TensorValue> tensors) const {
  if (session_ != nullptr) return session_->run(tensors);
  if (network_) {
    if (tensors.size() != inputs_.size()) {
      return fail(ErrorCode::kInvalidArgument, "expected " + std::to_string(inputs_.size()) +
                                                   " inputs, got " +
                                                   std::to_string(tensors.size()));
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      TL_RETURN_IF_ERROR(onnx::check_tensor(inputs_[i], tensors[i].dtype, tensors[i].shape,
                                            tensors[i].data.size()));
    }
    return onnx::run_natively(*network_, tensors);
  }
  if (tensors.size() != 1) {
    return fail(ErrorCode::kInvalidArgument,
                "expected 1 input, got " + std::to_string(tensors.size()));
  }
  const onnx::TensorValue& input = tensors.front();
  TL_RETURN_IF_ERROR(
      onnx::check_tensor(inputs_.front(), input.dtype, input.shape, input.data.size()));
  const int64_t rows = input.shape.front();
  TL_ASSIGN_OR_RETURN(const std::vector<float> values,
                      cerebros::train::predict(*keras_, input.floats(), rows));
  return std::vector{onnx::TensorValue::of_floats(values, {rows, keras_->output_width()})};
}

}  // namespace thunderline::cli
