#include "thunderline/thunderbolt/ml/onnx_session.h"

#include <algorithm>

namespace thunderline::thunderbolt {
namespace {

using cerebros::onnx::OrtSession;
using cerebros::onnx::TensorValue;

Result<OrtSession::Options> runtime_options(const LoadOptions& options, const std::string& where) {
  if (options.device != "cpu") {
    return fail(ErrorCode::kInvalidArgument,
                "the device \"" + options.device + "\" is not available", where,
                "take \"cpu\"");
  }
  if (std::find(options.providers.begin(), options.providers.end(), "cpu") ==
      options.providers.end()) {
    return fail(ErrorCode::kInvalidArgument, "none of the wanted providers is available", where,
                "add \"cpu\" to the providers");
  }
  using From = LoadOptions::Optimization;
  using Level = OrtSession::Options::Level;
  OrtSession::Options out;
  out.intra_op_threads = options.intra_op_threads;
  out.optimize = options.optimization != From::kNone;
  if (options.optimization == From::kBasic) out.level = Level::kBasic;
  if (options.optimization == From::kExtended) out.level = Level::kExtended;
  out.cpu_arena = options.cpu_arena;
  out.max_model_bytes = options.max_model_bytes;
  return out;
}

}  // namespace

Result<Input> Input::of_rows(std::span<const float> values, int64_t width) {
  if (width <= 0 || values.size() % static_cast<uint64_t>(width) != 0) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong size: expected rows of " + std::to_string(width) + " values, got " +
                    std::to_string(values.size()) + " values");
  }
  const auto rows = static_cast<int64_t>(values.size()) / width;
  return Input{TensorValue::of_floats(values, {rows, width}), "", {}};
}

Result<std::unique_ptr<OnnxSession>> OnnxSession::load(FileSystem& files, const std::string& path,
                                                       const LoadOptions& options,
                                                       const Clock& clock) {
  TL_ASSIGN_OR_RETURN(const std::string model, read_file(files, path, options.max_model_bytes));
  return from_bytes(std::as_bytes(std::span(model.data(), model.size())), options, clock, path);
}

Result<std::unique_ptr<OnnxSession>> OnnxSession::from_bytes(std::span<const std::byte> model,
                                                             const LoadOptions& options,
                                                             const Clock& clock,
                                                             const std::string& where) {
  TL_ASSIGN_OR_RETURN(const OrtSession::Options wanted, runtime_options(options, where));
  TL_ASSIGN_OR_RETURN(auto session, OrtSession::create(model, wanted, where));
  return std::unique_ptr<OnnxSession>(new OnnxSession(std::move(session), clock));
}

Result<size_t> OnnxSession::position(const Input& input, size_t given_at) const {
  if (input.name.empty()) return given_at;
  std::string names;
  for (size_t i = 0; i < inputs().size(); ++i) {
    if (inputs()[i].name == input.name) return i;
    names += (i == 0 ? "" : ", ") + inputs()[i].name;
  }
  return fail(ErrorCode::kInvalidArgument, "the model has no input \"" + input.name + "\"",
              "inputs: " + names);
}

Result<std::vector<Output>> OnnxSession::run(std::span<const Input> given) const {
  if (given.size() != inputs().size()) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong number of inputs: expected " + std::to_string(inputs().size()) + ", got " +
                    std::to_string(given.size()));
  }
  std::vector<TensorValue> tensors(given.size());
  std::vector<bool> filled(given.size(), false);
  std::map<std::string, std::string> metadata;
  for (size_t i = 0; i < given.size(); ++i) {
    TL_ASSIGN_OR_RETURN(const size_t at, position(given[i], i));
    if (filled[at]) {
      return fail(ErrorCode::kInvalidArgument,
                  "the input \"" + inputs()[at].name + "\" is given twice");
    }
    filled[at] = true;
    tensors[at] = given[i].tensor;
    metadata.insert(given[i].metadata.begin(), given[i].metadata.end());
  }
  const auto begin = clock_.now();
  TL_ASSIGN_OR_RETURN(std::vector<TensorValue> made, session_->run(tensors));
  const auto elapsed = clock_.now() - begin;
  std::vector<Output> out;
  for (size_t i = 0; i < made.size(); ++i) {
    out.push_back({std::move(made[i]), outputs()[i].name, metadata, elapsed});
  }
  return out;
}

}  // namespace thunderline::thunderbolt
