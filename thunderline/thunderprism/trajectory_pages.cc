#include "thunderline/thunderprism/trajectory_pages.h"

#include <map>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderprism {
namespace {

using thunderbolt::LogRecord;
using thunderbolt::Outcome;
using thunderbolt::RecordKind;
using thunderbolt::Step;

/// Steps and outcomes behind the page that are looked at for the page's rewards.
constexpr size_t kLookAhead = 4000;
/// Records before the log's end among which the newest page is sought.
constexpr uint64_t kTail = 20'000;

OrderedJson step_json(uint64_t sequence, const Step& step) {
  OrderedJson json;
  json["sequence"] = sequence;
  json["id"] = step.id.to_string();
  json["episode"] = step.episode;
  json["action"] = step.action;
  json["reward"] = step.reward ? OrderedJson(*step.reward) : OrderedJson();
  json["seen"] = step.reward.has_value();
  json["propensity"] = step.propensity ? OrderedJson(*step.propensity) : OrderedJson();
  const auto metadata = parse_json(step.metadata, "metadata");
  for (const char* field : {"tick", "score", "model_version", "forced"}) {
    const bool there = metadata && metadata->is_object() && metadata->contains(field);
    json[field] = there ? OrderedJson((*metadata)[field]) : OrderedJson();
  }
  return json;
}

/// Collects a page; refuses (to end the replay) once it is whole and its rewards were sought.
class PageMaker {
 public:
  explicit PageMaker(const TrajectoryQuery& query) : query_(query) {}

  Status visit(uint64_t sequence, const LogRecord& record) {
    if (const auto* step = std::get_if<Step>(&record)) {
      add(sequence, *step);
    } else if (const auto* outcome = std::get_if<Outcome>(&record)) {
      close(*outcome);
    }
    if (more_ && ++ahead_ > kLookAhead && !query_.newest) {
      return fail(ErrorCode::kInterrupted, "the page is full");
    }
    return {};
  }

  std::string json() const {
    OrderedJson page;
    page["items"] = OrderedJson::array();
    for (const auto& [sequence, item] : items_) page["items"].push_back(item);
    const bool next = more_ && !query_.newest && !items_.empty();
    page["next"] = next ? OrderedJson(items_.rbegin()->first) : OrderedJson();
    return dump_json(page) + "\n";
  }

 private:
  void add(uint64_t sequence, const Step& step) {
    if (items_.size() == query_.limit) {
      more_ = true;
      if (!query_.newest) return;
      sequences_.erase(Uuid::parse(items_.begin()->second["id"].get<std::string>()).value_or(Uuid{}));
      items_.erase(items_.begin());
    }
    items_[sequence] = step_json(sequence, step);
    sequences_[step.id] = sequence;
  }

  void close(const Outcome& outcome) {
    const auto it = sequences_.find(outcome.step_id);
    if (it == sequences_.end()) return;
    OrderedJson& item = items_[it->second];
    item["seen"] = outcome.seen;
    if (outcome.seen) item["reward"] = outcome.reward;
  }

  const TrajectoryQuery& query_;
  std::map<uint64_t, OrderedJson> items_;
  std::map<Uuid, uint64_t> sequences_;
  bool more_ = false;
  size_t ahead_ = 0;
};

}  // namespace

Result<std::string> trajectory_page(thunderbolt::TrajectoryLogger& log,
                                    const TrajectoryQuery& query) {
  thunderbolt::ReplayOptions options;
  options.kinds = {RecordKind::kStep, RecordKind::kOutcome};
  options.episode = query.episode;
  options.after_sequence = query.after;
  if (query.newest) {
    const uint64_t last = log.last_sequence();
    options.after_sequence = last > kTail ? last - kTail : 0;
  }
  PageMaker page(query);
  const Status done = log.replay(options, [&](uint64_t sequence, const LogRecord& record) {
    return page.visit(sequence, record);
  });
  if (!done && done.error().code != ErrorCode::kInterrupted) {
    return tl::unexpected<Error>(done.error());
  }
  return page.json();
}

Result<std::string> trajectory_stats(thunderbolt::TrajectoryLogger& log) {
  TL_ASSIGN_OR_RETURN(const thunderbolt::LogStats stats, log.stats());
  OrderedJson json;
  json["steps"] = stats.records.steps;
  json["outcomes"] = stats.records.outcomes;
  json["chief_steps"] = stats.records.chief_steps;
  json["transitions"] = stats.records.transitions;
  json["events"] = stats.records.events;
  json["open_steps"] = stats.open_steps;
  json["last_sequence"] = stats.last_sequence;
  json["durable_sequence"] = stats.durable_sequence;
  json["not_yet_durable"] = stats.last_sequence - stats.durable_sequence;
  json["size_bytes"] = stats.size_bytes;
  json["segments"] = stats.segments;
  json["damaged_places"] = stats.damaged_places;
  json["read_only_reason"] = stats.read_only_reason;
  return dump_json(json) + "\n";
}

}  // namespace thunderline::thunderprism
