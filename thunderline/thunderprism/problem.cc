#include "thunderline/thunderprism/problem.h"

#include "thunderline/base/json_util.h"

namespace thunderline::thunderprism {

HttpResponse problem(int status, const Error& error) {
  OrderedJson json;
  json["type"] = "about:blank";
  json["title"] = status_phrase(status);
  json["status"] = status;
  json["detail"] = error.message;
  json["code"] = code_name(error.code);
  json["where"] = error.where;
  json["hint"] = error.hint;
  HttpResponse response =
      HttpResponse::text(dump_json(json) + "\n", "application/problem+json", status);
  response.headers["Cache-Control"] = "no-store";
  return response;
}

HttpResponse problem(const Error& error) { return problem(http_status(error.code), error); }

}  // namespace thunderline::thunderprism
