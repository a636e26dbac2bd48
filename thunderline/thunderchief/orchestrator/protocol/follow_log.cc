#include "thunderline/thunderchief/orchestrator/protocol/follow_log.h"

#include <algorithm>

namespace thunderline::thunderchief::protocol {
namespace {

/// The end that the log gives to an open request; phase kTraining: none, it goes on.
struct End {
  Phase phase = Phase::kTraining;
  std::string reason;
};

End end_of(RequestKind kind, int version, const LogFacts& facts) {
  if (kind == RequestKind::kRollback) return {Phase::kDone, "the log says where it went"};
  for (const LogFacts::Outcome& outcome : facts.outcomes) {
    if (outcome.version == version) return {outcome.end, outcome.reason};
  }
  if (version != 0 && version == facts.in_flight) return {};
  return {Phase::kCancelled, "the log does not have what asked for it"};
}

void follow_requests(const Snapshot& snapshot, const LogFacts& facts, int64_t now_ms,
                     Changes& changes) {
  for (auto [id, request] : snapshot.requests) {
    if (request.model != facts.model || is_end(request.phase)) continue;
    const End end = end_of(request.kind, request.version, facts);
    if (is_end(end.phase)) {
      request.phase = end.phase;
      request.reason = end.reason;
      request.ended_ms = now_ms;
    } else if (request.phase == Phase::kSwitching) {
      request.phase = Phase::kExporting;
      request.attempt = 1;
      request.epoch = 0;
    } else {
      continue;
    }
    changes.requests.push_back(request);
  }
}

void follow_asks(const Snapshot& snapshot, const LogFacts& facts, Changes& changes) {
  for (auto [id, ask] : snapshot.asks) {
    if (ask.model != facts.model || is_end(ask.end)) continue;
    const End end = end_of(ask.kind, ask.version, facts);
    if (!is_end(end.phase)) continue;
    ask.end = end.phase;
    ask.reason = end.reason;
    changes.asks.push_back(ask);
  }
}

}  // namespace

Changes follow_log(const Snapshot& snapshot, const LogFacts& facts, int64_t now_ms) {
  Changes changes;
  follow_requests(snapshot, facts, now_ms, changes);
  follow_asks(snapshot, facts, changes);

  const auto known = snapshot.models.find(facts.model);
  const auto served = snapshot.live.find(facts.model);
  ModelRecord model = known == snapshot.models.end() ? ModelRecord{} : known->second;
  const LiveRecord stored = served == snapshot.live.end() ? LiveRecord{} : served->second;
  model.model = facts.model;
  model.live = facts.live.empty() ? 0 : facts.live.back();
  model.earlier = facts.live;
  if (!model.earlier.empty()) model.earlier.pop_back();
  for (const LogFacts::Outcome& outcome : facts.outcomes) {
    model.next_version = std::max(model.next_version, outcome.version + 1);
  }
  const bool switched = stored.version == model.live && stored.epoch == model.wanted_epoch;
  if (!switched || model.wanted != model.live) {
    // A new epoch: orders that were given before the kill mean nothing any more.
    model.wanted = model.live;
    model.wanted_epoch = std::max(model.wanted_epoch, stored.epoch) + 1;
    changes.live.push_back({facts.model, model.live, model.wanted_epoch});
  }
  model.confirmed_epoch = model.wanted_epoch;
  if (known == snapshot.models.end() || !(known->second == model)) changes.models.push_back(model);
  return changes;
}

}  // namespace thunderline::thunderchief::protocol
