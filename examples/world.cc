// A world of your own: sensors whose first channel tells, with noise, which reading is bad. The
// program drives it as the decision loop does: arrive, feedback_due, expired, decide, end_tick.

#include "thunderline/worlds/world.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "thunderline/base/random.h"

using namespace thunderline;
using namespace thunderline::worlds;

namespace {

class SensorWorld final : public World {
 public:
  explicit SensorWorld(size_t readings, uint64_t seed) {
    spec_.name = "sensors";
    spec_.actions = {"accept", "reject"};
    for (size_t i = 0; i < kChannels; ++i) spec_.channel_names.push_back("c" + std::to_string(i));
    spec_.reward_table = RewardTable{};
    spec_.reward_low = -1;
    spec_.reward_high = 1;
    // All that chance decides is drawn here, so that every policy meets the same world.
    Random random(seed);
    for (size_t i = 0; i < readings; ++i) {
      const bool bad = random.unit() < 0.3;
      const double shown = (bad ? 0.7 : 0.3) + 0.2 * random.normal();
      readings_.push_back({bad, static_cast<float>(std::clamp(shown, 0.0, 1.0)), random.unit()});
    }
  }

  const WorldSpec& spec() const override { return spec_; }
  size_t size() const override { return readings_.size(); }

  std::vector<Arrival> arrive(int64_t) override {
    if (arrived_ == readings_.size()) return {};
    Arrival arrival;
    arrival.position = arrived_;
    arrival.channels[0] = readings_[arrived_].shown;
    ++arrived_;
    return {arrival};
  }

  std::vector<Feedback> feedback_due(int64_t) override { return std::exchange(due_, {}); }
  std::vector<size_t> expired(int64_t) const override { return {}; }
  double exploration(size_t position) const override { return readings_[position].draw; }

  Status decide(size_t position, int action, int64_t tick, bool) override {
    if (position >= arrived_) return fail(ErrorCode::kNotFound, "no such reading");
    if (readings_[position].decided) return fail(ErrorCode::kRefused, "decided before");
    readings_[position].decided = true;
    ++decided_;
    due_.push_back(
        {position, true, spec_.reward_table->value(action, readings_[position].bad), tick + 1});
    return {};
  }

  void end_tick(int64_t) override {}
  bool finished() const override { return decided_ == readings_.size() && due_.empty(); }

 private:
  struct Reading {
    bool bad = false;
    float shown = 0;
    double draw = 0;
    bool decided = false;
  };

  WorldSpec spec_;
  std::vector<Reading> readings_;
  std::vector<Feedback> due_;
  size_t arrived_ = 0;
  size_t decided_ = 0;
};

/// The mean reward of rejecting what shows more than `threshold`; nothing on an error.
std::optional<double> mean_reward(float threshold) {
  SensorWorld world(1000, 42);
  double sum = 0;
  for (int64_t tick = 0; !world.finished(); ++tick) {
    const std::vector<Arrival> arrivals = world.arrive(tick);
    for (const Feedback& feedback : world.feedback_due(tick)) sum += feedback.reward;
    for (const Arrival& arrival : arrivals) {
      const int action = arrival.channels[0] > threshold ? kQuarantine : kDeliver;
      if (!world.decide(arrival.position, action, tick, false)) return std::nullopt;
    }
    world.end_tick(tick);
  }
  return sum / static_cast<double>(world.size());
}

}  // namespace

int main() {
  const auto accept_all = mean_reward(1.0f);
  const auto by_rule = mean_reward(0.5f);
  if (!accept_all || !by_rule) return 1;
  std::printf("mean reward: accept all %.3f, by a threshold %.3f\n", *accept_all, *by_rule);
  return *by_rule > *accept_all ? 0 : 1;
}
