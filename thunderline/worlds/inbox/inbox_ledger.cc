#include "thunderline/worlds/inbox/inbox_ledger.h"

#include <utility>

namespace thunderline::worlds::inbox {

InboxLedger::InboxLedger(std::shared_ptr<const InboxTruth> truth, RewardTable table,
                         double waiting_cost)
    : truth_(std::move(truth)),
      table_(table),
      waiting_cost_(waiting_cost),
      entries_(truth_->spam.size()) {}

void InboxLedger::record_score(size_t position, double score) {
  if (position < entries_.size()) entries_[position].score = score;
}

void InboxLedger::record_decision(size_t position, int action, bool forced) {
  TL_CHECK(position < entries_.size());
  entries_[position].action = action;
  entries_[position].forced = forced;
}

void InboxLedger::record_waiting(size_t position) {
  TL_CHECK(position < entries_.size());
  ++entries_[position].waited_ticks;
}

double InboxLedger::reward(size_t position) const {
  const Entry& entry = entries_[position];
  const double decided = entry.action ? table_.value(*entry.action, spam(position)) : 0;
  return decided - waiting_cost_ * static_cast<double>(entry.waited_ticks);
}

std::shared_ptr<InboxLedger> make_ledger(const InboxReplay& replay) {
  const WorldSpec& spec = replay.stage->spec;
  return std::make_shared<InboxLedger>(replay.truth, *spec.reward_table, spec.waiting_cost);
}

}  // namespace thunderline::worlds::inbox
