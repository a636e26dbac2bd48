// A run on a small inbox in which the training hands over the model that the test wants: what the loop
// does about a model that collapses or follows its own queue.

#include "thunderline/thunderchief/decision_loop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/small_inbox.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_onnx.h"
#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"
#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"
#include "thunderline/worlds/inbox/inbox_world.h"

namespace thunderline::thunderchief {
namespace {

using testing::TinyOnnx;

constexpr const char* kModel = "agent_scoring";
constexpr int64_t kWidth = 40;
constexpr size_t kActiveBits = 21;
constexpr size_t kFirstChannel = 24;

/// sigmoid(weight · x[feature] + bias).
std::vector<std::byte> model_of(size_t feature, float weight, float bias) {
  std::vector<float> weights(kWidth, 0.0f);
  weights[feature] = weight;
  return TinyOnnx()
      .input("x", {-1, kWidth})
      .output("y", {-1, 1})
      .initializer("W", {kWidth, 1}, weights)
      .initializer("b", {1}, {bias})
      .node("MatMul", {"x", "W"}, {"xw"})
      .node("Add", {"xw", "b"}, {"z"})
      .node("Sigmoid", {"z"}, {"y"})
      .build();
}
std::vector<std::byte> healthy_model() { return model_of(kFirstChannel, 6.0f, -3.0f); }
std::vector<std::byte> constant_model() { return model_of(0, 0.0f, 0.7f); }
/// Answers by how much is in the field, whatever the mail says.
std::vector<std::byte> queue_model() { return model_of(kActiveBits, 6.0f, -2.5f); }

/// Mails of random channels, as many a tick as keep the queue moving.
worlds::inbox::InboxReplay inbox_of(size_t ticks) {
  Random random(5);
  std::vector<testing::SmallMail> mails;
  std::vector<size_t> arrivals;
  double rate = 7.0;
  for (size_t tick = 0; tick < ticks; ++tick) {
    rate = std::clamp(rate + 2.0 * random.normal() + 0.2 * (7.0 - rate), 1.0, 13.0);
    arrivals.push_back(static_cast<size_t>(rate));
    for (size_t i = 0; i < arrivals.back(); ++i) {
      mails.push_back({random.unit() < 0.3, true, static_cast<int64_t>(1 + random.below(5)),
                       random.unit()});
    }
  }
  worlds::inbox::InboxReplay replay = testing::small_inbox(mails, arrivals);
  auto stage = *replay.stage;
  for (auto& channels : stage.channels) {
    for (float& channel : channels) channel = static_cast<float>(random.unit());
  }
  replay.stage = std::make_shared<const worlds::inbox::InboxStage>(std::move(stage));
  return replay;
}

class NoSink final : public thunderbolt::DeployEventSink {
 public:
  void publish(const thunderbolt::DeployEvent& event) override { names.push_back(event.name); }
  std::vector<std::string> names;
};

/// Allows everything, and keeps which versions were taken out of service.
class PermissiveGovernor final : public LoopGovernor {
 public:
  Status begin_tick(EventField&) override { return {}; }
  Status answer_holds() override { return {}; }
  Status held(const EvaluationComplete&) override { return {}; }
  Status resolved(const ModelRecord&, const std::string&, int64_t) override { return {}; }
  Status rolled_back(int version, const std::string&, const std::string&, int64_t) override {
    rolled_back_versions.push_back(version);
    return {};
  }
  Status changed_by_hand(const std::string& who, bool, const std::string& before,
                         const std::string& live, const std::string&,
                         const std::string&) override {
    by_hand.push_back(who + ": " + before + " to " + live);
    return {};
  }
  void degraded(int64_t) override {}
  void read(const thunderbolt::LoopReading&) override {}

