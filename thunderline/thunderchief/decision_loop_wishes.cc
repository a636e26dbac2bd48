// What a person asks of the live model while a run goes on.
#include <algorithm>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderchief/decision_loop.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kByHandEvent = "model.by_hand";

std::string to_json(const ModelWish& wish, uint64_t at_event) {
  OrderedJson json;
  json["version"] = wish.version;
  json["back"] = wish.back;
  json["who"] = wish.who;
  json["reason"] = wish.why;
  json["key"] = wish.key;
  json["at_event"] = at_event;
  return dump_json(json);
}

Result<ModelWish> wish_from_json(const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, kByHandEvent));
  ModelWish wish;
  TL_ASSIGN_OR_RETURN(const int64_t version, json_integer(json, "version", kByHandEvent));
  wish.version = static_cast<int>(version);
  TL_ASSIGN_OR_RETURN(wish.back, json_bool(json, "back", kByHandEvent));
  TL_ASSIGN_OR_RETURN(wish.who, json_string(json, "who", kByHandEvent));
  TL_ASSIGN_OR_RETURN(wish.why, json_string(json, "reason", kByHandEvent));
  TL_ASSIGN_OR_RETURN(wish.key, json_string(json, "key", kByHandEvent));
  return wish;
}

}  // namespace

Status DecisionLoop::ask_for_model(const ModelWish& wish) {
  if (wish.key.empty() || wish.why.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a change of the live model needs a key and a reason");
  }
  MutexLock lock(wishes_mutex_);
  wishes_.push_back(wish);
  return {};
}

std::optional<ModelWish> DecisionLoop::next_wish() {
  MutexLock lock(wishes_mutex_);
  if (wishes_.empty()) return std::nullopt;
  ModelWish wish = std::move(wishes_.front());
  wishes_.pop_front();
  return wish;
}

Status DecisionLoop::follow_wishes() {
  while (const auto event = parts_.recorder.take_event(kByHandEvent)) {
    TL_ASSIGN_OR_RETURN(const ModelWish wish, wish_from_json(event->json));
    TL_RETURN_IF_ERROR(follow(wish));
  }
  if (parts_.recorder.recovering()) return {};
  while (const auto wish = next_wish()) {
    TL_RETURN_IF_ERROR(
        parts_.recorder.event({kByHandEvent, tick_, to_json(*wish, state_.events)}));
    TL_RETURN_IF_ERROR(parts_.recorder.flush());
    TL_RETURN_IF_ERROR(follow(*wish));
  }
  return {};
}

Status DecisionLoop::follow(const ModelWish& wish) {
  const std::string before = state_.model_version;
  const int bad = live_.empty() ? 0 : live_.back();
  if (bad == wish.version) return {};
  // Nothing is swapped when the version does not load any more.
  if (wish.version != 0 && !parts_.server.acquire(options_.model, wish.version)) return {};
  if (parts_.recorder.recovering()) {
    TL_RETURN_IF_ERROR(parts_.deployer.roll_back_to(options_.model, wish.version, wish.why));
  } else {
    TL_RETURN_IF_ERROR(begin_agents());
    TL_RETURN_IF_ERROR(parts_.agents.roll_back(wish.version, wish.why));
  }
  TL_RETURN_IF_ERROR(use(wish.version));
  const auto known = std::find(live_.begin(), live_.end(), wish.version);
  if (wish.version == 0) {
    live_.clear();
  } else if (known != live_.end()) {
    live_.erase(known + 1, live_.end());
  } else {
    live_.push_back(wish.version);
  }
  for (ModelRecord& model : state_.models) {
    if (wish.back && model.version == bad) model.rolled_back_at = state_.events;
    if (model.version == wish.version) model.rolled_back_at.reset();
  }
  return parts_.governor.changed_by_hand(wish.who, wish.back, before, state_.model_version, wish.why,
                                         wish.key);
}

}  // namespace thunderline::thunderchief
