#include "thunderline/cli/tensor_files.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <type_traits>

#include "thunderline/base/json_util.h"

namespace thunderline::cli {
namespace {

namespace onnx = cerebros::onnx;

constexpr uint64_t kMaxJsonBytes = uint64_t{256} << 20;

/// NumPy's descriptors of the element types.
const std::map<std::string, std::string, std::less<>>& descriptors() {
  static const std::map<std::string, std::string, std::less<>> kDescriptors = {
      {"float16", "<f2"}, {"float32", "<f4"}, {"float64", "<f8"}, {"bool", "|b1"},
      {"int8", "|i1"},    {"int16", "<i2"},   {"int32", "<i4"},   {"int64", "<i8"},
      {"uint8", "|u1"},   {"uint16", "<u2"},  {"uint32", "<u4"},  {"uint64", "<u8"}};
  return kDescriptors;
}

template <typename T>
bool fits(double value) {
  if constexpr (std::is_same_v<T, double>) return true;
  if constexpr (std::is_same_v<T, float>) {
    return !std::isfinite(value) || std::abs(value) <= std::numeric_limits<float>::max();
  }
  // The upper bound itself is not a double for 64 bits; its successor is.
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  const double begin = std::is_signed_v<T> ? -end : 0.0;
  return value == std::floor(value) && value >= begin && value < end;
}

template <typename T>
Result<onnx::TensorValue> cast(const std::vector<double>& values, const std::vector<int64_t>& shape,
                               const std::string& dtype, const std::string& what) {
  onnx::TensorValue tensor{dtype, shape, std::vector<std::byte>(values.size() * sizeof(T))};
  for (size_t i = 0; i < values.size(); ++i) {
    if (!fits<T>(values[i])) {
      return fail(ErrorCode::kBadData,
                  "element " + std::to_string(i) + " does not fit the type " + dtype, what);
    }
    const T element = static_cast<T>(values[i]);
    std::memcpy(tensor.data.data() + i * sizeof(T), &element, sizeof(T));
  }
  return tensor;
}

Result<onnx::TensorValue> make_tensor(const std::vector<double>& values,
                                      const std::vector<int64_t>& shape, const std::string& dtype,
                                      const std::string& what) {
  if (dtype == "float32") return cast<float>(values, shape, dtype, what);
  if (dtype == "float64") return cast<double>(values, shape, dtype, what);
  if (dtype == "int32") return cast<int32_t>(values, shape, dtype, what);
  if (dtype == "int64") return cast<int64_t>(values, shape, dtype, what);
  if (dtype == "uint8") return cast<uint8_t>(values, shape, dtype, what);
  if (dtype == "bool") return cast<bool>(values, shape, dtype, what);
  return fail(ErrorCode::kInvalidArgument, "the model wants the type " + dtype, what,
              "give an .npz whose array has that type already");
}

/// Collects the numbers of lists that must be nested as `shape` says; `depth` is that of `json`.
Status flatten(const Json& json, size_t depth, const std::vector<int64_t>& shape,
               std::vector<double>& values, const std::string& what) {
  const auto ragged = [&] {
    return fail(ErrorCode::kBadData, "the lists are not of one shape", what);
  };
  if (!json.is_array()) {
    if (depth != shape.size()) return ragged();
    if (json.is_boolean()) {
      values.push_back(json.get<bool>() ? 1 : 0);
    } else if (json.is_number()) {
      values.push_back(json.get<double>());
    } else {
      return fail(ErrorCode::kBadData, "expected a number, got " + dump_json(json).substr(0, 40),
                  what);
    }
    return {};
  }
  if (depth == shape.size() || shape[depth] != static_cast<int64_t>(json.size())) return ragged();
  for (const Json& element : json) {
    TL_RETURN_IF_ERROR(flatten(element, depth + 1, shape, values, what));
  }
  return {};
}

Result<onnx::TensorValue> tensor_of_json(const Json& json, const std::string& dtype,
                                         const std::string& what) {
  std::vector<int64_t> shape;
  std::vector<double> values;
  // The first list at each depth says the shape.
  for (const Json* at = &json; at->is_array(); at = &at->front()) {
    shape.push_back(static_cast<int64_t>(at->size()));
    if (at->empty()) break;
  }
  TL_RETURN_IF_ERROR(flatten(json, 0, shape, values, what));
  return make_tensor(values, shape, dtype, what);
}

tl::unexpected<Error> missing_input(const std::string& name, const std::string& path) {
  return fail(ErrorCode::kBadData, "the input \"" + name + "\" is missing", path,
              "give one array per input of the model, by its name");
}

Result<std::vector<onnx::TensorValue>> read_json(FileSystem& files, const std::string& path,
                                                 std::span<const onnx::TensorInfo> infos) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, path, kMaxJsonBytes));
  TL_ASSIGN_OR_RETURN(const Json document, parse_json(text, path));
  if (!document.is_object()) {
    return fail(ErrorCode::kBadData, "expected an object {\"input_name\":[[…]]}", path);
  }
  std::vector<onnx::TensorValue> tensors;
  for (const onnx::TensorInfo& info : infos) {
    const auto it = document.find(info.name);
    if (it == document.end()) return missing_input(info.name, path);
    TL_ASSIGN_OR_RETURN(onnx::TensorValue tensor,
                        tensor_of_json(*it, info.dtype, path + " \"" + info.name + "\""));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<std::vector<onnx::TensorValue>> read_arrays(FileSystem& files, const std::string& path,
                                                   std::span<const onnx::TensorInfo> infos) {
  TL_ASSIGN_OR_RETURN(const NpzArrays arrays, read_npz(files, path));
  std::vector<onnx::TensorValue> tensors;
  for (const onnx::TensorInfo& info : infos) {
    auto it = arrays.find(info.name);
    if (it == arrays.end() && infos.size() == 1 && arrays.size() == 1) it = arrays.begin();
    if (it == arrays.end()) return missing_input(info.name, path);
    TL_ASSIGN_OR_RETURN(onnx::TensorValue tensor,
                        to_tensor(it->second, info.dtype, path + " \"" + it->first + "\""));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<NpyArray> to_array(const onnx::TensorValue& tensor, const std::string& name) {
  const auto it = descriptors().find(tensor.dtype);
  if (it == descriptors().end()) {
    return fail(ErrorCode::kBadData, "the type " + tensor.dtype + " has no form in a file", name);
  }
  return NpyArray{it->second, tensor.shape, tensor.data};
}

/// The elements from `at` on, nested as `shape` from `depth` on says.
OrderedJson nested(const std::vector<double>& values, const std::vector<int64_t>& shape,
                   size_t depth, size_t& at, bool whole) {
  if (depth == shape.size()) {
    const double value = values[at++];
    if (whole) return static_cast<int64_t>(value);
    return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
  }
  OrderedJson list = OrderedJson::array();
  for (int64_t i = 0; i < shape[depth]; ++i) {
    list.push_back(nested(values, shape, depth + 1, at, whole));
  }
  return list;
}

}  // namespace

Result<onnx::TensorValue> to_tensor(const NpyArray& array, const std::string& dtype,
                                    const std::string& what) {
  const auto it = descriptors().find(dtype);
  if (it != descriptors().end() && it->second == array.descr) {
    return onnx::TensorValue{dtype, array.shape, array.data};
  }
  return make_tensor(array.to_doubles(), array.shape, dtype, what);
}

Result<std::vector<onnx::TensorValue>> read_tensors(FileSystem& files, const std::string& path,
                                                    std::span<const onnx::TensorInfo> infos) {
  if (path.ends_with(".json")) return read_json(files, path, infos);
  return read_arrays(files, path, infos);
}

Status write_tensors(FileSystem& files, const std::string& path,
                     std::span<const onnx::TensorInfo> infos,
                     std::span<const onnx::TensorValue> tensors) {
  if (path.ends_with(".json")) {
    TL_ASSIGN_OR_RETURN(const std::string text, tensors_json(infos, tensors));
    return write_file_atomically(files, path, text + "\n");
  }
  NpzArrays arrays;
  for (size_t i = 0; i < tensors.size(); ++i) {
    TL_ASSIGN_OR_RETURN(arrays[infos[i].name], to_array(tensors[i], infos[i].name));
  }
  return write_npz(files, path, arrays);
}

Result<std::string> tensors_json(std::span<const onnx::TensorInfo> infos,
                                 std::span<const onnx::TensorValue> tensors) {
  OrderedJson document = OrderedJson::object();
  for (size_t i = 0; i < tensors.size(); ++i) {
    TL_ASSIGN_OR_RETURN(const NpyArray array, to_array(tensors[i], infos[i].name));
    // Whole numbers are exact up to 2^53, as everywhere in JSON.
    const bool whole = !array.descr.starts_with("<f");
    size_t at = 0;
    document[infos[i].name] = nested(array.to_doubles(), array.shape, 0, at, whole);
  }
  return dump_json(document);
}

}  // namespace thunderline::cli
