#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) {
      c = ' ';
    } else if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    out += c;
  }
  return true;
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

HttpResponse HttpResponse::text(std::string content, std::string type, int status) {
  HttpResponse response;
  response.status = status;
  response.headers["Content-Type"] = std::move(type);
  response.body = std::make_shared<const std::string>(std::move(content));
  return response;
}

HttpResponse HttpResponse::json(std::string content, int status) {
  return text(std::move(content), "application/json", status);
}

bool decode_form(std::string_view text, std::map<std::string, std::string>& fields) {
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    std::string name, value;
    if (!percent_decode(pair.substr(0, equals), true, name)) return false;
    if (equals != std::string_view::npos &&
        !percent_decode(pair.substr(equals + 1), true, value)) {
      return false;
    }
    fields[name] = value;
  }
  return true;
}

bool decode_target(std::string_view target, HttpRequest& request) {
  if (target.empty() || target.front() != '/') return false;
  const size_t question = target.find('?');
  if (!percent_decode(target.substr(0, question), false, request.path)) return false;
  if (climbs(request.path)) return false;
  if (question == std::string_view::npos) return true;
  return decode_form(target.substr(question + 1), request.query);
}

const char* status_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

}  // namespace thunderline::thunderprism
