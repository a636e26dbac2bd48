#include "thunderline/worlds/inbox/inbox_world.h"

#include <string>
#include <utility>

namespace thunderline::worlds::inbox {
namespace {

constexpr int64_t kUnseenAfterTicks = 21;

std::string mail_name(size_t position) { return "mail " + std::to_string(position); }

}  // namespace

InboxWorld::InboxWorld(InboxReplay replay, std::shared_ptr<InboxLedger> ledger)
    : stage_(std::move(replay.stage)),
      truth_(std::move(replay.truth)),
      ledger_(std::move(ledger)) {}

std::vector<Arrival> InboxWorld::arrive(int64_t tick) {
  TL_CHECK(tick == next_tick_);
  ++next_tick_;
  std::vector<Arrival> arrivals;
  if (static_cast<size_t>(tick) >= stage_->arrivals.size()) return arrivals;
  for (size_t count = stage_->arrivals[static_cast<size_t>(tick)]; count > 0; --count) {
    const size_t position = arrived_at_.size();
    arrived_at_.push_back(tick);
    waiting_.insert(waiting_.end(), position);
    arrivals.push_back({position, stage_->contents[position], stage_->channels[position]});
  }
  return arrivals;
}

std::vector<Feedback> InboxWorld::feedback_due(int64_t tick) {
  std::vector<Feedback> due;
  while (!closings_.empty() && closings_.begin()->tick <= tick) {
    due.push_back(closings_.begin()->feedback);
    closings_.erase(closings_.begin());
  }
  return due;
}

bool InboxWorld::has_expired(size_t position, int64_t tick) const {
  return tick - arrived_at_[position] >= stage_->spec.max_wait_ticks;
}

std::vector<size_t> InboxWorld::expired(int64_t tick) const {
  std::vector<size_t> positions;
  for (const size_t position : waiting_) {
    if (!has_expired(position, tick)) break;  // Those behind came in later.
    positions.push_back(position);
  }
  return positions;
}

double InboxWorld::exploration(size_t position) const {
  TL_CHECK(position < stage_->size());
  return stage_->exploration[position];
}

Feedback InboxWorld::feedback_for(size_t position, int action, int64_t tick) const {
  const bool seen = action == kDeliver || truth_->reviewed[position];
  if (!seen) return {position, false, 0, tick + kUnseenAfterTicks};
  return {position, true, stage_->spec.reward_table->value(action, truth_->spam[position]),
          tick + truth_->feedback_delay[position]};
}

Status InboxWorld::decide(size_t position, int action, int64_t tick, bool forced) {
  if (action != kDeliver && action != kQuarantine) {
    return fail(ErrorCode::kInvalidArgument,
                "the inbox has no action " + std::to_string(action), mail_name(position),
                "use 0 (deliver) or 1 (quarantine)");
  }
  if (position >= arrived_at_.size()) {
    return fail(ErrorCode::kNotFound, "no such mail has come in", mail_name(position));
  }
  const auto waiting = waiting_.find(position);
  if (waiting == waiting_.end()) {
    return fail(ErrorCode::kRefused, "the mail was decided before", mail_name(position));
  }
  if (forced && (action != kDeliver || !has_expired(position, tick))) {
    return fail(ErrorCode::kInvalidArgument, "only the delivery of an expired mail is forced",
                mail_name(position));
  }
  waiting_.erase(waiting);
  ledger_->record_decision(position, action, forced);
  const Feedback feedback = feedback_for(position, action, tick);
  closings_.insert({feedback.tick, decisions_++, feedback});
  return {};
}

void InboxWorld::end_tick(int64_t) {
  for (const size_t position : waiting_) ledger_->record_waiting(position);
}

bool InboxWorld::finished() const {
  return arrived_at_.size() == stage_->size() && waiting_.empty() && closings_.empty();
}

}  // namespace thunderline::worlds::inbox
