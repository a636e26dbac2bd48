#include "thunderline/thunderbolt/ml/keras_onnx.h"

namespace thunderline::thunderbolt {
namespace {

using cerebros::onnx::TensorInfo;
using cerebros::onnx::TensorValue;

Status check_form(const OnnxSession& session) {
  if (session.inputs().size() == 1 && session.outputs().size() == 1) return {};
  return fail(ErrorCode::kInvalidArgument,
              "the model has " + std::to_string(session.inputs().size()) + " inputs and " +
                  std::to_string(session.outputs().size()) + " outputs; expected one of each",
              "", "run it with all its inputs at once");
}

bool has_free_batch(const OnnxSession& session) {
  const std::vector<int64_t>& in = session.inputs()[0].shape;
  const std::vector<int64_t>& out = session.outputs()[0].shape;
  return !in.empty() && !out.empty() && in[0] < 0 && out[0] < 0;
}

/// Whether `input` is what the model declares and, but for its rows, what `first` is.
Status check_one_of_batch(const TensorInfo& declared, const Input& first, const Input& input,
                          size_t index) {
  const std::string where = "input " + std::to_string(index) + " of the batch";
  if (Status status = cerebros::onnx::check_tensor(declared, input.dtype(), input.shape(),
                                                   input.tensor.data.size());
      !status) {
    return fail(status.error().code, status.error().message, where);
  }
  for (size_t axis = 1; axis < input.shape().size(); ++axis) {
    if (input.shape()[axis] == first.shape()[axis]) continue;
    return fail(ErrorCode::kInvalidArgument,
                "wrong shape: expected that of the first input, " +
                    cerebros::onnx::shape_text(first.shape()) + ", but for the rows, got " +
                    cerebros::onnx::shape_text(input.shape()),
                where);
  }
  return {};
}

Result<Input> stack(const TensorInfo& declared, std::span<const Input> inputs) {
  Input all{TensorValue{inputs[0].dtype(), inputs[0].shape(), {}}, "", {}};
  int64_t rows = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    TL_RETURN_IF_ERROR(check_one_of_batch(declared, inputs[0], inputs[i], i));
    rows += inputs[i].shape()[0];
    const auto& data = inputs[i].tensor.data;
    all.tensor.data.insert(all.tensor.data.end(), data.begin(), data.end());
  }
  all.tensor.shape[0] = rows;
  return all;
}

/// The rows of `stacked` that belong to each of `inputs`.
Result<std::vector<Output>> split(const Output& stacked, std::span<const Input> inputs,
                                  int64_t rows) {
  if (stacked.shape().empty() || stacked.shape()[0] != rows) {
    return fail(ErrorCode::kBadData, "the model gave " +
                                         cerebros::onnx::shape_text(stacked.shape()) + " for " +
                                         std::to_string(rows) + " rows");
  }
  const size_t row_bytes =
      rows == 0 ? 0 : stacked.tensor.data.size() / static_cast<size_t>(rows);
  std::vector<Output> outputs;
  auto at = stacked.tensor.data.begin();
  for (const Input& input : inputs) {
    const auto end = at + static_cast<ptrdiff_t>(row_bytes) * input.shape()[0];
    Output one{{stacked.dtype(), stacked.shape(), {at, end}},
               stacked.name,
               input.metadata,
               stacked.inference_time};
    one.tensor.shape[0] = input.shape()[0];
    outputs.push_back(std::move(one));
    at = end;
  }
  return outputs;
}

}  // namespace

Result<std::shared_ptr<const OnnxSession>> KerasOnnx::load(const std::string& path,
                                                           const LoadOptions& options) const {
  TL_ASSIGN_OR_RETURN(auto session, OnnxSession::load(files_, path, options, clock_));
  return std::shared_ptr<const OnnxSession>(std::move(session));
}

Result<Output> KerasOnnx::infer(const OnnxSession& session, const Input& input) const {
  TL_RETURN_IF_ERROR(check_form(session));
  TL_ASSIGN_OR_RETURN(auto outputs, session.run(std::span(&input, 1)));
  return std::move(outputs[0]);
}

Result<std::vector<Output>> KerasOnnx::infer_batch(const OnnxSession& session,
                                                   std::span<const Input> inputs) const {
  TL_RETURN_IF_ERROR(check_form(session));
  std::vector<Output> outputs;
  if (inputs.empty()) return outputs;
  if (!has_free_batch(session)) {
    for (const Input& input : inputs) {
      TL_ASSIGN_OR_RETURN(Output output, infer(session, input));
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
  TL_ASSIGN_OR_RETURN(const Input all, stack(session.inputs()[0], inputs));
  TL_ASSIGN_OR_RETURN(const Output stacked, infer(session, all));
  return split(stacked, inputs, all.shape()[0]);
}

}  // namespace thunderline::thunderbolt
