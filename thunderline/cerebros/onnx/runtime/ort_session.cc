#include "thunderline/cerebros/onnx/runtime/ort_session.h"

#include <onnxruntime_c_api.h>

#include <array>
#include <string>

#include "thunderline/cerebros/onnx/runtime/ort_library.h"

namespace thunderline::cerebros::onnx {
namespace {

/// Owns one of the runtime's objects.
template <typename T>
class Handle {
 public:
  using Free = void(ORT_API_CALL*)(T*);

  explicit Handle(Free free) : free_(free) {}
  ~Handle() {
    if (value_ != nullptr) free_(value_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  T* get() const { return value_; }
  T** out() { return &value_; }

 private:
  T* value_ = nullptr;
  Free free_;
};

GraphOptimizationLevel optimization(const OrtSession::Options& options) {
  if (!options.optimize) return ORT_DISABLE_ALL;
  switch (options.level) {
    case OrtSession::Options::Level::kBasic: return ORT_ENABLE_BASIC;
    case OrtSession::Options::Level::kExtended: return ORT_ENABLE_EXTENDED;
    case OrtSession::Options::Level::kAll: return ORT_ENABLE_ALL;
  }
  return ORT_ENABLE_ALL;
}

Status configure(const OrtLibrary& library, OrtSessionOptions* session,
                 const OrtSession::Options& options, const std::string& where) {
  const OrtApi& api = *library.api;
  const auto check = [&](OrtStatus* status) {
    return ort_status(library, status, "ONNX Runtime refuses the options", where);
  };
  TL_RETURN_IF_ERROR(check(api.SetIntraOpNumThreads(session, options.intra_op_threads)));
  TL_RETURN_IF_ERROR(check(api.SetInterOpNumThreads(session, 1)));
  TL_RETURN_IF_ERROR(
      check(api.SetSessionGraphOptimizationLevel(session, optimization(options))));
  TL_RETURN_IF_ERROR(
      check(api.AddSessionConfigEntry(session, "session.intra_op.allow_spinning", "0")));
  // A memory plan is kept per input shape, for ever: with free batch sizes that only grows.
  TL_RETURN_IF_ERROR(check(api.DisableMemPattern(session)));
  if (options.cpu_arena) return {};
  return check(api.DisableCpuMemArena(session));
}

bool is_float_matrix(const TensorInfo& info) {
  return info.dtype == "float32" && info.shape.size() == 2;
}

tl::unexpected<Error> wrong_floats(const char* side, const TensorInfo& info, int64_t rows,
                                   size_t got) {
  return fail(ErrorCode::kInvalidArgument,
              "wrong size: expected " + std::to_string(rows) + " rows of " +
                  shape_text(info.shape, info.dim_names) + ", got " + std::to_string(got) +
                  " floats",
              std::string(side) + " \"" + info.name + "\"");
}

/// The shape of `rows` rows that fill `size` floats where `info` is declared.
Result<std::array<int64_t, 2>> row_shape(const char* side, const TensorInfo& info, int64_t rows,
                                         size_t size) {
  const int64_t width = static_cast<int64_t>(size / static_cast<uint64_t>(rows));
  const bool fits = size % static_cast<uint64_t>(rows) == 0 &&
                    (info.shape[0] < 0 || info.shape[0] == rows) &&
                    (info.shape[1] < 0 || info.shape[1] == width);
  if (!fits) return wrong_floats(side, info, rows, size);
  return std::array<int64_t, 2>{rows, width};
}

}  // namespace

struct OrtSession::Impl {
  Impl(const OrtLibrary& lib, std::string place)
      : library(lib),
        where(std::move(place)),
        session(lib.api->ReleaseSession),
        memory(lib.api->ReleaseMemoryInfo) {}

  Status load(std::span<const std::byte> model, const Options& options);
  Result<std::vector<TensorInfo>> tensors(bool inputs_wanted) const;
  Result<TensorInfo> tensor(bool input, size_t index) const;
  Status read_tensor_type(const OrtTypeInfo* type, TensorInfo& tensor) const;
  Result<OrtValue*> borrow(const TensorInfo& tensor, std::span<const int64_t> shape, void* data,
                           size_t size_bytes) const;
  Result<TensorValue> copy_out(const TensorInfo& tensor, OrtValue* value) const;

