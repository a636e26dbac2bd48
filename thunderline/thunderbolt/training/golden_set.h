#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

/// Inputs with the answers that a model must give to them.
/// Shapes: inputs [rows, w], expected [rows, k], row-major.
struct GoldenSet {
  std::vector<float> inputs;
  std::vector<float> expected;
  int64_t rows = 0;
};

/// For a model whose trainer is not at hand: rows uniform in [0, 1), and what the model answers to
/// them when its graph runs node by node, without optimisation. It cannot tell whether these answers
/// are the wanted ones, only whether the model serves as its graph says.
/// Errors: kBadData for a model that does not load, run, or map one float32 matrix of stated width
/// to another; kInvalidArgument for no rows or too many.
Result<GoldenSet> reference_golden_set(std::span<const std::byte> onnx, int64_t rows,
                                       uint64_t seed, const Clock& clock,
                                       const std::string& where);

}  // namespace thunderline::thunderbolt
