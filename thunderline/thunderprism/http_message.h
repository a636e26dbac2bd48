#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace thunderline::thunderprism {

/// A request as handlers see it: parsed, bounded, decoded.
struct HttpRequest {
  std::string method;                          ///< Upper case, e.g. "GET".
  std::string path;                            ///< Percent-decoded, begins with "/".
  std::map<std::string, std::string> query;    ///< Decoded; the last of a name counts.
  std::map<std::string, std::string> headers;  ///< Names in lower case; equal names joined by ", ".
  std::string body;
  std::string peer;  ///< The address that connected, without the port.

  /// The header's value, or nothing. `name` in lower case.
  std::string_view header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string_view() : std::string_view(it->second);
  }
};

/// What a viewer of the push stream asked for.
struct StreamStart {
  std::set<std::string> topics;
  uint64_t cursor = 0;  ///< Frames after this one.
  bool reset = false;   ///< The id that the viewer has seen is not known (any more).
};

/// A response. The body is shared, so that many viewers of one thing cost one copy.
struct HttpResponse {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
  std::optional<StreamStart> stream;  ///< Set: the body is the push stream, without an end.

  static HttpResponse text(std::string content, std::string type, int status = 200);
  static HttpResponse json(std::string content, int status = 200);
};

/// Splits a request target into path and query and decodes both. False for a target that is no
/// origin-form path, has a bad escape, a NUL or a ".." segment.
bool decode_target(std::string_view target, HttpRequest& request);

/// `a=1&b=x%20y` as a map. False for a bad escape.
bool decode_form(std::string_view text, std::map<std::string, std::string>& fields);

/// The standard phrase of a status.
const char* status_phrase(int status);

}  // namespace thunderline::thunderprism