  std::vector<int> rolled_back_versions;
  std::vector<std::string> by_hand;
};

/// A run whose trainings, one after each 300 rewards, give the models of `forced` in turn. It is what the
/// agents are to the loop, but for the training.
class ForcedRun final : public TrainingAgents {
 public:
  ForcedRun(const std::string& folder, thunderbolt::TrajectoryLogger& log,
            std::vector<std::vector<std::byte>> forced, size_t ticks = 260)
      : replay_(inbox_of(ticks)),
        ledger_(worlds::inbox::make_ledger(replay_)),
        world_(replay_, ledger_),
        recorder_(RunRecorder::create(log).value()),
        repository_(posix_file_system(), folder),
        loader_(repository_, {}, clock_),
        server_(loader_, {}),
        deployer_(repository_, server_, sink_, clock_, {}),
        planner_({.first = 300, .every = 300}, plan(), 1),
        forced_(std::move(forced)) {
    for (const auto kind : {thunderbolt::LoopAlertKind::kLocked,
                            thunderbolt::LoopAlertKind::kDegenerate,
                            thunderbolt::LoopAlertKind::kChaotic}) {
      alerts_.push_back(bus_.subscribe(loop_topic(kind)).value());
    }
    DecisionLoop::Options options;
    options.seed = 3;
    options.chief.energy_per_tick = 6;
    options.chief.energy_cap = 12;
    options.chief.energy_cost = 1;
    DecisionLoop::Parts parts{world_,    *ledger_,  recorder_, server_,
                              deployer_, bus_,      planner_,  posix_file_system(),
                              *this,     governor_};
    const auto rule = [](std::span<const float> row) { return row[kFirstChannel]; };
    loop_ = DecisionLoop::create(options, std::move(parts),
                                 std::make_shared<HeuristicScorer>(rule, kWidth))
                .value();
  }

  Result<uint64_t> begin(const protocol::LogFacts& facts,
                         const std::optional<Curriculum>& in_flight) override {
    began_with.push_back(facts);
    return in_flight ? train(*in_flight) : 0;
  }
  Result<uint64_t> train(const Curriculum& due) override {
    const auto index = static_cast<size_t>(due.version - 1);
    if (index >= forced_.size()) return 0;
    hand_over(due, forced_[index]);
    return 1;
  }
  void resolve_hold(const HoldResolved&) override {}
  bool claim_deploy(uint64_t) override { return true; }
  Result<double> deploy(uint64_t) override {
    TL_RETURN_IF_ERROR(deployer_.activate(kModel, handed_over_));
    return 0.0;
  }
  Status roll_back(int version, const std::string& reason) override {
    return deployer_.roll_back_to(kModel, version, reason);
  }
  Status status() const override { return {}; }

  /// Runs to the end, or to this many ticks.
  void run(int64_t ticks = 100'000) {
    const std::stop_source stop;
    for (int64_t i = 0; i < ticks; ++i) {
      const auto more = loop_->tick(stop.get_token());
      ASSERT_TRUE(more) << to_string(more.error());
      if (!*more) return;
    }
  }

  const LoopState& state() const { return loop_->state(); }
  const PermissiveGovernor& governor() const { return governor_; }
  const DecisionLoop& loop() const { return *loop_; }
  DecisionLoop& loop() { return *loop_; }
  const std::vector<std::string>& deploy_events() const { return sink_.names; }
  thunderbolt::ModelRepository& repository() { return repository_; }
  bool recovering() const { return recorder_.recovering(); }

  /// Alerts that came over the bus.
  size_t published() {
    size_t count = 0;
    for (auto& alerts : alerts_) count += alerts.size();
    return count;
  }

 private:
  static Curriculum plan() {
    Curriculum plan;
    plan.model = kModel;
    return plan;
  }

  void hand_over(const Curriculum& due, const std::vector<std::byte>& onnx) {
    handed_over_ = due.version;
    auto challenger = std::make_shared<Challenger>();
    challenger->curriculum = due;
    challenger->study.trials.resize(1);
    challenger->dataset = std::make_shared<thunderbolt::Dataset>();
    Evaluation evaluation;
    evaluation.deploy = true;
    thunderbolt::ModelMetadata metadata;
    metadata.name = kModel;
    metadata.version = due.version;
    thunderbolt::GoldenSet golden;
    golden.rows = 1;
    golden.inputs.assign(kWidth, 0.25f);
    golden.expected = expected_of(onnx);
    EXPECT_TRUE(deployer_.stage(onnx, metadata, golden));
    publish(ExportReady{1, "", due.version, challenger, evaluation, {}});
  }

  std::vector<float> expected_of(const std::vector<std::byte>& onnx) {
    if (onnx == healthy_model()) return {sigmoid(6.0f * 0.25f - 3.0f)};
    if (onnx == constant_model()) return {sigmoid(0.7f)};
    return {sigmoid(6.0f * 0.25f - 2.5f)};
  }
  static float sigmoid(float z) { return 1.0f / (1.0f + std::exp(-z)); }
  void publish(Message message) { (void)bus_.publish(kOrchestratorTopic, std::move(message)); }

