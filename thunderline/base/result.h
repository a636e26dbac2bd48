#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace thunderline {

/// What kind of failure an `Error` is. Few on purpose: each maps to one exit code and one HTTP
/// status, so that every surface of the program answers alike.
enum class ErrorCode {
  kInternal,         ///< A fault of ours. Exit 1, HTTP 500.
  kInvalidArgument,  ///< The caller's words are off (flag, field, value). Exit 2, HTTP 400.
  kBadData,          ///< A file, model, archive or message is corrupt or not what it claims. 3, 422.
  kNotFound,         ///< The named thing does not exist. Exit 4, HTTP 404.
  kRefused,          ///< Policy, gate, conflict, already exists. Exit 5, HTTP 409.
  kUnavailable,      ///< Storage, network, queue full, shutting down. Exit 6, HTTP 503.
  kResourceLimit,    ///< Too large, or out of time. Exit 7, HTTP 413.
  kInterrupted,      ///< The user stopped it. Exit 130, HTTP 503.
};

/// A failure as a value. `message` says what happened, `where` names the place (path, field, value),
/// `hint` says what to do. `where` and `hint` may be empty.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string where;
  std::string hint;

  bool operator==(const Error&) const = default;
};

/// A `T`, or the `Error` that kept it from being made.
template <typename T>
using Result = tl::expected<T, Error>;

/// Success, or an `Error`.
using Status = Result<void>;

/// Shorthand to return a failure: `return fail(ErrorCode::kNotFound, "no such model", path);`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = "",
                                  std::string hint = "") {
  return tl::unexpected<Error>(
      Error{code, std::move(message), std::move(where), std::move(hint)});
}

/// The process exit code of the command line for `code`.
int exit_code(ErrorCode code);

/// The HTTP status for `code`.
int http_status(ErrorCode code);

/// The stable, machine-readable name of `code`, e.g. "bad_data".
const char* code_name(ErrorCode code);

/// One line for people: `WHAT (WHERE); WHAT TO DO`, without the parts that are empty.
std::string to_string(const Error& error);

/// Ends the process with a message. Only for broken invariants; never for user input.
[[noreturn]] void broken_invariant(const char* condition, const char* file, int line);

}  // namespace thunderline

#define TL_CONCAT_INNER(a, b) a##b
#define TL_CONCAT(a, b) TL_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` (a Status or Result) holds an error.
#define TL_RETURN_IF_ERROR(expr)                                          \
  do {                                                                    \
    if (auto tl_status = (expr); !tl_status) {                            \
      return tl::unexpected<::thunderline::Error>(std::move(tl_status).error()); \
    }                                                                     \
  } while (false)

#define TL_ASSIGN_OR_RETURN_IMPL(result, declaration, expr)            \
  auto result = (expr);                                                \
  if (!result) return tl::unexpected<::thunderline::Error>(std::move(result).error()); \
  declaration = std::move(*result)

/// `TL_ASSIGN_OR_RETURN(auto file, open(path));`: assigns the value, or returns the error.
#define TL_ASSIGN_OR_RETURN(declaration, expr) \
  TL_ASSIGN_OR_RETURN_IMPL(TL_CONCAT(tl_result_, __LINE__), declaration, expr)

/// Aborts with a message when an invariant of ours is broken.
#define TL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) \
               : ::thunderline::broken_invariant(#condition, __FILE__, __LINE__))
