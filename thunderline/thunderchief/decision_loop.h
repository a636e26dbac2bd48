#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/model_server.h"
#include "thunderline/thunderbolt/training/model_deployer.h"
#include "thunderline/thunderchief/bit_chief.h"
#include "thunderline/thunderchief/cerebros_bridge.h"
#include "thunderline/thunderchief/conductor.h"
#include "thunderline/thunderchief/decision.h"
#include "thunderline/thunderchief/evaluation/page_hinkley.h"
#include "thunderline/thunderchief/event_field.h"
#include "thunderline/thunderchief/governance/loop_governor.h"
#include "thunderline/thunderchief/loop_watch.h"
#include "thunderline/thunderchief/model_record.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/orchestrator/training_planner_agent.h"
#include "thunderline/thunderchief/run_recorder.h"
#include "thunderline/thunderflow/event_bus.h"
#include "thunderline/worlds/world.h"

namespace thunderline::thunderchief {

/// An alarm: the live model's squared error rose.
struct DegradationAlarm {
  uint64_t at_event = 0;
  double statistic = 0.0;
};

/// How far a run is and what it has seen. A value, copied out between ticks.
struct LoopState {
  int64_t ticks = 0;
  uint64_t events = 0;     ///< That have come in.
  uint64_t decisions = 0;  ///< Of the chief.
  uint64_t forced = 0;
  uint64_t seen = 0;       ///< Rewards that came back.
  double seen_reward = 0.0;  ///< Their sum.
  std::string model_version = "heuristic";
  std::vector<ModelRecord> models;
  std::vector<DegradationAlarm> degradation;
  thunderbolt::LoopSummary observables;
  std::vector<LoopAlarm> alarms;
};

/// What a person wants of the live model.
struct ModelWish {
  int version = 0;   ///< Deployed before; 0: the heuristic.
  bool back = false;  ///< A rollback: what is live now is not gone back to later.
  std::string who;
  std::string why;   ///< Not empty.
  std::string key;   ///< Names the wish: one with the key of an earlier one changes nothing.
};

/// One world's run through the whole house: events become bits, bits are scored and decided, every
/// decision is logged, rewards close the steps, trainings happen when they are due, and a model that
/// passed scores from the next tick on. Section 5 of the world's definition gives the order of a tick.
/// A run that was killed is repeated against its log (RunRecorder) and goes on where the log ends.
/// Thread-safety: one thread; the agents have their own.
class DecisionLoop {
 public:
  struct Options {
    uint64_t seed = 42;
    int64_t start_ms = 0;     ///< Unix time that ids carry at tick 0.
    bool wait_for_gate = true;  ///< The world's clock waits while a training runs.
    DecisionRule rule;
    BitChief::Options chief;
    std::string model = "agent_scoring";
  };

  /// What the loop works with; all of it must outlive the loop.
  struct Parts {
    worlds::World& world;
    worlds::ScoreRecorder& scores;
    RunRecorder& recorder;
    thunderbolt::ModelServer& server;
    thunderbolt::ModelDeployer& deployer;
    thunderflow::EventBus& bus;
    PlannerState& planner;
    FileSystem& files;
    /// Says why the agents cannot go on, if so; a wait for them ends then.
    std::function<Status()> agents_status;
    LoopGovernor& governor;
  };

  static Result<std::unique_ptr<DecisionLoop>> create(Options options, Parts parts,
                                                      std::shared_ptr<const Scorer> heuristic);

  /// One tick of the world. False when the run is over: the last event is decided and the last
  /// feedback is in. Errors end the run.
  Result<bool> tick(const std::stop_token& stop);

  /// Called now and then while the loop waits for a training, for who shows progress.
  void on_wait(std::function<void()> notify) { on_wait_ = std::move(notify); }

  /// Lets another model score from the next tick on, by a person's wish. It stands in the log: a run
  /// that is repeated follows it at the same tick. A version that does not load any more changes
  /// nothing. Thread-safety: any thread. Errors: kInvalidArgument without a key or a reason.
  Status ask_for_model(const ModelWish& wish) TL_EXCLUDES(wishes_mutex_);

  const LoopState& state() const { return state_; }
  const Conductor& conductor() const { return *conductor_; }
  Conductor& conductor() { return *conductor_; }
  const EventField& field() const { return *field_; }
  /// The observables and the alerts that stand.
  const LoopWatch& watch() const { return *watch_; }

 private:
  /// A step whose outcome has not come back.
  struct OpenStep {
    Uuid id;
    double score = 0.0;
    int action = 0;
    bool forced = false;
  };

  DecisionLoop(Options options, Parts parts);
  Status set_up(std::shared_ptr<const Scorer> heuristic);

  Status arrive();
  Status take_feedback();
  Status expire();
  Status decide(const ScoredEvent& event);
  Status deliver_forced(size_t position);
  Status log_decision(size_t position, const ScoredEvent& event, const Decision* decision);
  Status note_scores();
  void note_score(const ScoredEvent& event);
  Status watch_model(const OpenStep& step, const worlds::Feedback& feedback);
  Status watch_loop();
  Status roll_back(const thunderbolt::LoopAlert& alert);
  /// Does what was wished for, or what the log says was.
  Status follow_wishes() TL_EXCLUDES(wishes_mutex_);
  std::optional<ModelWish> next_wish() TL_EXCLUDES(wishes_mutex_);
  Status follow(const ModelWish& wish);
  /// Lets `version` score, or the heuristic for 0.
  Status use(int version);

  Status train_if_due(const std::stop_token& stop);
  Status train_while_recovering();
  Status take_recorded_result();
  /// While the world's clock does not wait: the swap of a recorded deployment, at the tick it was.
  Status take_recorded_swap();
  Status log_swap(int version);
  Status await_training(const std::stop_token& stop);
  /// Handles one message of the agents; true when it ends what `await_training` waits for.
  Result<bool> on_message(const Message& message);
  Status on_export_ready(const ExportReady& ready);
  Status on_dropped(const ChallengerDropped& dropped);
  /// Keeps the outcome of a training and has it audited. It stands in the log, durably.
  Status note_model(ModelRecord record);
  Status go_live(int version);

  const Options options_;
  const Parts parts_;
  int64_t tick_ = 0;
  LoopState state_;
  Status failed_ = {};  ///< The first error within a chief's step that must end the run.
  std::optional<EventField> field_;
  std::optional<CerebrosBridge> bridge_;
  std::unique_ptr<Conductor> conductor_;
  BitChief* chief_ = nullptr;  ///< The conductor's.
  std::map<size_t, OpenStep> open_;
  PageHinkley drift_;
  bool alarmed_ = false;
  std::optional<LoopWatch> watch_;
  std::shared_ptr<const Scorer> heuristic_;
  std::vector<int> live_;  ///< Versions to go back to, oldest first; the last one scores.
  std::optional<thunderflow::Subscription<Message>> messages_;
  std::optional<Curriculum> in_flight_;  ///< Asked for, not yet resolved.
  bool ask_again_ = false;  ///< `in_flight_` is the log's: if that ends first, nobody works on it.
  std::optional<int> swapping_;  ///< Deployed by the log, not yet live.
  std::function<void()> on_wait_;
  Mutex wishes_mutex_;
  std::deque<ModelWish> wishes_ TL_GUARDED_BY(wishes_mutex_);
  WatchedTick seen_;          ///< In this tick.
  size_t next_unscored_ = 0;  ///< Positions below were scored before this tick.
  size_t newest_scored_ = 0;  ///< Positions below were scored by now.
};

}  // namespace thunderline::thunderchief
