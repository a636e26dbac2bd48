#include "thunderline/thunderprism/api.h"

#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/api_parts.h"
#include "thunderline/thunderprism/assets.h"
#include "thunderline/thunderprism/field_json.h"
#include "thunderline/thunderprism/problem.h"
#include "thunderline/thunderprism/trajectory_pages.h"

namespace thunderline::thunderprism {
namespace {

const std::map<std::string, std::vector<std::string>> kPages = {
    {"overview", {"run", "training", "models", "observables", "messages"}},
    {"pipeline", {"run", "training", "trials", "models"}},
    {"progress", {"run", "training", "trials", "observables"}},
    {"bits", {"run", "training", "bits"}},
    {"agents", {"run", "training", "agents", "messages"}},
    {"models", {"run", "training", "models"}},
    {"trajectories", {"run", "training"}},
};

std::string parameter(const HttpRequest& request, const std::string& name) {
  const auto it = request.query.find(name);
  return it == request.query.end() ? "" : it->second;
}

std::set<std::string> split(const std::string& text) {
  std::set<std::string> words;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) words.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// A topic's newest document.
RouteHandler document(EventStream& stream, const std::string& topic) {
  return [&stream, topic](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
    const auto text = stream.document(topic);
    if (!text) {
      return fail(ErrorCode::kUnavailable, "the run has not begun", topic, "try again in a moment");
    }
    return HttpResponse::json(*text + "\n");
  };
}

Result<HttpResponse> one_model(EventStream& stream, const std::string& version) {
  const auto text = stream.document("models");
  if (text) {
    TL_ASSIGN_OR_RETURN(const OrderedJson all, parse_ordered_json(*text, "models"));
    for (const OrderedJson& model : all["models"]) {
      if (dump_json(model["version"]) == version) return HttpResponse::json(dump_json(model) + "\n");
    }
  }
  return fail(ErrorCode::kNotFound, "no model has this version", version,
              "/api/v1/models lists them");
}

Result<HttpResponse> start_stream(EventStream& stream, const HttpRequest& request) {
  std::set<std::string> known;
  for (const auto& [page, topics] : kPages) known.insert(topics.begin(), topics.end());
  StreamStart start;
  start.topics = split(parameter(request, "topics"));
  if (start.topics.empty()) start.topics = known;
  for (const std::string& topic : start.topics) {
    if (known.contains(topic)) continue;
    return fail(ErrorCode::kInvalidArgument, "there is no such topic", "topics=" + topic,
                "topics are run, training, trials, agents, messages, bits, observables, models");
  }
  // A browser that reconnects sends the header; its `after` is from the page's load.
  std::string id(request.header("last-event-id"));
  if (id.empty()) id = parameter(request, "after");
  const EventStream::Place place = stream.place_after(id);
  start.cursor = place.cursor;
  start.reset = !place.known;
  HttpResponse response = HttpResponse::text("", "text/event-stream");
  response.headers["Cache-Control"] = "no-store";
  response.headers["X-Accel-Buffering"] = "no";
  response.stream = std::move(start);
  return response;
}

Result<HttpResponse> trajectories(RunFeed& feed, const HttpRequest& request) {
  TrajectoryQuery query;
  TL_ASSIGN_OR_RETURN(query.limit, whole_number(request, "limit", 100, 1, 500));
  TL_ASSIGN_OR_RETURN(query.after, whole_number(request, "after", 0, 0, UINT64_MAX));
  query.newest = parameter(request, "newest") == "true";
  query.episode = parameter(request, "episode");
  std::string text;
  TL_RETURN_IF_ERROR(feed.with_log([&](thunderbolt::TrajectoryLogger& log) -> Status {
    TL_ASSIGN_OR_RETURN(text, trajectory_page(log, query));
    return {};
  }));
  return HttpResponse::json(std::move(text));
}

Result<HttpResponse> stats(RunFeed& feed) {
  std::string text;
  TL_RETURN_IF_ERROR(feed.with_log([&](thunderbolt::TrajectoryLogger& log) -> Status {
    TL_ASSIGN_OR_RETURN(text, trajectory_stats(log));
    return {};
  }));
  return HttpResponse::json(std::move(text));
}

Result<HttpResponse> log_in(AccessControl& access, const HttpRequest& request) {
  std::map<std::string, std::string> form;
  if (!decode_form(request.body, form) || form["token"].empty()) {
    return problem(422, {ErrorCode::kBadData, "the form has no token", "token", ""});
  }
  const auto session = access.log_in(form["token"], request.peer);
  if (!session) {
    const bool many = session.error().code == ErrorCode::kResourceLimit;
    return problem(many ? 429 : 401, session.error());
  }
  HttpResponse response = HttpResponse::text("", "text/plain", 303);
  response.headers["Location"] = "/";
  response.headers["Set-Cookie"] = access.cookie(*session);
  response.headers["Cache-Control"] = "no-store";
  return response;
}

Result<HttpResponse> log_out(AccessControl& access, const HttpRequest& request) {
  access.log_out(request);
  HttpResponse response = HttpResponse::text("", "text/plain", 303);
  response.headers["Location"] = "/login";
  response.headers["Set-Cookie"] = access.cookie("");
  return response;
}

constexpr char kLoginPage[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Thunderline: log in</title>"
    "<h1>Thunderline</h1><form method=\"post\" action=\"/login\">"
    "<p><label>Token <input type=\"password\" name=\"token\" required autofocus "
    "autocomplete=\"current-password\"></label> <button>Log in</button></form></html>\n";

Result<HttpResponse> page(const HttpRequest& request) {
  if (auto asset = serve_asset(request, "/index.html")) return *std::move(asset);
  return fail(ErrorCode::kNotFound, "this build has no pages", request.path,
              "the JSON is at /api/v1; /api/openapi.json lists it");
}

void add_health(std::vector<Route>& routes, const ApiParts& parts) {
  const auto ok = [](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
    return HttpResponse::text("ok\n", "text/plain; charset=utf-8");
  };
  const auto ready = [&feed = parts.feed](const HttpRequest&,
                                          const PathValues&) -> Result<HttpResponse> {
    if (feed.ready()) return HttpResponse::text("ok\n", "text/plain; charset=utf-8");
    return fail(ErrorCode::kUnavailable, "the run is still being opened", "run");
  };
  for (const char* path : {"/healthz", "/livez"}) {
    routes.push_back({"GET", path, Scope::kNone, "health", "Whether the process answers",
                      "\"ok\" while it does.", {}, "text/plain", "", ok});
  }
  routes.push_back({"GET", "/readyz", Scope::kNone, "health", "Whether a run is open",
                    "\"ok\" once a run is open; 503 before.", {}, "text/plain", "", ready});
  routes.push_back({"GET", "/metrics", Scope::kRead, "health", "Metrics for Prometheus",
                    "The text format 0.0.4.", {}, "text/plain", "",
                    [&metrics = parts.metrics](const HttpRequest&, const PathValues&)
                        -> Result<HttpResponse> {
                      return HttpResponse::text(metrics.render(), thunderflow::kMetricsContentType);
                    }});
}

void add_run(std::vector<Route>& routes, const ApiParts& parts) {
  EventStream& stream = parts.stream;
  RunFeed& feed = parts.feed;
  const auto add = [&](const char* path, const char* topic, const char* summary,
                       const char* description) {
    routes.push_back({"GET", path, Scope::kRead, "run", summary, description, {},
                      "application/json", "", document(stream, topic)});
  };
  add("/api/v1/run", "run", "How far the run is",
      "Counts of events, ticks, decisions and rewards; the mean of the rewards seen; the state: "
      "running, paused, recovering, done.");
  add("/api/v1/run/training", "training", "The newest training",
      "Its stages with state and times (Unix ms), trials finished and in all, best val_loss. Null "
      "before the first.");
  add("/api/v1/run/trials", "trials", "The newest training's trials",
      "By columns: number, val_loss (null: failed), epochs, parameters.");
  add("/api/v1/agents", "agents", "Orchestrator agents and chiefs",
      "State, what each does, messages, restarts; of chiefs the last action and the summed reward.");
  add("/api/v1/messages", "messages", "What the agents said",
      "The newest 500 messages, oldest first; times in Unix ms.");
  add("/api/v1/bits", "bits", "The field of bits",
      "Counts by status, categories with mean score, the newest 240 living bits with their links, "
      "the newest evaluations.");
  add("/api/v1/observables", "observables", "Phase locking, propagation, stability",
      "PLV, sigma and lambda now and over the last ticks, as [tick, plv, sigma, lambda]; null "
      "where it cannot be told yet.");
  add("/api/v1/models", "models", "Models and what the gate decided",
      "Each training's version, figures on the hold-out, decision and its reason; which is live.");
  routes.push_back({"GET", "/api/v1/models/{version}", Scope::kRead, "run", "One model",
                    "As in the list.", {{"version", true, "integer", "Number from 1."}},
                    "application/json", "",
                    [&stream](const HttpRequest&, const PathValues& path) {
                      return one_model(stream, path.at("version"));
                    }});
  routes.push_back({"GET", "/api/v1/bits/{id}", Scope::kRead, "run", "One bit",
                    "All that it has: channels, score, links.",
                    {{"id", true, "string", "Its UUID."}}, "application/json", "",
                    [&feed](const HttpRequest&, const PathValues& path) -> Result<HttpResponse> {
                      const auto field = feed.field();
                      if (!field) return fail(ErrorCode::kUnavailable, "the run has not begun");
                      TL_ASSIGN_OR_RETURN(std::string text, bit_detail_json(*field, path.at("id")));
                      return HttpResponse::json(std::move(text));
                    }});
  routes.push_back({"GET", "/api/v1/report", Scope::kRead, "run", "The report of the run",
                    "As `run --report` writes it; 404 before the end.", {}, "application/json", "",
                    [&feed](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
                      const auto report = feed.report();
                      if (report) return HttpResponse::json(*report);
                      return fail(ErrorCode::kNotFound, "the run has not ended", "report",
                                  "/api/v1/run says how far it is");
                    }});
}

void add_trajectories(std::vector<Route>& routes, const ApiParts& parts) {
  RunFeed& feed = parts.feed;
  routes.push_back(
      {"GET", "/api/v1/trajectories", Scope::kRead, "trajectories", "Logged decisions, by pages",
       "Steps in the order of the log, with the reward where it came; `next` is the cursor.",
       {{"after", false, "integer", "Cursor: `next` of the page before."},
        {"limit", false, "integer", "Items, 1 to 500; 100 by default."},
        {"newest", false, "boolean", "true: the last page."},
        {"episode", false, "string", "Only this episode's."}},
       "application/json", "",
       [&feed](const HttpRequest& request, const PathValues&) {
         return trajectories(feed, request);
       }});
  routes.push_back({"GET", "/api/v1/trajectories/stats", Scope::kRead, "trajectories",
                    "What the log holds", "Counts of records; size in bytes; what is durable.", {},
                    "application/json", "",
                    [&feed](const HttpRequest&, const PathValues&) { return stats(feed); }});
}

void add_push(std::vector<Route>& routes, const ApiParts& parts) {
  EventStream& stream = parts.stream;
  routes.push_back({"GET", "/api/v1/snapshot/{page}", Scope::kRead, "push", "All that a page shows",
                    "The documents of the page's topics and `last_event_id`, for the stream.",
                    {{"page", true, "string",
                      "overview, pipeline, progress, bits, agents, models or trajectories."}},
                    "application/json", "",
                    [&stream](const HttpRequest&, const PathValues& path) -> Result<HttpResponse> {
                      TL_ASSIGN_OR_RETURN(const auto topics, topics_of_page(path.at("page")));
                      return HttpResponse::json(stream.snapshot(topics));
                    }});
  routes.push_back({"GET", "/api/v1/stream", Scope::kRead, "push", "News as server-sent events",
                    "One event a topic and frame, at most ten frames a second; `reset` asks for a "
                    "new snapshot; `ping` every 15 s.",
                    {{"topics", false, "string", "Topics with commas between; all by default."},
                     {"after", false, "string", "Id of the last event seen; Last-Event-ID wins."}},
                    "text/event-stream", "",
                    [&stream](const HttpRequest& request, const PathValues&) {
                      return start_stream(stream, request);
                    }});
}

void add_pages(std::vector<Route>& routes, const ApiParts& parts) {
  AccessControl& access = parts.access;
  const auto html = [&](const char* path, RouteHandler handler) {
    routes.push_back({"GET", path, Scope::kNone, "", "", "", {}, "text/html", "",
                      std::move(handler)});
  };
  html("/login", [](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
    return HttpResponse::text(kLoginPage, "text/html; charset=utf-8");
  });
  routes.push_back({"POST", "/login", Scope::kNone, "", "", "", {}, "text/plain",
                    "application/x-www-form-urlencoded",
                    [&access](const HttpRequest& request, const PathValues&) {
                      return log_in(access, request);
                    }});
  routes.push_back({"POST", "/logout", Scope::kNone, "", "", "", {}, "text/plain",
                    "application/x-www-form-urlencoded",
                    [&access](const HttpRequest& request, const PathValues&) {
                      return log_out(access, request);
                    }});
  for (const char* path : {"/", "/training/pipeline", "/training/progress", "/training/bits",
                           "/training/agents", "/models", "/trajectories"}) {
    html(path, [](const HttpRequest& request, const PathValues&) { return page(request); });
  }
  routes.push_back({"GET", "/assets/{rest...}", Scope::kNone, "", "", "", {}, "*/*", "",
                    [](const HttpRequest& request, const PathValues&) -> Result<HttpResponse> {
                      if (auto asset = serve_asset(request, request.path)) return *std::move(asset);
                      return fail(ErrorCode::kNotFound, "no such file", request.path, "");
                    }});
}

}  // namespace

Result<std::vector<std::string>> topics_of_page(const std::string& page) {
  const auto it = kPages.find(page);
  if (it != kPages.end()) return it->second;
  return fail(ErrorCode::kNotFound, "there is no such page", page,
              "pages are overview, pipeline, progress, bits, agents, models, trajectories");
}

std::vector<Route> make_routes(ApiParts parts) {
  std::vector<Route> routes;
  add_health(routes, parts);
  add_run(routes, parts);
  add_history(routes, parts);
  add_actions(routes, parts);
  add_trajectories(routes, parts);
  add_push(routes, parts);
  add_pages(routes, parts);
  const std::string openapi = openapi_document(routes, parts.version);
  routes.push_back({"GET", "/api/openapi.json", Scope::kNone, "", "", "", {}, "application/json", "",
                    [openapi](const HttpRequest&, const PathValues&) -> Result<HttpResponse> {
                      return HttpResponse::json(openapi);
                    }});
  return routes;
}

}  // namespace thunderline::thunderprism
