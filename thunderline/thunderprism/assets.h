#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {

/// A file of the web app, as the build put it into the program.
struct Asset {
  std::string_view path;  ///< "/assets/index-3f2a.js"
  std::string_view type;  ///< Media type.
  std::string_view plain;
  std::string_view gzip;    ///< Empty: not smaller.
  std::string_view brotli;  ///< Empty: not smaller.
};

/// All of them, ordered by path. Lifetime: the program's.
std::span<const Asset> embedded_assets();

/// The asset in the best coding that the request takes; nothing when there is none at `path`. Files
/// below /assets/ have their content's hash in their name and may be kept for ever.
std::optional<HttpResponse> serve_asset(const HttpRequest& request, std::string_view path);

}  // namespace thunderline::thunderprism
