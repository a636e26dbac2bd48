#include "thunderline/thunderprism/assets.h"

#include <algorithm>

namespace thunderline::thunderprism {
namespace {

/// Whether the Accept-Encoding header names the coding, and not with q=0.
bool takes(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    const size_t end = header.find(',');
    std::string_view one = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    const size_t semicolon = one.find(';');
    if (one.substr(0, semicolon) != coding) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view quality = one.substr(semicolon);
    return quality.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

}  // namespace

std::optional<HttpResponse> serve_asset(const HttpRequest& request, std::string_view path) {
  const auto assets = embedded_assets();
  const auto it = std::lower_bound(assets.begin(), assets.end(), path,
                                   [](const Asset& a, std::string_view p) { return a.path < p; });
  if (it == assets.end() || it->path != path) return std::nullopt;
  const std::string_view coding = request.header("accept-encoding");
  std::string_view content = it->plain;
  HttpResponse response;
  if (!it->brotli.empty() && takes(coding, "br")) {
    content = it->brotli;
    response.headers["Content-Encoding"] = "br";
  } else if (!it->gzip.empty() && takes(coding, "gzip")) {
    content = it->gzip;
    response.headers["Content-Encoding"] = "gzip";
  }
  response.headers["Content-Type"] = it->type;
  response.headers["Vary"] = "Accept-Encoding";
  response.headers["Cache-Control"] =
      path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  response.body = std::make_shared<const std::string>(content);
  return response;
}

}  // namespace thunderline::thunderprism
