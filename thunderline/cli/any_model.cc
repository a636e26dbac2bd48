#include "thunderline/cli/any_model.h"

#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/train/fit.h"

namespace thunderline::cli {

namespace keras = cerebros::keras;
namespace onnx = cerebros::onnx;

Result<AnyModel> AnyModel::load(FileSystem& files, const std::string& path) {
  AnyModel model;
  if (path.ends_with(".keras")) {
    TL_ASSIGN_OR_RETURN(model.keras_, keras::load_keras(files, path, {.for_inference = true}));
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
