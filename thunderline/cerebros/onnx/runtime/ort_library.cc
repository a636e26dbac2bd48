#include "thunderline/cerebros/onnx/runtime/ort_library.h"

#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <filesystem>

namespace thunderline::cerebros::onnx {
namespace {

constexpr const char* kHint =
    "run scripts/setup, or set THUNDERLINE_ONNXRUNTIME to the path of libonnxruntime.so";

std::string folder_of_executable() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.parent_path().string();
}

Result<OrtLibrary> use(void* handle, const std::string& path) {
  using GetBase = const OrtApiBase*(ORT_API_CALL*)();
  const auto get_base = reinterpret_cast<GetBase>(::dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) {
    return fail(ErrorCode::kUnavailable, "the library is not ONNX Runtime", path, kHint);
  }
  OrtLibrary library;
  library.path = path;
  library.version = get_base()->GetVersionString();
  library.api = get_base()->GetApi(kOrtApiVersion);
  if (library.api == nullptr) {
    return fail(ErrorCode::kUnavailable,
                "ONNX Runtime " + library.version + " is too old: 1.21 or newer is needed", path,
                kHint);
  }
  // Failures arrive as values; the runtime's own log would only repeat them on stderr.
  TL_RETURN_IF_ERROR(ort_status(
      library, library.api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "thunderline", &library.env),
      "ONNX Runtime does not start", path));
  TL_RETURN_IF_ERROR(ort_status(library, library.api->DisableTelemetryEvents(library.env),
                                "ONNX Runtime does not start", path));
  return library;
}

}  // namespace

std::vector<std::string> ort_library_candidates() {
  if (const char* chosen = std::getenv("THUNDERLINE_ONNXRUNTIME"); chosen && *chosen != '\0') {
    return {chosen};
  }
  std::vector<std::string> candidates;
  if (const std::string folder = folder_of_executable(); !folder.empty()) {
    candidates.push_back(folder + "/libonnxruntime.so.1");
  }
  candidates.emplace_back(THUNDERLINE_ONNXRUNTIME_LIBRARY);
  candidates.emplace_back("libonnxruntime.so.1");
  return candidates;
}

Result<OrtLibrary> open_ort_library(const std::vector<std::string>& candidates) {
  std::string reasons;
  for (const std::string& path : candidates) {
    if (void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return use(handle, path);
    const char* reason = ::dlerror();
    if (!reasons.empty()) reasons += "; ";
    reasons += reason == nullptr ? path : reason;
  }
  return fail(ErrorCode::kUnavailable, "ONNX Runtime cannot be opened: " + reasons, "", kHint);
}

Result<const OrtLibrary*> ort_library() {
  // Never destroyed: ONNX Runtime wants one environment for the life of the process.
  static const auto* const library =
      new Result<OrtLibrary>(open_ort_library(ort_library_candidates()));
  if (!*library) return tl::unexpected<Error>(library->error());
  return &**library;
}

Status ort_status(const OrtLibrary& library, OrtStatus* status, const std::string& what,
                  const std::string& where) {
  if (status == nullptr) return {};
  const bool argument = library.api->GetErrorCode(status) == ORT_INVALID_ARGUMENT;
  const std::string words = library.api->GetErrorMessage(status);
  library.api->ReleaseStatus(status);
  return fail(argument ? ErrorCode::kInvalidArgument : ErrorCode::kBadData, what + ": " + words,
              where);
}

}  // namespace thunderline::cerebros::onnx
