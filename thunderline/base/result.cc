#include "thunderline/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace thunderline {
namespace {

struct CodeFacts {
  const char* name;
  int exit_code;
  int http_status;
};

CodeFacts facts(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal: return {"internal", 1, 500};
    case ErrorCode::kInvalidArgument: return {"invalid_argument", 2, 400};
    case ErrorCode::kBadData: return {"bad_data", 3, 422};
    case ErrorCode::kNotFound: return {"not_found", 4, 404};
    case ErrorCode::kRefused: return {"refused", 5, 409};
    case ErrorCode::kUnavailable: return {"unavailable", 6, 503};
    case ErrorCode::kResourceLimit: return {"resource_limit", 7, 413};
    case ErrorCode::kInterrupted: return {"interrupted", 130, 503};
  }
  return {"internal", 1, 500};
}

}  // namespace

int exit_code(ErrorCode code) { return facts(code).exit_code; }
int http_status(ErrorCode code) { return facts(code).http_status; }
const char* code_name(ErrorCode code) { return facts(code).name; }

std::string to_string(const Error& error) {
  std::string text = error.message;
  if (!error.where.empty()) text += " (" + error.where + ")";
  if (!error.hint.empty()) text += "; " + error.hint;
  return text;
}

void broken_invariant(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "thunderline: broken invariant `%s` at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace thunderline
