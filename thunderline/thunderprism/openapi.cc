#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/router.h"

namespace thunderline::thunderprism {
namespace {

OrderedJson problem_schema() {
  OrderedJson properties;
  for (const char* name : {"type", "title", "detail", "code", "where", "hint"}) {
    properties[name] = {{"type", "string"}};
  }
  properties["status"] = {{"type", "integer"}};
  return {{"type", "object"}, {"description", "RFC 9457, with code, where and hint."},
          {"properties", properties}};
}

OrderedJson parameters_of(const Route& route) {
  OrderedJson list = OrderedJson::array();
  for (const RouteParameter& parameter : route.parameters) {
    list.push_back({{"name", parameter.name},
                    {"in", parameter.in_path ? "path" : "query"},
                    {"required", parameter.in_path},
                    {"description", parameter.description},
                    {"schema", {{"type", parameter.type}}}});
  }
  return list;
}

OrderedJson operation(const Route& route) {
  OrderedJson json;
  json["tags"] = {route.tag};
  json["summary"] = route.summary;
  json["description"] = route.description;
  if (!route.parameters.empty()) json["parameters"] = parameters_of(route);
  if (!route.consumes.empty()) {
    json["requestBody"]["content"][route.consumes]["schema"] = {{"type", "object"}};
  }
  json["responses"][std::to_string(route.status)] = {{"description", route.summary},
                              {"content", {{route.produces, OrderedJson::object()}}}};
  json["responses"]["default"] = {
      {"description", "What went wrong."},
      {"content",
       {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
  if (route.scope != Scope::kNone) {
    json["security"] = {{{"token", OrderedJson::array()}}, {{"session", OrderedJson::array()}}};
    json["x-scope"] = scope_name(route.scope);
  }
  return json;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes, const std::string& version) {
  OrderedJson json;
  json["openapi"] = "3.1.0";
  json["info"] = {{"title", "Thunderline"},
                  {"version", version},
                  {"description", "What a run of Thunderline shows and lets you do."}};
  json["paths"] = OrderedJson::object();
  for (const Route& route : routes) {
    if (!route.tag.empty()) json["paths"][route.path][lower(route.method)] = operation(route);
  }
  json["components"]["schemas"]["Problem"] = problem_schema();
  json["components"]["securitySchemes"] = {
      {"token", {{"type", "http"}, {"scheme", "bearer"}}},
      {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "thunderline_session"}}}};
  return dump_json(json, 1) + "\n";
}

}  // namespace thunderline::thunderprism
