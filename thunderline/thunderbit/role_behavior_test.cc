#include "thunderline/thunderbit/role_behavior.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/thunderbits.h"

namespace thunderline::thunderbit {
namespace {

using testing::Field;

StepEvent with_payload(const char* payload) {
  StepEvent event;
  event.payload = payload;
  return event;
}

StepEvent named(const char* name) {
  StepEvent event;
  event.name = name;
  return event;
}

StepEvent with_risk(float risk) {
  StepEvent event;
  event.risk = risk;
  return event;
}

TEST(Observer, ParsesTheFieldsAndKeepsThePayload) {
  Field field;
  const BitRef bit = field.spawn(Category::kSensory);
  const Stepped stepped = field.step(bit, with_payload("From: a@b\nSubject:  Hi \n\nbody: no"));
  using Fields = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(stepped.output.fields, (Fields{{"From", "a@b"}, {"Subject", "Hi"}}));
  EXPECT_EQ(field.bit(bit).content, "From: a@b\nSubject:  Hi \n\nbody: no");
  EXPECT_EQ(field.bit(bit).status, BitStatus::kActive);
  EXPECT_TRUE(field.bit(bit).capabilities_used.contains(Capability::kReadSensors));
  EXPECT_EQ(stepped.transition.status_before, BitStatus::kPending);
}

TEST(Transformer, TransformsWhatItsLiveSourcesHold) {
  Field field;
  const BitRef source = field.spawn(Category::kSensory);
  const BitRef other = field.spawn(Category::kPerceptual);
  const BitRef bit = field.spawn(Category::kCognitive);
  field.link(source, bit, Relation::kFeeds);
  field.link(other, bit, Relation::kFeeds);
  field.step(source, with_payload("  a \t b\n c "));
  field.retire(other);
  EXPECT_EQ(field.step(bit, {}).output.text, "a b c");
  StepEvent shout = with_payload("x");
  shout.transform = [](std::string_view text) { return std::string(text) + "!"; };
  EXPECT_EQ(field.step(bit, shout).output.text, "x!");
  EXPECT_EQ(field.bit(bit).content, "x!");
}

TEST(Storage, AddsLinesAndDropsTheOldest) {
  Field field;
  const BitRef bit = field.spawn(Category::kMnemonic);
  field.step(bit, with_payload("first"));
  EXPECT_EQ(field.step(bit, with_payload("second")).output.text, "first\nsecond");
  StepEvent large;
  large.payload = std::string(kMaxStoredBytes - 8, 'x');
  const Stepped stepped = field.step(bit, large);
  EXPECT_EQ(stepped.output.text.view().substr(0, 9), "second\nxx");
  large.payload = std::string(kMaxStoredBytes + 10, 'y');
  EXPECT_EQ(field.step(bit, large).output.text, std::string(kMaxStoredBytes, 'y'));
}

TEST(Analyzer, GivesFeaturesInTheUnitRange) {
  Field field;
  const BitRef bit = field.spawn(Category::kPerceptual);
  const auto features = field.step(bit, with_payload("Ab1 !")).output.features;
  const std::map<std::string, double> named(features.begin(), features.end());
  EXPECT_DOUBLE_EQ(named.at("letters"), 0.4);
  EXPECT_DOUBLE_EQ(named.at("capitals"), 0.2);
  EXPECT_DOUBLE_EQ(named.at("digits"), 0.2);
  EXPECT_DOUBLE_EQ(named.at("blanks"), 0.2);
  EXPECT_DOUBLE_EQ(named.at("others"), 0.2);
  EXPECT_GT(named.at("length"), named.at("words"));
  for (const auto& [name, value] : field.step(bit, {}).output.features) EXPECT_EQ(value, 0) << name;
}

TEST(Router, SelectsByTopicOrAll) {
  Field field;
  const BitRef router = field.spawn(Category::kSocial);
  SpawnAttrs tagged;
  tagged.tags = Tags({"billing"});
  const BitRef one = field.spawn(Category::kCognitive, tagged);
  const BitRef two = field.spawn(Category::kMnemonic);
  const BitRef gone = field.spawn(Category::kMnemonic);
  for (const BitRef target : {one, two, gone}) field.link(router, target, Relation::kRoutesTo);
  field.retire(gone);
  StepEvent event;
  event.topic = "billing";
  EXPECT_EQ(field.step(router, event).output.targets, std::vector<BitRef>{one});
  event.topic = "unheard of";
  EXPECT_EQ(field.step(router, event).output.targets, (std::vector<BitRef>{one, two}));
}

TEST(Controller, SequencesByPriorityThenOrder) {
  Field field;
  const BitRef controller = field.spawn(Category::kExecutive);
  SpawnAttrs urgent;
  urgent.priority = 0.9f;
  const BitRef a = field.spawn(Category::kCognitive);
  const BitRef b = field.spawn(Category::kMotor, urgent);
  const BitRef c = field.spawn(Category::kMnemonic);
  field.link(controller, a, Relation::kControls);
  field.link(controller, b, Relation::kTriggers);
  field.link(controller, c, Relation::kControls);
  field.link(controller, a, Relation::kTriggers);
  EXPECT_EQ(field.step(controller, {}).output.targets, (std::vector<BitRef>{b, a, c}));
}

TEST(Critic, JudgesByThePolicysThresholds) {
  Field field;
  const BitRef critic = field.spawn(Category::kEthical);
  EXPECT_EQ(field.step(critic, with_risk(0.39f)).output.verdict, Verdict::kApprove);
  EXPECT_EQ(field.step(critic, with_risk(0.4f)).output.verdict, Verdict::kWarn);
  EXPECT_FALSE(field.bit(critic).capabilities_used.contains(Capability::kVetoAction));
  EXPECT_EQ(field.step(critic, with_risk(0.7f)).output.verdict, Verdict::kVeto);
  EXPECT_EQ(field.bit(critic).verdict, Verdict::kVeto);
  EXPECT_TRUE(field.bit(critic).capabilities_used.contains(Capability::kVetoAction));
  EXPECT_EQ(Protocol::step(field.context, critic, with_risk(1.1f)).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(Actuator, IsBlockedByAStandingVetoOnly) {
  Field field;
  const BitRef critic = field.spawn(Category::kEthical);
  const BitRef motor = field.spawn(Category::kMotor);
  field.link(critic, motor, Relation::kValidates);
  EXPECT_EQ(field.step(motor, named("deliver")).output.action, "deliver");
  field.step(critic, with_risk(0.9f));
  const auto vetoed = Protocol::step(field.context, motor, named("deliver"));
  ASSERT_FALSE(vetoed);
  EXPECT_EQ(vetoed.error().code, ErrorCode::kRefused);
  EXPECT_NE(vetoed.error().message.find(field.bit(critic).id.to_string()), std::string::npos);
  Field lenient = field;
  lenient.step(critic, with_risk(0.1f));
  EXPECT_TRUE(Protocol::step(lenient.context, motor, named("deliver")));
  field.retire(critic);
  EXPECT_TRUE(Protocol::step(field.context, motor, named("deliver")));
}

TEST(Actuator, ObeysForbiddenActionsAndMaxims) {
  Field field;
  const BitRef motor = field.spawn(Category::kMotor);
  ContextOptions options = field.context.options();
  options.policy.forbidden_actions = {"delete"};
  const Context strict = with_options(field.context, options).value();
  EXPECT_EQ(Protocol::step(strict, motor, named("delete")).error().code, ErrorCode::kRefused);
  EXPECT_TRUE(Protocol::step(strict, motor, named("deliver")));
  options.active_maxims.push_back("Acta sine consilio");
  const Context reckless = with_options(field.context, options).value();
  EXPECT_EQ(Protocol::step(reckless, motor, named("deliver")).error().code, ErrorCode::kRefused);
}

TEST(Step, RefusesAnArchivedBitAndLeavesAFadingOneFading) {
  Field field;
  const BitRef bit = field.spawn(Category::kSensory);
  BitChanges changes;
  changes.status = BitStatus::kFading;
  field.mutate(bit, changes);
  field.step(bit, {});
  EXPECT_EQ(field.bit(bit).status, BitStatus::kFading);
  changes.status = BitStatus::kArchived;
  field.mutate(bit, changes);
  EXPECT_EQ(Protocol::step(field.context, bit, {}).error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace thunderline::thunderbit
