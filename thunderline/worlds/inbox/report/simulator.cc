#include "thunderline/worlds/inbox/report/simulator.h"

#include <algorithm>
#include <vector>

#include "thunderline/worlds/decision.h"
#include "thunderline/worlds/inbox/heuristic.h"
#include "thunderline/worlds/inbox/inbox_world.h"

namespace thunderline::worlds::inbox {
namespace {

struct Waiting {
  size_t position = 0;
  double score = 0;
};

class Simulation {
 public:
  Simulation(const InboxReplay& replay, const Policy& policy)
      : policy_(policy),
        ledger_(make_ledger(replay)),
        world_(replay, ledger_),
        threshold_(world_.spec().reward_table->threshold()) {}

  std::shared_ptr<const InboxLedger> run() {
    for (int64_t tick = 0; !world_.finished(); ++tick) step(tick);
    return ledger_;
  }

 private:
  void step(int64_t tick) {
    for (const Arrival& arrival : world_.arrive(tick)) {
      waiting_.push_back({arrival.position, policy_.score(arrival.position)});
    }
    world_.feedback_due(tick);
    deliver_expired(tick);
    for (const Waiting& mail : waiting_) ledger_->record_score(mail.position, mail.score);
    activate(tick);
    world_.end_tick(tick);
  }

  void deliver_expired(int64_t tick) {
    for (const size_t position : world_.expired(tick)) {
      std::erase_if(waiting_, [&](const Waiting& mail) { return mail.position == position; });
      decide(position, kDeliver, tick, true);
    }
  }

  void activate(int64_t tick) {
    const WorldSpec& spec = world_.spec();
    energy_ = std::min(spec.energy_cap, energy_ + spec.energy_per_tick);
    std::sort(waiting_.begin(), waiting_.end(), [](const Waiting& a, const Waiting& b) {
      return judged_before(a.score, a.position, b.score, b.position);
    });
    size_t judged = 0;
    while (judged < waiting_.size() && energy_ >= spec.energy_cost) {
      energy_ -= spec.energy_cost;
      const Waiting& mail = waiting_[judged++];
      const double quarantine = quarantine_probability(mail.score, threshold_, policy_.epsilon);
      const bool act = world_.exploration(mail.position) < quarantine;
      decide(mail.position, act ? kQuarantine : kDeliver, tick, false);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(judged));
  }

  void decide(size_t position, int action, int64_t tick, bool forced) {
    TL_CHECK(world_.decide(position, action, tick, forced).has_value());
  }

  const Policy& policy_;
  std::shared_ptr<InboxLedger> ledger_;
  InboxWorld world_;
  double threshold_;
  double energy_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace

Policy heuristic_policy(const InboxReplay& replay) {
  return {[stage = replay.stage](size_t position) {
            return heuristic_score(stage->channels[position]);
          },
          0};
}

Policy deliver_all_policy() {
  return {[](size_t) { return 0.0; }, 0};
}

Policy random_policy() {
  return {[](size_t) { return 0.5; }, 1};
}

Policy oracle_policy(const InboxReplay& replay) {
  return {[truth = replay.truth](size_t position) { return truth->spam[position] ? 1.0 : 0.0; },
          0};
}

std::shared_ptr<const InboxLedger> simulate(const InboxReplay& replay, const Policy& policy) {
  return Simulation(replay, policy).run();
}

}  // namespace thunderline::worlds::inbox
