#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::onnx {

/// What a model says of one of its inputs or outputs.
struct TensorInfo {
  std::string name;
  std::string dtype;                   ///< NumPy's name: "float32", "int64", …; "string".
  std::vector<int64_t> shape;          ///< -1 = symbolic. Empty: a scalar, or of unknown rank.
  std::vector<std::string> dim_names;  ///< One per dimension; empty where it has no name.

  bool operator==(const TensorInfo&) const = default;
};

/// A tensor of any element type but strings: raw little-endian elements in C order.
struct TensorValue {
  std::string dtype = "float32";
  std::vector<int64_t> shape;
  std::vector<std::byte> data;

  bool operator==(const TensorValue&) const = default;

  static TensorValue of_floats(std::span<const float> values, std::vector<int64_t> shape);
  static TensorValue of_int64s(std::span<const int64_t> values, std::vector<int64_t> shape);

  /// The elements; empty when `dtype` is not "float32". Lifetime: that of `data`.
  std::span<const float> floats() const;
};

/// NumPy's name of an ONNX element type (TensorProto.DataType); "unknown" for one that has none here.
/// Source: onnx.proto3, TensorProto.DataType.
std::string_view dtype_name(int64_t onnx_type);

/// The ONNX element type of a NumPy name; 0 (undefined) for an unknown name.
int dtype_onnx_type(std::string_view dtype);

/// Bytes of one element; 0 for "string" and unknown names.
size_t dtype_size(std::string_view dtype);

/// The number of elements of a shape without symbolic dimensions. Errors: kInvalidArgument for a
/// negative extent, or a count that 63 bits do not hold.
Result<int64_t> element_count(std::span<const int64_t> shape);

/// "[?, 40]": for messages; a symbolic dimension is its name or "?".
std::string shape_text(std::span<const int64_t> shape, std::span<const std::string> names = {});

/// Checks that a tensor of this type, shape and size in bytes may stand where `info` is declared.
/// Errors: kInvalidArgument that names the tensor and says expected and got.
Status check_tensor(const TensorInfo& info, std::string_view dtype, std::span<const int64_t> shape,
                    size_t size_bytes);

}  // namespace thunderline::cerebros::onnx
