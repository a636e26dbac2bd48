#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "thunderline/worlds/inbox/inbox_ledger.h"
#include "thunderline/worlds/inbox/inbox_replay.h"
#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// Real mail, replayed. The reward of a delivered mail comes back after its delay; that of a
/// quarantined one too if the user looks at it there, else the step closes unseen after 21 ticks.
/// Thread-safety: one thread.
class InboxWorld final : public World {
 public:
  /// `ledger` gets the true account. Lifetime: both are shared.
  InboxWorld(InboxReplay replay, std::shared_ptr<InboxLedger> ledger);

  const WorldSpec& spec() const override { return stage_->spec; }
  size_t size() const override { return stage_->size(); }
  std::vector<Arrival> arrive(int64_t tick) override;
  std::vector<Feedback> feedback_due(int64_t tick) override;
  std::vector<size_t> expired(int64_t tick) const override;
  double exploration(size_t position) const override;
  Status decide(size_t position, int action, int64_t tick, bool forced) override;
  void end_tick(int64_t tick) override;
  bool finished() const override;

 private:
  /// A step that closes later, in the order in which they close.
  struct Closing {
    int64_t tick = 0;
    uint64_t decision = 0;  ///< Number of the decision in the run.
    Feedback feedback;

    bool operator<(const Closing& other) const {
      return std::tie(tick, decision) < std::tie(other.tick, other.decision);
    }
  };

  bool has_expired(size_t position, int64_t tick) const;
  Feedback feedback_for(size_t position, int action, int64_t tick) const;

  std::shared_ptr<const InboxStage> stage_;
  std::shared_ptr<const InboxTruth> truth_;
  std::shared_ptr<InboxLedger> ledger_;
  int64_t next_tick_ = 0;
  std::vector<int64_t> arrived_at_;  // By position, of those that have come in.
  std::set<size_t> waiting_;
  std::set<Closing> closings_;
  uint64_t decisions_ = 0;
};

}  // namespace thunderline::worlds::inbox
