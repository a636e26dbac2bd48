#include "thunderline/thunderchief/loop_watch.h"

#include <cstdio>
#include <numeric>
#include <utility>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {

using thunderbolt::LoopAlert;
using thunderbolt::LoopSummary;
using thunderbolt::ObservableSummary;

namespace {

OrderedJson or_null(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

std::string line_of(const char* name, const char* healthy, const ObservableSummary& summary) {
  char text[160];
  if (summary.ticks == 0) {
    std::snprintf(text, sizeof text, "  %s –, the run was too short\n", name);
  } else {
    std::snprintf(text, sizeof text, "  %s %.2f, mean %.2f; healthy (%s) in %.0f %% of %llu ticks\n",
                  name, *summary.newest, *summary.mean(), healthy, 100 * *summary.healthy_share(),
                  static_cast<unsigned long long>(summary.ticks));
  }
  return text;
}

/// What a mean outside its healthy range means, and what is done about it.
std::string remark_on(const LoopSummary& summary) {
  std::string text;
  const auto plv = summary.plv.mean();
  if (plv && *plv < thunderbolt::kHealthyPlv.low) {
    text += "PLV is below its range: the events come independently of each other, and chance alone "
            "gives as little.\n";
  }
  if (plv && *plv > thunderbolt::kHealthyPlv.high) {
    text += "PLV is above its range: the loop's series move together.\n";
  }
  const auto sigma = summary.sigma.mean();
  if (sigma && !thunderbolt::kHealthySigma.contains(*sigma)) {
    text += "σ is outside its range: the spread of the scores did not stay as it was.\n";
  }
  const auto lambda = summary.lambda.mean();
  if (lambda && *lambda > thunderbolt::kHealthyLambdaLimit) {
    text += "λ̂ is above 0, as it is on any noise; an alert needs more than its surrogates have.\n";
  }
  if (!text.empty()) text += "Such values are reported; only alerts hold a deployment. ";
  return text;
}

}  // namespace

Result<LoopWatch> LoopWatch::create(const thunderbolt::LoopMonitor::Options& options,
                                    RunRecorder& recorder, thunderflow::EventBus& bus) {
  TL_ASSIGN_OR_RETURN(auto monitor, thunderbolt::LoopMonitor::create(options));
  return LoopWatch(std::move(monitor), recorder, bus);
}

Result<std::vector<LoopAlert>> LoopWatch::end_tick(const WatchedTick& tick,
                                                   const std::string& model_version) {
  const std::vector<float>& scores = tick.first_scores;
  if (!scores.empty()) {
    mean_score_ = std::accumulate(scores.begin(), scores.end(), 0.0) /
                  static_cast<double>(scores.size());
  }
  TL_ASSIGN_OR_RETURN(
      thunderbolt::LoopReading reading,
      monitor_.add({scores, mean_score_, tick.reward, tick.waiting, tick.energy}));
  for (const LoopAlert& alert : reading.raised) {
    const bool known = recorder_->recovering();
    alarms_.push_back({tick.tick, model_version, alert});
    const thunderflow::Topic<LoopAlert>& topic = loop_topic(alert.kind);
    TL_RETURN_IF_ERROR(recorder_->event({topic.name, tick.tick, to_json(alarms_.back())}));
    if (!known) TL_RETURN_IF_ERROR(bus_->publish(topic, alert));
  }
  return std::move(reading.raised);
}

void LoopWatch::restart() { monitor_.restart(); }

std::string to_json(const LoopAlarm& alarm) {
  const LoopAlert& alert = alarm.alert;
  OrderedJson json;
  json["kind"] = loop_alert_name(alert.kind);
  json["what"] = alert.what;
  json["value"] = alert.value;
  json["bound"] = alert.bound;
  json["band"] = alert.band ? OrderedJson({alert.band->low, alert.band->high}) : OrderedJson();
  json["tick"] = alarm.tick;
  json["model_version"] = alarm.model_version;
  return dump_json(json);
}

std::string observables_json(const LoopSummary& summary, const std::vector<LoopAlarm>& alarms) {
  const struct {
    const char* name;
    const ObservableSummary& summary;
  } all[] = {{"plv", summary.plv}, {"sigma", summary.sigma}, {"lambda", summary.lambda}};
  OrderedJson json;
  for (const auto& one : all) json[one.name] = or_null(one.summary.newest);
  for (const auto& one : all) json["mean"][one.name] = or_null(one.summary.mean());
  for (const auto& one : all) {
    json["share_healthy"][one.name] = or_null(one.summary.healthy_share());
  }
  json["alerts"] = OrderedJson::array();
  for (const LoopAlarm& alarm : alarms) {
    json["alerts"].push_back(OrderedJson::parse(to_json(alarm)));
  }
  return dump_json(json);
}

std::string observables_text(const LoopSummary& summary, const std::vector<LoopAlarm>& alarms) {
  std::string text = "Edge of chaos, newest value:\n";
  text += line_of("PLV", "0.3 to 0.7", summary.plv);
  text += line_of("σ  ", "0.8 to 1.2", summary.sigma);
  text += line_of("λ̂  ", "at most 0", summary.lambda);
  text += remark_on(summary);
  if (alarms.empty()) return text + "No alert was raised.";
  text += std::to_string(alarms.size()) + " alerts:";
  for (const LoopAlarm& alarm : alarms) {
    text += "\n  tick " + std::to_string(alarm.tick) + ", scored by " + alarm.model_version + ": " +
            loop_alert_name(alarm.alert.kind) + ", " + alarm.alert.reason();
  }
  return text;
}

}  // namespace thunderline::thunderchief
