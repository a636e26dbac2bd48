#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderprism/access.h"
#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {

/// A parameter of a route, in its path (`{name}`) or its query.
struct RouteParameter {
  std::string name;
  bool in_path = false;
  std::string type = "string";  ///< JSON Schema type.
  std::string description;
};

/// The `{name}` parts of a path, decoded.
using PathValues = std::map<std::string, std::string>;

/// Answers a request. An error becomes a problem (`problem.h`).
using RouteHandler = std::function<Result<HttpResponse>(const HttpRequest&, const PathValues&)>;

/// One line of the table that drives the server, the checks and the OpenAPI document.
struct Route {
  std::string method;       ///< "GET" answers HEAD too.
  std::string path;         ///< "/api/v1/bits/{id}"; "{rest...}" takes the rest of the path.
  Scope scope = Scope::kRead;
  std::string tag;          ///< Heading in the OpenAPI document; empty: not part of it.
  std::string summary;
  std::string description;  ///< What comes back, with units.
  std::vector<RouteParameter> parameters;
  std::string produces = "application/json";
  std::string consumes;     ///< Media type of the body; empty: takes none.
  RouteHandler handler;
  int status = 200;         ///< Of success.
};

/// Finds the route of a request and makes the checks that every route needs: Host and Origin (403),
/// path (404), method (405), credential (401, 403), too many wrong ones (429), media types (406,
/// 415), preconditions (304, 412). Errors are problem+json. Thread-safety: any thread, once made.
class Router {
 public:
  /// `access` must outlive the router.
  Router(std::vector<Route> routes, AccessControl& access);

  HttpResponse answer(const HttpRequest& request) const;

  const std::vector<Route>& routes() const { return routes_; }

  /// The path of the route that takes the request, for metrics; "other" when none does.
  std::string label(const HttpRequest& request) const;

 private:
  struct Found {
    const Route* route = nullptr;
    PathValues values;
    std::string allow;  ///< Methods that the path has.
  };

  Found find(const HttpRequest& request) const;
  HttpResponse checked(const HttpRequest& request) const;

  const std::vector<Route> routes_;
  AccessControl& access_;
};

/// The entity tag of a body: strong, by content.
std::string entity_tag(const std::string& body);

/// Whether a tag stands in the list of an If-Match or If-None-Match header.
bool tag_listed(std::string_view list, const std::string& tag);

/// The OpenAPI 3.1 document of the routes that have a tag.
std::string openapi_document(const std::vector<Route>& routes, const std::string& version);

}  // namespace thunderline::thunderprism
