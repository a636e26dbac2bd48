// The orchestrator agents by their messages, and the group that runs them.

#include <gtest/gtest.h>

#include "thunderline/thunderchief/orchestrator/orchestrator_agent.h"
#include "thunderline/thunderchief/orchestrator/training_planner_agent.h"

namespace thunderline::thunderchief {
namespace {

using namespace std::chrono_literals;

struct Said {
  std::vector<Message> messages;
  Publish publish() {
    return [this](Message message) {
      messages.push_back(std::move(message));
      return Status{};
    };
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Message& message : messages) names.emplace_back(message_name(message));
    return names;
  }
};

Curriculum curriculum_of(int version) {
  Curriculum curriculum;
  curriculum.model = "agent_scoring";
  curriculum.version = version;
  return curriculum;
}

TEST(TrainingPlannerAgent, AnswersEveryFeedbackWithARequestOrWithNothingDue) {
  Said said;
  auto state = std::make_shared<PlannerState>(TrainingSchedule::Options{}, curriculum_of(0), 42);
  TrainingPlannerAgent planner(state, said.publish());
  ASSERT_TRUE(planner.handle(FeedbackSeen{3, 100}, {}));
  ASSERT_TRUE(planner.handle(FeedbackSeen{9, 600}, {}));
  EXPECT_EQ(said.names(), (std::vector<std::string>{"nothing_due", "training_request"}));
  const auto& request = std::get<TrainingRequest>(said.messages[1]);
  EXPECT_EQ(request.curriculum.version, 1);
  EXPECT_EQ(request.curriculum.tick, 9);
  EXPECT_NE(request.curriculum.reason, "");
}

TEST(OrchestratorAgent, MergesASecondRequestForAModelUntilTheFirstIsOver) {
  Said said;
  OrchestratorAgent agent(std::make_shared<OrchestratorState>(), said.publish());
  ASSERT_TRUE(agent.handle(TrainingRequest{1, curriculum_of(1)}, {}));
  ASSERT_TRUE(agent.handle(TrainingRequest{2, curriculum_of(2)}, {}));
  ASSERT_TRUE(agent.handle(TrainingRequest{1, curriculum_of(1)}, {}));
  ASSERT_TRUE(agent.handle(ModelDeployed{1, "agent_scoring", 1, 0.0}, {}));
  ASSERT_TRUE(agent.handle(TrainingRequest{3, curriculum_of(3)}, {}));
  EXPECT_EQ(said.names(), (std::vector<std::string>{"training_granted", "conflict_resolved",
                                                    "training_granted", "training_granted"}));
  EXPECT_EQ(std::get<ConflictResolved>(said.messages[1]).merged_into, 1u);
}

TEST(OrchestratorAgent, ExportsOnlyWhatAnEvaluationLetThrough) {
  Said said;
  OrchestratorAgent agent(std::make_shared<OrchestratorState>(), said.publish());
  Evaluation passed;
  passed.deploy = true;
  ASSERT_TRUE(agent.handle(EvaluationComplete{1, nullptr, passed, {}}, {}));
  ASSERT_TRUE(agent.handle(EvaluationComplete{2, nullptr, Evaluation{}, {}}, {}));
  ASSERT_TRUE(agent.handle(TrainingFailed{3, {ErrorCode::kInternal, "why", "", ""}}, {}));
  EXPECT_EQ(said.names(), (std::vector<std::string>{"export_request", "challenger_dropped",
                                                    "challenger_dropped"}));
  EXPECT_EQ(std::get<ChallengerDropped>(said.messages[2]).error->message, "why");
}

/// Fails on the first request, of its first life; answers the others.
class FragileAgent final : public Agent {
 public:
  FragileAgent(std::shared_ptr<std::atomic<int>> handled, Publish publish)
      : handled_(std::move(handled)), publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token&) override {
    if (!std::holds_alternative<FeedbackSeen>(message)) return {};
    if (handled_->fetch_add(1) == 0) return fail(ErrorCode::kInternal, "fragile");
    return publish_(NothingDue{std::get<FeedbackSeen>(message).tick});
  }

 private:
  std::shared_ptr<std::atomic<int>> handled_;
  Publish publish_;
};

TEST(AgentGroup, StartsAFailedAgentAnewWithItsWaitingMessages) {
  const SystemClock clock;
  thunderflow::EventBus bus(clock);
  auto answers = bus.subscribe(kOrchestratorTopic);
  ASSERT_TRUE(answers);
  auto handled = std::make_shared<std::atomic<int>>(0);
  auto group = AgentGroup::start(
      {{"fragile", [=](const Publish& publish) {
          return std::make_unique<FragileAgent>(handled, publish);
        }}},
      bus, clock);
  ASSERT_TRUE(group);
  ASSERT_TRUE(bus.publish(kOrchestratorTopic, FeedbackSeen{1, 0}));
  ASSERT_TRUE(bus.publish(kOrchestratorTopic, FeedbackSeen{2, 0}));
  bool answered = false;
  while (!answered) {
    const auto message = answers->pop(10s);
    ASSERT_TRUE(message) << "the restarted agent did not answer";
    const auto* answer = std::get_if<NothingDue>(&**message);
    answered = answer != nullptr && answer->tick == 2;
  }
  EXPECT_EQ((*group)->agents()[0].restarts, 1u);
  EXPECT_TRUE((*group)->status());
}

}  // namespace
}  // namespace thunderline::thunderchief
