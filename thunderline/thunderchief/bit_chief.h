#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/thunderchief/cerebros_bridge.h"
#include "thunderline/thunderchief/chief.h"
#include "thunderline/thunderchief/event_field.h"

namespace thunderline::thunderchief {

/// Which waiting bits are activated first. Ties: newest first (fifo: oldest first).
enum class ActivationStrategy {
  kFifo,      ///< Longest waiting.
  kPriority,  ///< Highest priority.
  kEnergy,    ///< Most energy.
  kScore,     ///< Highest score.
};

const char* strategy_name(ActivationStrategy strategy);
/// Errors: kInvalidArgument that lists the names there are.
Result<ActivationStrategy> parse_strategy(std::string_view name);

/// A waiting bit as it was scored this tick.
struct ScoredEvent {
  size_t position = 0;
  double score = 0.0;
  std::vector<float> features;  ///< What the score was made from.
};

/// Manages the field's bits: has the waiting ones scored, activates as many as the energy allows,
/// retires what has acted, drops what is retired.
/// Actions: 0 cerebros_evaluate, 1 activate_pending, 2 transition, 3 consolidate, 4 checkpoint,
/// 5 wait. Thread-safety: one thread.
class BitChief final : public Chief {
 public:
  struct Options {
    ActivationStrategy strategy = ActivationStrategy::kScore;
    double energy_per_tick = 6;  ///< Gained each tick.
    double energy_cap = 12;      ///< Most that is kept.
    double energy_cost = 1;      ///< Of one activation.
    /// Ticks between checkpoints of the field; 0: none.
    int64_t checkpoint_every_ticks = 0;
    std::string checkpoint_path;  ///< Where the field is written as JSON.
  };

  /// Acts on an activated event: decides it, tells the world, logs the step. Its error is the
  /// chief's.
  using Activate = std::function<Status(const ScoredEvent&)>;

  /// Everything passed must outlive the chief.
  BitChief(Options options, EventField& field, const CerebrosBridge& bridge, FileSystem& files,
           Activate activate);

  std::string_view name() const override { return "bit"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t tick) override;
  std::vector<float> observe_state() const override;
  int choose_action(std::span<const float> state) override;
  ChiefOutcome apply_action(int action) override;

  double energy() const { return energy_; }
  ActivationStrategy strategy() const { return options_.strategy; }

  /// This tick's evaluations, by position.
  const std::map<size_t, ScoredEvent>& evaluated() const { return evaluated_; }

  /// Reads a field that `checkpoint` wrote. Errors: kNotFound, kBadData.
  static Result<thunderbit::Context> restore(FileSystem& files, const std::string& path);

 private:
  static constexpr std::array<std::string_view, 6> kActions = {
      "cerebros_evaluate", "activate_pending", "transition", "consolidate", "checkpoint", "wait"};

  ChiefOutcome evaluate();
  ChiefOutcome activate_pending();
  ChiefOutcome transition();
  ChiefOutcome consolidate();
  ChiefOutcome checkpoint();
  std::vector<const ScoredEvent*> activation_order() const;
  bool goes_first(const ScoredEvent& a, const ScoredEvent& b) const;
  bool can_activate() const;

  const Options options_;
  EventField& field_;
  const CerebrosBridge& bridge_;
  FileSystem& files_;
  const Activate activate_;
  int64_t tick_ = 0;
  double energy_ = 0.0;
  bool evaluated_this_tick_ = false;
  bool consolidated_this_tick_ = false;
  bool checkpointed_this_tick_ = false;
  std::map<size_t, ScoredEvent> evaluated_;
  std::vector<size_t> acted_;  ///< Activated, not yet retired.
};

}  // namespace thunderline::thunderchief
