#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "thunderline/worlds/inbox/inbox_replay.h"
#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// The true account of a run: for reports. Whoever runs the world holds it; nothing that learns may
/// (hand out the ScoreRecorder alone).
/// Thread-safety: one thread, the world's.
class InboxLedger final : public ScoreRecorder {
 public:
  InboxLedger(std::shared_ptr<const InboxTruth> truth, RewardTable table, double waiting_cost);

  // From whoever scores.
  void record_score(size_t position, double score) override;

  // From the world.
  void record_decision(size_t position, int action, bool forced);
  void record_waiting(size_t position);

  // For reports. Precondition: position < size().
  size_t size() const { return entries_.size(); }
  bool spam(size_t position) const { return truth_->spam[position]; }

  /// Reward of the decision, if there is one, less the waiting so far.
  double reward(size_t position) const;

  /// Nothing while it waits, or before it comes in.
  std::optional<int> action(size_t position) const { return entries_[position].action; }

  /// Delivered because it expired.
  bool forced(size_t position) const { return entries_[position].forced; }

  /// Nothing when it never got a score.
  std::optional<double> last_score(size_t position) const { return entries_[position].score; }

  int64_t waited_ticks(size_t position) const { return entries_[position].waited_ticks; }

 private:
  struct Entry {
    std::optional<int> action;
    std::optional<double> score;
    int64_t waited_ticks = 0;
    bool forced = false;
  };

  std::shared_ptr<const InboxTruth> truth_;
  RewardTable table_;
  double waiting_cost_;
  std::vector<Entry> entries_;
};

/// An empty ledger for a replay.
std::shared_ptr<InboxLedger> make_ledger(const InboxReplay& replay);

}  // namespace thunderline::worlds::inbox
