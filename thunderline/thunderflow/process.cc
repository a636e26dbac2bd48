#include "thunderline/thunderflow/process.h"

#include <exception>

namespace thunderline::thunderflow {

const char* kind_name(ExitReason::Kind kind) {
  switch (kind) {
    case ExitReason::Kind::kNormal:
      return "normal";
    case ExitReason::Kind::kFailed:
      return "failed";
    case ExitReason::Kind::kKilled:
      return "killed";
    case ExitReason::Kind::kShutdown:
      return "shutdown";
  }
  return "unknown";
}

Error escaped_exception() {
  constexpr char kHint[] = "the component that calls the library must turn it into an error";
  try {
    throw;
  } catch (const std::exception& exception) {
    return {ErrorCode::kInternal, "an exception escaped", exception.what(), kHint};
  } catch (...) {
    return {ErrorCode::kInternal, "an exception of unknown type escaped", "", kHint};
  }
}

}  // namespace thunderline::thunderflow