  testing::FakeClock clock_;
  worlds::inbox::InboxReplay replay_;
  std::shared_ptr<worlds::inbox::InboxLedger> ledger_;
  worlds::inbox::InboxWorld world_;
  RunRecorder recorder_;
  NoSink sink_;
  PermissiveGovernor governor_;
  thunderflow::EventBus bus_{clock_};
  thunderbolt::ModelRepository repository_;
  thunderbolt::RepositoryLoader loader_;
  thunderbolt::ModelServer server_;
  thunderbolt::ModelDeployer deployer_;
  PlannerState planner_;
  std::vector<std::vector<std::byte>> forced_;
  std::vector<thunderflow::Subscription<thunderbolt::LoopAlert>> alerts_;
  int handed_over_ = 0;
  std::unique_ptr<DecisionLoop> loop_;

 public:
  std::vector<protocol::LogFacts> began_with;
};

/// The tick at which a version went live, from the log.
int64_t tick_of_event(thunderbolt::TrajectoryLogger& log, const std::string& kind, size_t nth = 0) {
  int64_t tick = -1;
  EXPECT_TRUE(log.replay({}, [&](uint64_t, const thunderbolt::LogRecord& record) -> Status {
    const auto* event = std::get_if<thunderbolt::LogEvent>(&record);
    if (event != nullptr && event->kind == kind && tick < 0 && nth-- == 0) tick = event->tick;
    return {};
  }));
  return tick;
}

TEST(DecisionLoop, RollsAConstantModelBackWithin50Ticks) {
  const testing::TempFolder folder;
  thunderbolt::MemoryTrajectoryLogger log;
  ForcedRun run(folder.path(), log, {healthy_model(), constant_model()});
  run.run();
  ASSERT_EQ(run.state().models.size(), 2u);
  EXPECT_FALSE(run.state().models[0].rolled_back_at);
  EXPECT_TRUE(run.state().models[1].rolled_back_at);
  EXPECT_EQ(run.governor().rolled_back_versions, std::vector<int>{2});
  EXPECT_EQ(run.state().model_version, "1");
  ASSERT_EQ(run.state().alarms.size(), 1u);
  EXPECT_EQ(run.state().alarms[0].model_version, "2");
  EXPECT_EQ(run.state().alarms[0].alert.what, "entropy");
  EXPECT_EQ(run.published(), 1u);
  EXPECT_TRUE(run.loop().watch().standing().empty());
  const int64_t live = tick_of_event(log, "model.deployed", 1);
  const int64_t alarm = tick_of_event(log, "ml.loop.degenerate");
  ASSERT_GT(live, 0);
  EXPECT_GT(alarm, live);
  EXPECT_LE(alarm - live, 50);
  EXPECT_EQ(tick_of_event(log, "model.rolled_back"), alarm);
  EXPECT_EQ(run.deploy_events().back(), "ml.model.rolled_back");
  EXPECT_EQ(run.repository().current(kModel)->version, 1);
}

TEST(DecisionLoop, GoesBackToTheHeuristicFromADegenerateFirstModel) {
  const testing::TempFolder folder;
  thunderbolt::MemoryTrajectoryLogger log;
  ForcedRun run(folder.path(), log, {constant_model(), healthy_model()});
  run.run();
  ASSERT_EQ(run.state().models.size(), 2u);
  EXPECT_TRUE(run.state().models[0].rolled_back_at);
  EXPECT_EQ(run.state().model_version, "2") << "the next model is deployed as if nothing had been";
  const auto pointer = run.repository().current(kModel);
  EXPECT_EQ(pointer->version, 2);
  EXPECT_TRUE(pointer->previous.empty()) << "what was rolled back is none to go back to";
}

TEST(DecisionLoop, RollsAModelBackThatFollowsItsOwnQueueWithin50Ticks) {
  const testing::TempFolder folder;
  thunderbolt::MemoryTrajectoryLogger log;
  ForcedRun run(folder.path(), log, {healthy_model(), queue_model()});
  run.run();
  ASSERT_EQ(run.state().models.size(), 2u);
  EXPECT_TRUE(run.state().models[1].rolled_back_at);
  EXPECT_EQ(run.state().model_version, "1");
  const int64_t live = tick_of_event(log, "model.deployed", 1);
  const int64_t alarm = tick_of_event(log, "ml.loop.locked");
  ASSERT_GT(live, 0);
  EXPECT_GT(alarm, live);
  EXPECT_LE(alarm - live, 50);
}

TEST(DecisionLoop, LeavesAHealthyModelAlone) {
  const testing::TempFolder folder;
  thunderbolt::MemoryTrajectoryLogger log;
  ForcedRun run(folder.path(), log, {healthy_model()});
  run.run();
  EXPECT_EQ(run.state().model_version, "1");
  EXPECT_TRUE(run.state().alarms.empty());
  EXPECT_EQ(run.published(), 0u);
}

/// Every record that a run leaves, as text.
std::vector<std::string> records_of(thunderbolt::TrajectoryLogger& log) {
  std::vector<std::string> records;
  EXPECT_TRUE(log.replay({}, [&](uint64_t, const thunderbolt::LogRecord& record) -> Status {
    if (const auto* step = std::get_if<thunderbolt::Step>(&record)) {
      records.push_back(step->id.to_string() + step->metadata);
    } else if (const auto* event = std::get_if<thunderbolt::LogEvent>(&record)) {
      records.push_back(event->kind + std::to_string(event->tick) + event->json);
    }
    return {};
  }));
  return records;
}

TEST(DecisionLoop, AResumedRunRepeatsItsRollbacks) {
  const testing::TempFolder whole_folder, folder;
  thunderbolt::MemoryTrajectoryLogger whole_log, log;
  const std::vector<std::vector<std::byte>> forced = {constant_model(), healthy_model(),
                                                      constant_model()};
  ForcedRun whole(whole_folder.path(), whole_log, forced);
  whole.run();
  ASSERT_EQ(whole.state().alarms.size(), 2u);
  // Left where the third model serves, and where it was just rolled back.
  for (const int64_t ticks : {tick_of_event(whole_log, "model.deployed", 2) + 2,
                              tick_of_event(whole_log, "model.rolled_back", 1) + 1}) {
    ForcedRun part(folder.path(), log, forced);
    part.run(ticks);
  }
  ForcedRun rest(folder.path(), log, forced);
  EXPECT_TRUE(rest.recovering());
  rest.run();
  EXPECT_FALSE(rest.recovering());
  EXPECT_EQ(records_of(log), records_of(whole_log));
  EXPECT_EQ(rest.state().model_version, "2");
  ASSERT_EQ(rest.state().models.size(), whole.state().models.size());
  for (size_t i = 0; i < rest.state().models.size(); ++i) {
    EXPECT_EQ(rest.state().models[i].rolled_back_at, whole.state().models[i].rolled_back_at);
  }
  EXPECT_EQ(*rest.repository().current(kModel), *whole.repository().current(kModel));
}

TEST(DecisionLoop, FollowsAPersonsWishAndRepeatsItAtTheSameTick) {
  const testing::TempFolder folder;
  thunderbolt::MemoryTrajectoryLogger log;
  const std::vector<std::vector<std::byte>> forced = {healthy_model(), healthy_model()};
  int64_t live = 0;
  {
    ForcedRun part(folder.path(), log, forced);
    while (part.state().model_version != "2") part.run(1);
    ASSERT_TRUE(part.loop().ask_for_model({1, true, "ann", "the second loses ham", "k1"}));
    part.run(1);
    EXPECT_EQ(part.state().model_version, "1");
    EXPECT_TRUE(part.state().models[1].rolled_back_at);
    ASSERT_TRUE(part.loop().ask_for_model({2, false, "ann", "it was the corpus", "k2"}));
    ASSERT_TRUE(part.loop().ask_for_model({99, false, "ann", "no such model", "k3"}));
    part.run(3);
    EXPECT_EQ(part.state().model_version, "2") << "one that does not load changes nothing";
    EXPECT_FALSE(part.state().models[1].rolled_back_at);
    EXPECT_EQ(part.governor().by_hand,
              (std::vector<std::string>{"ann: 2 to 1", "ann: 1 to 2"}));
    EXPECT_FALSE(part.loop().ask_for_model({1, false, "ann", "", "k4"}));
    live = part.state().ticks;
  }
  ForcedRun rest(folder.path(), log, forced);
  rest.run(live);
  EXPECT_FALSE(rest.recovering());
  EXPECT_EQ(rest.state().model_version, "2");
  EXPECT_EQ(rest.governor().by_hand, (std::vector<std::string>{"ann: 2 to 1", "ann: 1 to 2"}));
}

}  // namespace
}  // namespace thunderline::thunderchief