  Status check(OrtStatus* status, const char* what) const {
    if (status == nullptr) return {};  // The hot path makes no strings.
    return ort_status(library, status, what, where);
  }

  const OrtLibrary& library;
  std::string where;
  Handle<::OrtSession> session;
  Handle<OrtMemoryInfo> memory;
  OnnxModelInfo info;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<const char*> input_names;
  std::vector<const char*> output_names;
  bool float_rows = false;
};

Status OrtSession::Impl::load(std::span<const std::byte> model, const Options& options) {
  const OrtApi& api = *library.api;
  Handle<OrtSessionOptions> session_options(api.ReleaseSessionOptions);
  TL_RETURN_IF_ERROR(check(api.CreateSessionOptions(session_options.out()), "out of memory"));
  TL_RETURN_IF_ERROR(configure(library, session_options.get(), options, where));
  if (OrtStatus* status = api.CreateSessionFromArray(library.env, model.data(), model.size(),
                                                     session_options.get(), session.out())) {
    // Whatever the runtime calls it, it is the file that is at fault.
    Error error = check(status, "ONNX Runtime refuses the model").error();
    error.code = ErrorCode::kBadData;
    return tl::unexpected<Error>(std::move(error));
  }
  TL_RETURN_IF_ERROR(check(
      api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, memory.out()), "no CPU"));
  TL_ASSIGN_OR_RETURN(inputs, tensors(true));
  TL_ASSIGN_OR_RETURN(outputs, tensors(false));
  for (const TensorInfo& input : inputs) input_names.push_back(input.name.c_str());
  for (const TensorInfo& output : outputs) output_names.push_back(output.name.c_str());
  float_rows = inputs.size() == 1 && outputs.size() == 1 && is_float_matrix(inputs[0]) &&
               is_float_matrix(outputs[0]);
  return {};
}

Result<std::vector<TensorInfo>> OrtSession::Impl::tensors(bool inputs_wanted) const {
  const OrtApi& api = *library.api;
  size_t count = 0;
  TL_RETURN_IF_ERROR(check(inputs_wanted ? api.SessionGetInputCount(session.get(), &count)
                                         : api.SessionGetOutputCount(session.get(), &count),
                           "cannot read the model's inputs and outputs"));
  std::vector<TensorInfo> all;
  for (size_t i = 0; i < count; ++i) {
    TL_ASSIGN_OR_RETURN(TensorInfo one, tensor(inputs_wanted, i));
    all.push_back(std::move(one));
  }
  return all;
}

Result<TensorInfo> OrtSession::Impl::tensor(bool input, size_t index) const {
  const OrtApi& api = *library.api;
  constexpr const char* kWhat = "cannot read the model's inputs and outputs";
  OrtAllocator* allocator = nullptr;
  TL_RETURN_IF_ERROR(check(api.GetAllocatorWithDefaultOptions(&allocator), kWhat));
  char* name = nullptr;
  TL_RETURN_IF_ERROR(check(input ? api.SessionGetInputName(session.get(), index, allocator, &name)
                                 : api.SessionGetOutputName(session.get(), index, allocator, &name),
                           kWhat));
  TensorInfo tensor;
  tensor.name = name;
  allocator->Free(allocator, name);
  Handle<OrtTypeInfo> type(api.ReleaseTypeInfo);
  TL_RETURN_IF_ERROR(check(input ? api.SessionGetInputTypeInfo(session.get(), index, type.out())
                                 : api.SessionGetOutputTypeInfo(session.get(), index, type.out()),
                           kWhat));
  TL_RETURN_IF_ERROR(read_tensor_type(type.get(), tensor));
  return tensor;
}

Status OrtSession::Impl::read_tensor_type(const OrtTypeInfo* type, TensorInfo& tensor) const {
  const OrtApi& api = *library.api;
  constexpr const char* kWhat = "cannot read a tensor's type";
  const OrtTensorTypeAndShapeInfo* facts = nullptr;  // Belongs to `type`.
  TL_RETURN_IF_ERROR(check(api.CastTypeInfoToTensorInfo(type, &facts), kWhat));
  if (facts == nullptr) {
    return fail(ErrorCode::kBadData,
                "\"" + tensor.name + "\" is no tensor; only tensors are supported", where);
  }
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  TL_RETURN_IF_ERROR(check(api.GetTensorElementType(facts, &element), kWhat));
  tensor.dtype = dtype_name(element);
  size_t rank = 0;
  TL_RETURN_IF_ERROR(check(api.GetDimensionsCount(facts, &rank), kWhat));
  tensor.shape.resize(rank);
  std::vector<const char*> names(rank, "");
  TL_RETURN_IF_ERROR(check(api.GetDimensions(facts, tensor.shape.data(), rank), kWhat));
  TL_RETURN_IF_ERROR(check(api.GetSymbolicDimensions(facts, names.data(), rank), kWhat));
  tensor.dim_names.assign(names.begin(), names.end());
  return {};
}

/// A value over the caller's memory. The runtime wants mutable pointers but only reads inputs.
Result<OrtValue*> OrtSession::Impl::borrow(const TensorInfo& tensor,
                                           std::span<const int64_t> shape, void* data,
                                           size_t size_bytes) const {
  static std::byte nothing[1];  // An empty tensor needs an address too.
  OrtValue* value = nullptr;
  TL_RETURN_IF_ERROR(check(
      library.api->CreateTensorWithDataAsOrtValue(
          memory.get(), size_bytes == 0 ? nothing : data, size_bytes, shape.data(), shape.size(),
          static_cast<ONNXTensorElementDataType>(dtype_onnx_type(tensor.dtype)), &value),
      "ONNX Runtime refuses a tensor"));
  return value;
}

Result<TensorValue> OrtSession::Impl::copy_out(const TensorInfo& tensor, OrtValue* value) const {
  const OrtApi& api = *library.api;
  constexpr const char* kWhat = "cannot read an output";
  Handle<OrtTensorTypeAndShapeInfo> facts(api.ReleaseTensorTypeAndShapeInfo);
  TL_RETURN_IF_ERROR(check(api.GetTensorTypeAndShape(value, facts.out()), kWhat));
  size_t rank = 0;
  TL_RETURN_IF_ERROR(check(api.GetDimensionsCount(facts.get(), &rank), kWhat));
  TensorValue out;
  out.dtype = tensor.dtype;
  out.shape.resize(rank);
  TL_RETURN_IF_ERROR(check(api.GetDimensions(facts.get(), out.shape.data(), rank), kWhat));
  TL_ASSIGN_OR_RETURN(const int64_t count, element_count(out.shape));
  const size_t size = dtype_size(out.dtype);
  if (size == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "outputs of type " + out.dtype + " are not supported", where);
  }
  void* data = nullptr;
  TL_RETURN_IF_ERROR(check(api.GetTensorMutableData(value, &data), kWhat));
  const auto* const first = static_cast<const std::byte*>(data);
  if (count > 0) out.data.assign(first, first + static_cast<size_t>(count) * size);
  return out;
}

OrtSession::OrtSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OrtSession::~OrtSession() = default;

Result<std::unique_ptr<OrtSession>> OrtSession::create(std::span<const std::byte> model,
                                                       const Options& options,
                                                       const std::string& where) {
  if (model.size() > options.max_model_bytes) {
    return fail(ErrorCode::kResourceLimit,
                "the model has " + std::to_string(model.size()) +
                    " bytes, more than the limit of " + std::to_string(options.max_model_bytes),
                where);
  }
  if (options.intra_op_threads < 0 || options.intra_op_threads > 1024) {
    return fail(ErrorCode::kInvalidArgument,
                "intra_op_threads must be in 0..1024, got " +
                    std::to_string(options.intra_op_threads),
                where);
  }
  TL_ASSIGN_OR_RETURN(OnnxModelInfo info, inspect_onnx(model, where));
  TL_RETURN_IF_ERROR(check_self_contained(info, where));
  TL_ASSIGN_OR_RETURN(const OrtLibrary* library, ort_library());
  auto impl = std::make_unique<Impl>(*library, where);
  impl->info = std::move(info);
  TL_RETURN_IF_ERROR(impl->load(model, options));
  return std::unique_ptr<OrtSession>(new OrtSession(std::move(impl)));
}

const std::vector<TensorInfo>& OrtSession::inputs() const { return impl_->inputs; }
const std::vector<TensorInfo>& OrtSession::outputs() const { return impl_->outputs; }
const OnnxModelInfo& OrtSession::info() const { return impl_->info; }
bool OrtSession::has_float_rows() const { return impl_->float_rows; }

int64_t OrtSession::input_width() const {
  return impl_->float_rows ? impl_->inputs[0].shape[1] : -1;
}

int64_t OrtSession::output_width() const {
  return impl_->float_rows ? impl_->outputs[0].shape[1] : -1;
}

Result<std::vector<TensorValue>> OrtSession::run(std::span<const TensorValue> inputs) const {
  const Impl& impl = *impl_;
  const OrtApi& api = *impl.library.api;
  if (inputs.size() != impl.inputs.size()) {
    return fail(ErrorCode::kInvalidArgument,
                "wrong number of inputs: expected " + std::to_string(impl.inputs.size()) +
                    ", got " + std::to_string(inputs.size()),
                impl.where);
  }
  std::vector<std::unique_ptr<OrtValue, decltype(api.ReleaseValue)>> owned;
  std::vector<const OrtValue*> given;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorValue& input = inputs[i];
    TL_RETURN_IF_ERROR(check_tensor(impl.inputs[i], input.dtype, input.shape, input.data.size()));
    TL_ASSIGN_OR_RETURN(OrtValue* const value,
                        impl.borrow(impl.inputs[i], input.shape,
                                    const_cast<std::byte*>(input.data.data()), input.data.size()));
    owned.emplace_back(value, api.ReleaseValue);
    given.push_back(value);
  }
  std::vector<OrtValue*> made(impl.outputs.size(), nullptr);
  OrtStatus* const status =
      api.Run(impl.session.get(), nullptr, impl.input_names.data(), given.data(), given.size(),
              impl.output_names.data(), made.size(), made.data());
  for (OrtValue* value : made) {
    if (value != nullptr) owned.emplace_back(value, api.ReleaseValue);
  }
  TL_RETURN_IF_ERROR(impl.check(status, "the model fails on this input"));
  std::vector<TensorValue> outputs;
  for (size_t i = 0; i < made.size(); ++i) {
    TL_ASSIGN_OR_RETURN(TensorValue output, impl.copy_out(impl.outputs[i], made[i]));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Status OrtSession::run_floats(std::span<const float> input, int64_t rows,
                              std::span<float> output) const {
  const Impl& impl = *impl_;
  const OrtApi& api = *impl.library.api;
  if (!impl.float_rows) {
    return fail(ErrorCode::kInvalidArgument,
                "the model does not map one float32 matrix to one float32 matrix", impl.where,
                "run it with a tensor per input");
  }
  if (rows < 0) {
    return fail(ErrorCode::kInvalidArgument, "wrong number of rows: " + std::to_string(rows),
                impl.where);
  }
  if (rows == 0) {
    if (!input.empty()) return wrong_floats("input", impl.inputs[0], rows, input.size());
    if (!output.empty()) return wrong_floats("output", impl.outputs[0], rows, output.size());
    return {};
  }
  TL_ASSIGN_OR_RETURN(const auto input_shape,
                      row_shape("input", impl.inputs[0], rows, input.size()));
  TL_ASSIGN_OR_RETURN(const auto output_shape,
                      row_shape("output", impl.outputs[0], rows, output.size()));
  Handle<OrtValue> given(api.ReleaseValue);
  Handle<OrtValue> made(api.ReleaseValue);
  TL_ASSIGN_OR_RETURN(*given.out(),
                      impl.borrow(impl.inputs[0], input_shape, const_cast<float*>(input.data()),
                                  input.size_bytes()));
  TL_ASSIGN_OR_RETURN(*made.out(), impl.borrow(impl.outputs[0], output_shape, output.data(),
                                               output.size_bytes()));
  const OrtValue* const first = given.get();
  return impl.check(api.Run(impl.session.get(), nullptr, impl.input_names.data(), &first, 1,
                            impl.output_names.data(), 1, made.out()),
                    "the model fails on this input");
}

Result<std::string> onnxruntime_version() {
  TL_ASSIGN_OR_RETURN(const OrtLibrary* library, ort_library());
  return library->version;
}

Result<std::string> onnxruntime_path() {
  TL_ASSIGN_OR_RETURN(const OrtLibrary* library, ort_library());
  return library->path;
}

}  // namespace thunderline::cerebros::onnx
