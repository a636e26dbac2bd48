#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

#include <cstring>
#include <iterator>

namespace thunderline::cerebros::onnx {
namespace {

struct DtypeFacts {
  std::string_view name;
  size_t size;
};

// Indexed by TensorProto.DataType. An empty name: a type that nothing here can carry.
constexpr DtypeFacts kDtypes[] = {
    {"", 0},        {"float32", 4}, {"uint8", 1},   {"int8", 1},    {"uint16", 2},  {"int16", 2},
    {"int32", 4},   {"int64", 8},   {"string", 0},  {"bool", 1},    {"float16", 2}, {"float64", 8},
    {"uint32", 4},  {"uint64", 8},  {"complex64", 8}, {"complex128", 16}, {"bfloat16", 2}};

template <typename T>
TensorValue make_tensor(const char* dtype, std::span<const T> values, std::vector<int64_t> shape) {
  TensorValue tensor{dtype, std::move(shape), std::vector<std::byte>(values.size_bytes())};
  if (!values.empty()) std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}

tl::unexpected<Error> wrong_shape(const TensorInfo& info, std::span<const int64_t> shape) {
  return fail(ErrorCode::kInvalidArgument,
              "wrong shape: expected " + shape_text(info.shape, info.dim_names) + ", got " +
                  shape_text(shape),
              "tensor \"" + info.name + "\"");
}

}  // namespace

TensorValue TensorValue::of_floats(std::span<const float> values, std::vector<int64_t> shape) {
  return make_tensor("float32", values, std::move(shape));
}

TensorValue TensorValue::of_int64s(std::span<const int64_t> values, std::vector<int64_t> shape) {
  return make_tensor("int64", values, std::move(shape));
}

std::span<const float> TensorValue::floats() const {
  if (dtype != "float32") return {};
  return {reinterpret_cast<const float*>(data.data()), data.size() / sizeof(float)};
}

std::string_view dtype_name(int64_t onnx_type) {
  if (onnx_type <= 0 || onnx_type >= static_cast<int64_t>(std::size(kDtypes))) return "unknown";
  return kDtypes[onnx_type].name;
}

int dtype_onnx_type(std::string_view dtype) {
  for (size_t i = 1; i < std::size(kDtypes); ++i) {
    if (kDtypes[i].name == dtype) return static_cast<int>(i);
  }
  return 0;
}

size_t dtype_size(std::string_view dtype) { return kDtypes[dtype_onnx_type(dtype)].size; }

Result<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) {
      return fail(ErrorCode::kInvalidArgument, "impossible shape " + shape_text(shape));
    }
  }
  return count;
}

std::string shape_text(std::span<const int64_t> shape, std::span<const std::string> names) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    if (shape[i] >= 0) {
      text += std::to_string(shape[i]);
    } else {
      text += i < names.size() && !names[i].empty() ? names[i] : "?";
    }
  }
  return text + "]";
}

Status check_tensor(const TensorInfo& info, std::string_view dtype, std::span<const int64_t> shape,
                    size_t size_bytes) {
  const std::string where = "tensor \"" + info.name + "\"";
  if (dtype != info.dtype) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong dtype: expected " + info.dtype + ", got " + std::string(dtype), where);
  }
  if (dtype_size(dtype) == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "tensors of type " + std::string(dtype) + " are not supported", where);
  }
  if (shape.size() != info.shape.size()) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong rank: expected " + std::to_string(info.shape.size()) + " " +
                    shape_text(info.shape, info.dim_names) + ", got " +
                    std::to_string(shape.size()) + " " + shape_text(shape),
                where);
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0 || (info.shape[i] >= 0 && shape[i] != info.shape[i])) {
      return wrong_shape(info, shape);
    }
  }
  TL_ASSIGN_OR_RETURN(const int64_t count, element_count(shape));
  if (size_bytes / dtype_size(dtype) != static_cast<uint64_t>(count) ||
      size_bytes % dtype_size(dtype) != 0) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong size: the shape " + shape_text(shape) + " asks for " +
                    std::to_string(count) + " elements of " + std::to_string(dtype_size(dtype)) +
                    " bytes, got " + std::to_string(size_bytes) + " bytes",
                where);
  }
  return {};
}

}  // namespace thunderline::cerebros::onnx
