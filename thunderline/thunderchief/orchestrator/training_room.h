#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "thunderline/base/mutex.h"
#include "thunderline/thunderchief/orchestrator/evaluator.h"
#include "thunderline/thunderchief/orchestrator/exporter.h"
#include "thunderline/thunderchief/orchestrator/protocol/agent_room.h"
#include "thunderline/thunderchief/orchestrator/trainer.h"
#include "thunderline/thunderchief/orchestrator/training_agents.h"
#include "thunderline/thunderflow/event_bus.h"

namespace thunderline::thunderchief {

/// The orchestrator agents of a run: the protocol's machines decide, the jobs of trainer,
/// evaluation and export work. What a job made is kept for the next stage; a process that was
/// killed makes it again from the log and the trials that were kept, with the same result. An
/// export job ends when the deployment stands in the log, so the swap, which the machines order
/// after it, never comes first. Thread-safety: `agents` and `status` from any thread, the rest from
/// the loop's.
class TrainingRoom final : public TrainingAgents {
 public:
  struct Options {
    std::string model = "agent_scoring";
    int cores = 1;  ///< Threads of a training.
    /// Whether a training is not wanted any more. Called on the loop's thread.
    std::function<bool(const Curriculum&)> cancelled;
  };

  struct Parts {
    protocol::RequestStore& store;
    const Trainer& trainer;
    const Evaluator& evaluator;
    const Exporter& exporter;
    thunderbolt::ModelDeployer& deployer;
    thunderflow::EventBus& bus;
    const Clock& clock;
  };

  TrainingRoom(Options options, Parts parts) : options_(std::move(options)), parts_(parts) {}
  ~TrainingRoom() override;

  Result<uint64_t> begin(const protocol::LogFacts& facts,
                         const std::optional<Curriculum>& in_flight) override;
  Result<uint64_t> train(const Curriculum& curriculum) override;
  void resolve_hold(const HoldResolved& resolved) override;
  bool claim_deploy(uint64_t id) override;
  Result<double> deploy(uint64_t id) override;
  Status roll_back(int version, const std::string& reason) override;
  Status status() const override;

  /// Cancels what `Options::cancelled` says is not wanted any more, while its study goes on.
  void cancel_unwanted();

  /// The agents; none before `begin`.
  std::vector<thunderflow::ChildInfo> agents() const;

 private:
  /// What is known and was made of a request, in this process.
  struct Bench {
    Curriculum curriculum;
    bool rollback = false;
    bool introduced = false;  ///< Its plan and the pages know of it.
    bool cancelled = false;
    bool claimed = false;
    bool approved = false;
    bool staged = false;
    bool ended = false;
    std::shared_ptr<const Challenger> challenger;
    std::optional<Evaluation> evaluation;
    std::optional<HoldResolved> answer;
    StageSeconds seconds;
    protocol::Phase end = protocol::Phase::kTraining;
    std::string reason;
  };

  protocol::JobResult do_job(protocol::Role role, const protocol::JobContext& context);
  Result<protocol::JobResult> do_stage(protocol::Role role, const Work& work);
  /// Tells the plans and the pages of the request, once. Errors: kInternal when nobody knows it.
  Status introduce(const Work& work);
  Result<std::shared_ptr<const Challenger>> trained(const Work& work);
  Result<Evaluation> evaluated(const Work& work);
  Result<Evaluation> resolved(const Work& work, Evaluation evaluation);
  Status exported(const Work& work);
  Status activate(const protocol::LiveRecord& live);
  void on_ended(const protocol::AskRecord& ask);

  uint64_t add(Bench bench);
  Result<Bench> await_end(uint64_t id);
  Bench copy(uint64_t id) const;
  std::shared_ptr<protocol::AgentRoom> room() const;
  /// Waits, with signs of life, until `done` holds. Errors: kInterrupted when the work is to stop.
  Status await(const Work& work, const std::function<bool(const Bench&)>& done);
  void say(Message message) { (void)parts_.bus.publish(kOrchestratorTopic, std::move(message)); }

  const Options options_;
  const Parts parts_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<uint64_t, Bench> benches_ TL_GUARDED_BY(mutex_);
  uint64_t last_id_ TL_GUARDED_BY(mutex_) = 0;
  int live_ TL_GUARDED_BY(mutex_) = 0;
  std::string rollback_reason_ TL_GUARDED_BY(mutex_);
  std::shared_ptr<protocol::AgentRoom> room_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderchief
