// A chief of your own: it keeps a queue short. Register it with a Conductor beside the others.

#include "thunderline/thunderchief/chief.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "thunderline/thunderchief/conductor.h"

using namespace thunderline;
using namespace thunderline::thunderchief;

namespace {

class QueueChief final : public Chief {
 public:
  std::string_view name() const override { return "queue"; }
  std::span<const std::string_view> actions() const override { return kActions; }

  Status begin_tick(int64_t tick) override {
    queued_ += tick % 4;
    served_ = false;
    return {};
  }

  std::vector<float> observe_state() const override {
    return {std::min(static_cast<float>(queued_) / 10.0f, 1.0f), served_ ? 1.0f : 0.0f};
  }

  int choose_action(std::span<const float> state) override {
    return state[0] > 0.2f && state[1] == 0.0f ? kServe : kWait;
  }

  ChiefOutcome apply_action(int action) override {
    if (action == kWait) return ChiefOutcome::noop();
    served_ = true;
    queued_ -= 2;
    return ChiefOutcome::success("served two");
  }

 private:
  static constexpr int kServe = 0;
  static constexpr int kWait = 1;  // "wait" is last: it ends the chief's turn.
  static constexpr std::array<std::string_view, 2> kActions = {"serve", "wait"};

  int64_t queued_ = 0;
  bool served_ = false;
};

}  // namespace

int main() {
  const auto log = [](const thunderbolt::ChiefStep&) { return Status{}; };
  Conductor conductor(Conductor::Options{}, log);
  if (const Status added = conductor.register_chief(std::make_unique<QueueChief>()); !added) {
    std::fprintf(stderr, "error: %s\n", to_string(added.error()).c_str());
    return 1;
  }
  for (int64_t tick = 0; tick < 20; ++tick) conductor.tick(tick);
  std::printf("%s\n", to_json(conductor.get_states()).c_str());
  return conductor.get_states().front().reward > 0 ? 0 : 1;
}
