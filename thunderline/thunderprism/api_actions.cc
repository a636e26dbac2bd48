// Routes that change something: the run's pause, and which model decides.
#include <charconv>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderprism/api_parts.h"
#include "thunderline/thunderprism/problem.h"

namespace thunderline::thunderprism {
namespace {

constexpr size_t kMaxReason = 500;

std::string control_json(bool paused) {
  return std::string("{\"paused\":") + (paused ? "true" : "false") + "}\n";
}

Result<HttpResponse> set_paused(RunFeed& feed, const HttpRequest& request, bool paused) {
  const std::string_view wanted = request.header("if-match");
  if (!wanted.empty() && !tag_listed(wanted, entity_tag(control_json(feed.paused())))) {
    return problem(412, {ErrorCode::kRefused, "the run's control has changed since you looked",
                         "If-Match", "read /api/v1/run/control again"});
  }
  TL_RETURN_IF_ERROR(feed.set_paused(paused));
  return HttpResponse::json(control_json(paused));
}

Result<std::string> reason_of(const HttpRequest& request) {
  TL_ASSIGN_OR_RETURN(const Json body, parse_json(request.body, "body"));
  TL_ASSIGN_OR_RETURN(std::string reason, json_string(body, "reason", "body"));
  if (!reason.empty() && reason.size() <= kMaxReason) return reason;
  return fail(ErrorCode::kBadData, "the reason is empty or longer than 500 bytes", "reason",
              "say in one sentence why; it stands in the audit log");
}

Result<HttpResponse> change_model(RunFeed& feed, const HttpRequest& request,
                                  std::optional<int64_t> version) {
  TL_ASSIGN_OR_RETURN(const std::string reason, reason_of(request));
  std::string key(request.header("idempotency-key"));
  if (key.size() > 200) {
    return fail(ErrorCode::kInvalidArgument, "the key is longer than 200 bytes", "Idempotency-Key");
  }
  if (key.empty()) key = std::to_string(entropy_seed());
  if (version && (*version < 1 || *version > INT32_MAX)) {
    return fail(ErrorCode::kNotFound, "there is no such version", std::to_string(*version));
  }
  std::optional<int> wanted;
  if (version) wanted = static_cast<int>(*version);
  TL_ASSIGN_OR_RETURN(const int asked,
                      feed.ask_for_model(wanted, "web " + request.peer, reason, key));
  OrderedJson answer;
  answer["live"] = asked == 0 ? "heuristic" : std::to_string(asked);
  answer["from"] = "the next tick on";
  return HttpResponse::json(dump_json(answer) + "\n", 202);
}

void add_model_actions(std::vector<Route>& routes, RunFeed& feed) {
  routes.push_back({"POST", "/api/v1/models/{version}/promote", Scope::kAct, "actions",
                    "Let an earlier model decide",
                    "Body: `reason`. 202: it decides from the next tick on; logged and audited. An "
                    "Idempotency-Key that was seen before changes nothing.",
                    {{"version", true, "integer", "A version that was deployed before."}},
                    "application/json", "application/json",
                    [&feed](const HttpRequest& request,
                            const PathValues& path) -> Result<HttpResponse> {
                      TL_ASSIGN_OR_RETURN(const int64_t version, path_number(path, "version"));
                      return change_model(feed, request, version);
                    },
                    202});
  routes.push_back({"POST", "/api/v1/models/rollback", Scope::kAct, "actions",
                    "Go back to the model before",
                    "Body: `reason`. 202: the model that decided before the live one, or the "
                    "heuristic, decides from the next tick on; logged and audited.",
                    {}, "application/json", "application/json",
                    [&feed](const HttpRequest& request, const PathValues&) {
                      return change_model(feed, request, std::nullopt);
                    },
                    202});
}

}  // namespace

Result<uint64_t> whole_number(const HttpRequest& request, const std::string& name,
                              uint64_t otherwise, uint64_t low, uint64_t high) {
  const auto it = request.query.find(name);
  if (it == request.query.end()) return otherwise;
  uint64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  const auto [stop, error] = std::from_chars(it->second.data(), end, value);
  if (error != std::errc() || stop != end || value < low || value > high) {
    return fail(ErrorCode::kInvalidArgument, "the value is no whole number in its range",
                name + "=" + it->second,
                "give " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

Result<int64_t> path_number(const PathValues& path, const std::string& name) {
  const std::string& text = path.at(name);
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && stop == text.data() + text.size() && value >= 0) return value;
  return fail(ErrorCode::kInvalidArgument, "the path has something that is no whole number",
              name + "=" + text);
}

void add_actions(std::vector<Route>& routes, const ApiParts& parts) {
  RunFeed& feed = parts.feed;
  routes.push_back({"GET", "/api/v1/run/control", Scope::kRead, "actions", "Whether the run is held",
                    "`paused`, with an ETag for If-Match.", {}, "application/json", "",
                    [&feed](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
                      return HttpResponse::json(control_json(feed.paused()));
                    }});
  for (const bool paused : {true, false}) {
    routes.push_back({"POST", paused ? "/api/v1/run/pause" : "/api/v1/run/resume", Scope::kAct,
                      "actions", paused ? "Hold the run" : "Let the run go on",
                      paused ? "The run stops between two ticks; a training that runs goes on."
                             : "The run goes on with its next tick.",
                      {}, "application/json", "application/json",
                      [&feed, paused](const HttpRequest& request, const PathValues&) {
                        return set_paused(feed, request, paused);
                      }});
  }
  add_model_actions(routes, feed);
}

}  // namespace thunderline::thunderprism
