// Routes of the past: trainings, trials with their epochs, messages.
#include "thunderline/thunderprism/api_parts.h"

namespace thunderline::thunderprism {
namespace {

Result<std::shared_ptr<HistoryStore>> history_of(RunFeed& feed) {
  if (auto history = feed.history()) return history;
  return fail(ErrorCode::kUnavailable, "no history is open", "history",
              "it opens with the run; see thunderline_history_errors_total in /metrics");
}

Result<HttpResponse> trainings(RunFeed& feed, const HttpRequest& request) {
  TL_ASSIGN_OR_RETURN(const auto history, history_of(feed));
  TL_ASSIGN_OR_RETURN(const uint64_t before, whole_number(request, "before", 0, 0, INT32_MAX));
  TL_ASSIGN_OR_RETURN(const uint64_t limit, whole_number(request, "limit", 50, 1, 200));
  TL_ASSIGN_OR_RETURN(std::string text, history->trainings_json(static_cast<int64_t>(before),
                                                                static_cast<int64_t>(limit)));
  return HttpResponse::json(std::move(text));
}

Result<HttpResponse> trials(RunFeed& feed, const PathValues& path) {
  TL_ASSIGN_OR_RETURN(const auto history, history_of(feed));
  TL_ASSIGN_OR_RETURN(const int64_t version, path_number(path, "version"));
  TL_ASSIGN_OR_RETURN(std::string text, history->trials_json(version));
  return HttpResponse::json(std::move(text));
}

Result<HttpResponse> trial(RunFeed& feed, const PathValues& path) {
  TL_ASSIGN_OR_RETURN(const auto history, history_of(feed));
  TL_ASSIGN_OR_RETURN(const int64_t version, path_number(path, "version"));
  TL_ASSIGN_OR_RETURN(const int64_t number, path_number(path, "number"));
  TL_ASSIGN_OR_RETURN(std::string text, history->trial_json(version, number));
  return HttpResponse::json(std::move(text));
}

Result<HttpResponse> messages(RunFeed& feed, const HttpRequest& request) {
  TL_ASSIGN_OR_RETURN(const auto history, history_of(feed));
  TL_ASSIGN_OR_RETURN(const uint64_t before, whole_number(request, "before", 0, 0, INT64_MAX));
  TL_ASSIGN_OR_RETURN(const uint64_t limit, whole_number(request, "limit", 200, 1, 1000));
  const auto text = request.query.find("text");
  TL_ASSIGN_OR_RETURN(std::string page,
                      history->messages_json(static_cast<int64_t>(before),
                                             static_cast<int64_t>(limit),
                                             text == request.query.end() ? "" : text->second));
  return HttpResponse::json(std::move(page));
}

}  // namespace

void add_history(std::vector<Route>& routes, const ApiParts& parts) {
  RunFeed& feed = parts.feed;
  const RouteParameter version = {"version", true, "integer", "Number of the training's model."};
  routes.push_back({"GET", "/api/v1/trainings", Scope::kRead, "history", "Trainings of the home",
                    "Newest first, as /api/v1/run/training; `next` is the cursor. The newest 200 are "
                    "kept.",
                    {{"before", false, "integer", "Cursor: only versions below."},
                     {"limit", false, "integer", "Items, 1 to 200; 50 by default."}},
                    "application/json", "",
                    [&feed](const HttpRequest& request, const PathValues&) {
                      return trainings(feed, request);
                    }});
  routes.push_back({"GET", "/api/v1/trainings/{version}/trials", Scope::kRead, "history",
                    "The trials of a training", "By columns, as /api/v1/run/trials.", {version},
                    "application/json", "", [&feed](const HttpRequest&, const PathValues& path) {
                      return trials(feed, path);
                    }});
  routes.push_back({"GET", "/api/v1/trainings/{version}/trials/{number}", Scope::kRead, "history",
                    "One trial, with its epochs and its log",
                    "`curves`: loss, val_loss, accuracy, val_accuracy by epoch (null where aged out); "
                    "`log`: lines; plv, sigma, lambda of the loop when it ended.",
                    {version, {"number", true, "integer", "From 0."}}, "application/json", "",
                    [&feed](const HttpRequest&, const PathValues& path) {
                      return trial(feed, path);
                    }});
  routes.push_back({"GET", "/api/v1/messages/history", Scope::kRead, "history",
                    "What the agents said, by pages",
                    "Newest first; `next` is the cursor. The newest 10,000 are kept, also of earlier "
                    "processes.",
                    {{"before", false, "integer", "Cursor: only numbers below."},
                     {"limit", false, "integer", "Items, 1 to 1000; 200 by default."},
                     {"text", false, "string", "Only those that contain it."}},
                    "application/json", "",
                    [&feed](const HttpRequest& request, const PathValues&) {
                      return messages(feed, request);
                    }});
}

}  // namespace thunderline::thunderprism
