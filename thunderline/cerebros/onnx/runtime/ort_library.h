#pragma once

#include <string>
#include <vector>

#include "thunderline/base/result.h"

struct OrtApi;
struct OrtEnv;
struct OrtStatus;

namespace thunderline::cerebros::onnx {

/// ONNX Runtime's shared library, opened. Internal: users take `OrtSession`.
/// Lifetime: the library and its environment stay until the process ends.
struct OrtLibrary {
  std::string path;
  std::string version;
  const OrtApi* api = nullptr;
  OrtEnv* env = nullptr;
};

/// The version of the C API that is asked for: ONNX Runtime 1.21 and newer have it.
inline constexpr int kOrtApiVersion = 21;

/// Where the library may lie, in order of preference: $THUNDERLINE_ONNXRUNTIME alone when it is set;
/// else beside the executable, where the build found it, and the system's own search.
std::vector<std::string> ort_library_candidates();

/// Opens the first of `candidates` that opens. Errors: kUnavailable that says why each one did not,
/// or that the library is too old, with a hint.
Result<OrtLibrary> open_ort_library(const std::vector<std::string>& candidates);

/// The process's library with its one environment, opened on first use. Thread-safety: any thread.
Result<const OrtLibrary*> ort_library();

/// Turns a status that the runtime gave (and frees it) into ours. `what` begins the message.
/// Errors: kInvalidArgument where the runtime blames the arguments, else kBadData.
Status ort_status(const OrtLibrary& library, OrtStatus* status, const std::string& what,
                  const std::string& where);

}  // namespace thunderline::cerebros::onnx
