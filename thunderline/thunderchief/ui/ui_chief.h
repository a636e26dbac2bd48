#pragma once

#include <array>
#include <chrono>
#include <set>
#include <string_view>
#include <vector>

#include "thunderline/thunderchief/chief.h"
#include "thunderline/thunderchief/ui/viewer_hub.h"

namespace thunderline::thunderchief {

/// Keeps the pages fresh: a viewer that cannot keep up gets fewer updates, the newest ones, of what
/// it looks at; one that is idle gets ahead what it will likely open. Each viewer is treated by its
/// own queue, so a slow one costs the others nothing. Each action is taken at most once a tick, for
/// all viewers that need it.
/// Actions: 0 throttle_updates, 1 flush_stale, 2 prioritize_component, 3 prune_offscreen,
/// 4 prefetch_data, 5 wait. Thread-safety: one thread.
class UIChief final : public Chief {
 public:
  struct Options {
    std::chrono::nanoseconds target_latency = std::chrono::milliseconds(250);
    double target_pressure = 0.25;  ///< Queued share of the capacity. Range: (0, 1].
    std::chrono::nanoseconds first_interval = std::chrono::milliseconds(100);
    std::chrono::nanoseconds longest_interval = std::chrono::seconds(4);
  };

  /// The hub must outlive the chief.
  UIChief(Options options, ViewerHub& hub) : options_(options), hub_(hub) {}

  std::string_view name() const override { return "ui"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t tick) override;
  /// Viewers, worst latency, worst pressure, shares of viewers that are late, throttled, pruned.
  std::vector<float> observe_state() const override;
  int choose_action(std::span<const float> state) override;
  ChiefOutcome apply_action(int action) override;

 private:
  static constexpr std::array<std::string_view, 6> kActions = {
      "throttle_updates", "flush_stale",   "prioritize_component",
      "prune_offscreen",  "prefetch_data", "wait"};

  bool exceeds_target(const Viewer& viewer) const;
  bool is_late(const Viewer& viewer) const { return late_.contains(viewer.id); }
  bool is_calm(const Viewer& viewer) const;
  bool needs(int action, const Viewer& viewer) const;
  /// Does it; returns how many updates were dropped.
  size_t treat(int action, const Viewer& viewer);
  void adjust(const Viewer& viewer);

  const Options options_;
  ViewerHub& hub_;
  std::vector<Viewer> viewers_;
  /// Viewers that were late when the tick began. Dropping stale updates makes any viewer look well
  /// again; only what also keeps it so ends the lateness.
  std::set<uint64_t> late_;
  std::array<bool, 6> done_{};  ///< Actions taken in this tick.
};

}  // namespace thunderline::thunderchief
