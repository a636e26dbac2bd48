// What of a training outlives the process: TrainingStory to and from the history.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/training_story.h"

namespace thunderline::thunderprism {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

const std::vector<double>* curve(const std::map<std::string, std::vector<double>>& curves,
                                 const char* name) {
  const auto it = curves.find(name);
  return it == curves.end() || it->second.empty() ? nullptr : &it->second;
}

/// The curves, thinned to what a screen can show.
std::string curves_json(const std::map<std::string, std::vector<double>>& curves) {
  const std::vector<double>* by = curve(curves, "val_loss");
  if (by == nullptr && !curves.empty()) by = &curves.begin()->second;
  if (by == nullptr) return "null";
  const std::vector<size_t> kept = kept_points(*by, HistoryStore::kCurvePoints);
  OrderedJson json = {{"epoch", OrderedJson::array()}};
  for (const size_t i : kept) json["epoch"].push_back(i + 1);
  for (const auto& [name, values] : curves) {
    OrderedJson& column = json[name] = OrderedJson::array();
    for (const size_t i : kept) {
      column.push_back(i < values.size() && std::isfinite(values[i]) ? OrderedJson(values[i])
                                                                     : OrderedJson());
    }
  }
  return dump_json(json);
}

/// What happened in a trial, a line a happening.
std::string log_of(const std::string& params, const std::map<std::string, std::vector<double>>& curves,
                   const std::optional<double>& value, const std::string& error) {
  std::string log = "asked: " + params + "\n";
  const auto* losses = curve(curves, "loss");
  const auto* judged = curve(curves, "val_loss");
  double best = INFINITY;
  for (size_t i = 0; judged != nullptr && i < judged->size(); ++i) {
    if (!((*judged)[i] < best)) continue;
    best = (*judged)[i];
    log += "epoch " + std::to_string(i + 1) + ": best so far, val_loss " + number(best);
    if (losses != nullptr && i < losses->size()) log += ", loss " + number((*losses)[i]);
    log += "\n";
  }
  if (judged != nullptr) {
    const auto at = std::min_element(judged->begin(), judged->end()) - judged->begin();
    log += "ended after epoch " + std::to_string(judged->size()) + "; the weights of epoch " +
           std::to_string(at + 1) + " are kept\n";
  }
  log += value ? "told: " + number(*value) + "\n" : "failed: " + error + "\n";
  return log;
}

std::optional<int64_t> time_of(const OrderedJson& json, const char* name) {
  const auto it = json.find(name);
  if (it == json.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<int64_t>();
}

}  // namespace

TrialRow TrainingStory::row_of(const Trial& trial, const Observed& observed) const {
  return {version_,           trial.number,       trial.value,
          trial.epochs,       trial.params_json,  trial.ended_ms,
          observed.plv,       observed.sigma,     observed.lambda,
          curves_json(trial.curves),
          log_of(trial.params_json, trial.curves, trial.value, trial.error)};
}

HistoryBatch TrainingStory::take_news(const Observed& observed) {
  HistoryBatch news;
  if (any_ && revision_ != stored_revision_) {
    news.trainings.push_back({version_, begun_, training_json()});
  }
  for (; stored_trials_ < done_.size(); ++stored_trials_) {
    Trial& trial = done_[stored_trials_];
    news.trials.push_back(row_of(trial, observed));
    trial.curves.clear();  // The history has them now.
  }
  for (const Line& line : lines_) {
    if (line.number <= stored_message_) continue;
    news.messages.push_back(
        {line.number, line.unix_ms, line.type, line.from, line.to, line.summary});
  }
  begun_ = false;
  stored_revision_ = revision_;
  stored_message_ = last_message_;
  return news;
}

void TrainingStory::settle(int version, const std::string& decision, const std::string& why,
                           int64_t unix_ms) {
  if (!any_ || version != version_ || outcome_ != "running") return;
  finish(decision == "deployed" ? "done" : decision, unix_ms, decision, why);
  ++revision_;
}

void TrainingStory::restore(const HistoryStore::Past& past) {
  for (const MessageRow& row : past.messages) {
    lines_.push_back({row.number, row.unix_ms, row.type, row.from, row.to, row.summary});
    last_message_ = row.number;
  }
  stored_message_ = last_message_;
  if (!past.training) return;
  const auto json = parse_ordered_json(past.training->document, "history");
  if (!json || !json->is_object()) return;
  any_ = true;
  version_ = past.training->version;
  reason_ = json->value("reason", "");
  outcome_ = json->value("outcome", "running");
  why_ = json->value("why", "");
  started_ms_ = json->value("started_ms", int64_t{0});
  rows_ = json->value("rows", size_t{0});
  trials_ = json->value("trials", 0);
  for (const OrderedJson& one : json->value("stages", OrderedJson::array())) {
    if (one.value("state", "pending") == "running") current_ = stages_.size();
    stages_.push_back({one.value("name", ""), one.value("state", "pending"),
                       time_of(one, "started_ms"), time_of(one, "ended_ms"), ""});
  }
  for (const TrialRow& row : past.trials) {
    done_.push_back({row.number, row.value, row.epochs, row.params_json, {}, "", row.ended_ms});
    if (row.value && (!best_ || *row.value < *best_)) best_ = row.value;
  }
  if (stages_.empty()) any_ = false;
  stored_trials_ = done_.size();
  ++revision_;
  stored_revision_ = revision_;
}

}  // namespace thunderline::thunderprism
