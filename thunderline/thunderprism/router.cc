#include "thunderline/thunderprism/router.h"

#include <algorithm>
#include <cstdio>

#include "thunderline/base/crc32c.h"
#include "thunderline/thunderprism/problem.h"

namespace thunderline::thunderprism {
namespace {

constexpr std::string_view kRest = "{rest...}";

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);  // The slash.
  const size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, PathValues& values) {
  values.clear();
  while (!pattern.empty() && !path.empty()) {
    if (pattern.substr(1) == kRest) {
      values["rest"] = path.substr(1);
      return true;
    }
    const std::string_view wanted = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      values[std::string(wanted.substr(1, wanted.size() - 2))] = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool takes_method(const Route& route, const std::string& method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

/// Whether an Accept header lets `type` through. Parameters but q=0 are not looked at.
bool acceptable(std::string_view accept, const std::string& type) {
  if (accept.empty()) return true;
  const std::string family = type.substr(0, type.find('/')) + "/*";
  while (!accept.empty()) {
    const size_t end = accept.find(',');
    std::string_view one = accept.substr(0, end);
    accept.remove_prefix(end == std::string_view::npos ? accept.size() : end + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    const size_t semicolon = one.find(';');
    std::string_view name = one.substr(0, semicolon);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const bool never = semicolon != std::string_view::npos &&
                       one.substr(semicolon).find("q=0") != std::string_view::npos &&
                       one.substr(semicolon).find("q=0.") == std::string_view::npos;
    if (never) continue;
    if (name == "*/*" || name == family || name == type) return true;
  }
  return false;
}

Status check_content_type(const Route& route, const HttpRequest& request) {
  if (request.body.empty()) return {};
  std::string_view given = request.header("content-type");
  given = given.substr(0, given.find(';'));
  while (given.ends_with(' ')) given.remove_suffix(1);
  if (!route.consumes.empty() && given == route.consumes) return {};
  return fail(ErrorCode::kInvalidArgument, "the body's media type is not taken here",
              "Content-Type",
              route.consumes.empty() ? "send no body" : "send " + route.consumes);
}

HttpResponse needs_credential(Scope scope) {
  HttpResponse response = problem(401, {ErrorCode::kRefused, "this needs a token", "Authorization",
                                        std::string("send \"Authorization: Bearer TOKEN\" with "
                                                    "the scope ") +
                                            scope_name(scope) + ", or log in at /login"});
  response.headers["WWW-Authenticate"] = "Bearer realm=\"thunderline\"";
  return response;
}

HttpResponse too_many(const Error& error) {
  HttpResponse response = problem(429, error);
  response.headers["Retry-After"] = "60";
  return response;
}

}  // namespace

Router::Router(std::vector<Route> routes, AccessControl& access)
    : routes_(std::move(routes)), access_(access) {}

Router::Found Router::find(const HttpRequest& request) const {
  Found found;
  for (const Route& route : routes_) {
    PathValues values;
    if (!matches(route.path, request.path, values)) continue;
    if (takes_method(route, request.method)) {
      if (found.route == nullptr) found = {&route, std::move(values), ""};
      return found;
    }
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  return found;
}

std::string Router::label(const HttpRequest& request) const {
  const Found found = find(request);
  return found.route == nullptr ? "other" : found.route->path;
}

HttpResponse Router::checked(const HttpRequest& request) const {
  if (const Status origin = access_.check_origin(request); !origin) {
    return problem(403, origin.error());
  }
  const Found found = find(request);
  if (found.route == nullptr && found.allow.empty()) {
    return problem(404, {ErrorCode::kNotFound, "nothing is here", request.path,
                         "/api/openapi.json lists what there is"});
  }
  if (found.route == nullptr) {
    HttpResponse response =
        problem(405, {ErrorCode::kInvalidArgument, "the method is not one of this path's",
                      request.method + " " + request.path, "use " + found.allow});
    response.headers["Allow"] = found.allow;
    return response;
  }
  const Route& route = *found.route;
  if (route.scope != Scope::kNone) {
    const auto scope = access_.scope_of(request);
    if (!scope) return too_many(scope.error());
    if (*scope == Scope::kNone) return needs_credential(route.scope);
    if (*scope < route.scope) {
      return problem(403, {ErrorCode::kRefused, "the token's scope does not reach this",
                           std::string("scope ") + scope_name(*scope),
                           std::string("use a token with the scope ") + scope_name(route.scope)});
    }
  }
  if (!acceptable(request.header("accept"), route.produces)) {
    return problem(406, {ErrorCode::kInvalidArgument, "this is not to be had in that form",
                         "Accept", "accept " + route.produces});
  }
  if (const Status type = check_content_type(route, request); !type) {
    return problem(415, type.error());
  }
  auto response = route.handler(request, found.values);
  return response ? *std::move(response) : problem(response.error());
}

HttpResponse Router::answer(const HttpRequest& request) const {
  HttpResponse response = checked(request);
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (!read || response.status != 200 || response.stream) return response;
  if (!response.headers.contains("ETag")) response.headers["ETag"] = entity_tag(*response.body);
  if (!response.headers.contains("Cache-Control")) response.headers["Cache-Control"] = "no-cache";
  if (tag_listed(request.header("if-none-match"), response.headers["ETag"])) {
    response.status = 304;
    response.body = std::make_shared<const std::string>();
  }
  return response;
}

std::string entity_tag(const std::string& body) {
  char tag[40];
  std::snprintf(tag, sizeof tag, "\"%zx-%08x\"", body.size(),
                static_cast<unsigned>(crc32c(std::as_bytes(std::span(body)))));
  return tag;
}

bool tag_listed(std::string_view list, const std::string& tag) {
  return list == "*" || list.find(tag) != std::string_view::npos;
}

}  // namespace thunderline::thunderprism
