#include "thunderline/thunderbolt/training/golden_set.h"

#include <algorithm>

#include "thunderline/base/random.h"
#include "thunderline/thunderbolt/ml/onnx_session.h"

namespace thunderline::thunderbolt {
namespace {

constexpr int64_t kMaxValues = 1 << 26;

}  // namespace

Result<GoldenSet> reference_golden_set(std::span<const std::byte> onnx, int64_t rows,
                                       uint64_t seed, const Clock& clock,
                                       const std::string& where) {
  TL_ASSIGN_OR_RETURN(
      const auto session,
      OnnxSession::from_bytes(onnx, {.optimization = LoadOptions::Optimization::kNone}, clock,
                              where));
  const int64_t width = session->runtime().input_width();
  const int64_t outputs = session->runtime().output_width();
  if (width <= 0 || outputs <= 0) {
    return fail(ErrorCode::kBadData,
                "the model must map one float32 matrix of stated width to another", where);
  }
  if (rows <= 0 || rows > kMaxValues / std::max(width, outputs)) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(rows) + " rows are none, or too many for this model", where);
  }
  GoldenSet golden;
  golden.rows = rows;
  golden.inputs.resize(static_cast<size_t>(rows * width));
  golden.expected.resize(static_cast<size_t>(rows * outputs));
  Random random(seed);
  for (float& value : golden.inputs) value = static_cast<float>(random.below(1 << 24)) * 0x1p-24f;
  TL_RETURN_IF_ERROR(session->runtime().run_floats(golden.inputs, rows, golden.expected));
  return golden;
}

}  // namespace thunderline::thunderbolt
