#include "thunderline/thunderchief/bit_chief.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace thunderline::thunderchief {
namespace {

/// A field of waiting events whose score is their first channel, and a chief that notes what it
/// activates.
struct Fixture {
  std::vector<size_t> activated;
  testing::TempFolder folder;
  EventField field;
  CerebrosBridge bridge;
  BitChief chief;
  int64_t now = -1;

  explicit Fixture(BitChief::Options options = {})
      : field(make_context(), 1, 0, [](const auto&, const Uuid&) { return Status{}; }),
        bridge(make_extractor(), std::make_shared<HeuristicScorer>(
                                     [](std::span<const float> row) { return row[24]; }, 40),
               {0.5, {"deliver", "quarantine"}}),
        chief(with_path(std::move(options), folder), field, bridge, posix_file_system(),
              [this](const ScoredEvent& event) {
                activated.push_back(event.position);
                return field.act(event.position, "deliver");
              }) {}

  static BitChief::Options with_path(BitChief::Options options, const testing::TempFolder& folder) {
    options.checkpoint_path = folder.path("field.json");
    return options;
  }
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (int i = 0; i < 16; ++i) names.push_back("c" + std::to_string(i));
    return names;
  }
  static thunderbit::Context make_context() {
    thunderbit::ContextOptions options;
    options.channel_names = names();
    return thunderbit::Context::create(options).value();
  }
  static thunderbolt::FeatureExtractor make_extractor() {
    return thunderbolt::FeatureExtractor::create(
               thunderbolt::FeatureSchema::v1(names()).value()).value();
  }

  void admit(std::vector<float> scores) {
    for (const float score : scores) {
      worlds::Arrival arrival;
      arrival.position = next_position++;
      arrival.content = std::make_shared<const std::string>("text");
      arrival.channels[0] = score;
      ASSERT_TRUE(field.admit(arrival));
    }
  }

  /// One tick as the conductor drives it; the names of the actions taken.
  std::vector<std::string> tick() {
    field.begin_tick(++now);
    EXPECT_TRUE(chief.begin_tick(now));
    std::vector<std::string> taken;
    while (taken.empty() || taken.back() != "wait") {
      const int action = chief.choose_action(chief.observe_state());
      EXPECT_FALSE(chief.apply_action(action).error);
      taken.emplace_back(chief.actions()[static_cast<size_t>(action)]);
    }
    return taken;
  }

  size_t next_position = 0;
};

BitChief::Options with(ActivationStrategy strategy, double energy) {
  BitChief::Options options;
  options.strategy = strategy;
  options.energy_per_tick = energy;
  return options;
}

TEST(BitChief, EvaluatesActivatesRetiresThenWaits) {
  Fixture fixture;
  fixture.admit({0.2f, 0.9f});
  EXPECT_EQ(fixture.tick(), (std::vector<std::string>{"cerebros_evaluate", "activate_pending",
                                                      "transition", "wait"}));
  EXPECT_TRUE(fixture.field.waiting().empty());
  EXPECT_EQ(fixture.tick(), std::vector<std::string>{"wait"});
}

TEST(BitChief, ActivatesTheHighestScoresFirstAndTheNewestOfEquals) {
  Fixture fixture(with(ActivationStrategy::kScore, 3));
  fixture.admit({0.5f, 0.9f, 0.5f, 0.1f});
  fixture.tick();
  EXPECT_EQ(fixture.activated, (std::vector<size_t>{1, 2, 0}));
  EXPECT_EQ(fixture.field.waiting().size(), 1u);
}

TEST(BitChief, ActivatesTheOldestFirstUnderFifo) {
  Fixture fixture(with(ActivationStrategy::kFifo, 2));
  fixture.admit({0.1f, 0.9f, 0.5f});
  fixture.tick();
  EXPECT_EQ(fixture.activated, (std::vector<size_t>{0, 1}));
}

TEST(BitChief, KeepsEnergyUpToItsCap) {
  Fixture fixture;
  for (int i = 0; i < 5; ++i) fixture.tick();
  EXPECT_EQ(fixture.chief.energy(), 12.0);
  fixture.admit(std::vector<float>(20, 0.5f));
  fixture.tick();
  EXPECT_EQ(fixture.activated.size(), 12u);
  EXPECT_EQ(fixture.chief.energy(), 0.0);
}

TEST(BitChief, MarksTheScoredBitsWithWhatMadeTheScore) {
  Fixture fixture(with(ActivationStrategy::kScore, 0));
  fixture.admit({0.75f});
  fixture.tick();
  const auto id = fixture.field.waiting().at(0).cognitive;
  const thunderbit::Bit* bit = fixture.field.context().find(id);
  ASSERT_TRUE(bit->score);
  EXPECT_EQ(bit->score->score, 0.75f);
  EXPECT_EQ(bit->score->label, thunderbit::ScoreLabel::kHigh);
  EXPECT_EQ(bit->score->suggested_action, "quarantine");
  EXPECT_EQ(bit->score->model_version, "heuristic");
}

TEST(BitChief, WritesCheckpointsThatRestoreTheSameField) {
  BitChief::Options options = with(ActivationStrategy::kScore, 1);
  options.checkpoint_every_ticks = 2;
  Fixture fixture(options);
  fixture.admit({0.2f, 0.3f, 0.4f, 0.5f});
  fixture.tick();
  fixture.tick();
  EXPECT_EQ(fixture.tick().end()[-2], "checkpoint");
  const auto restored =
      BitChief::restore(posix_file_system(), fixture.folder.path("field.json"));
  ASSERT_TRUE(restored);
  EXPECT_TRUE(*restored == fixture.field.context());
  EXPECT_EQ(BitChief::restore(posix_file_system(), fixture.folder.path("none")).error().code,
            ErrorCode::kNotFound);
}

TEST(BitChief, ReportsAScorerThatAnswersNonsenseAsAnError) {
  Fixture fixture;
  fixture.bridge.set_scorer(std::make_shared<HeuristicScorer>(
      [](std::span<const float>) { return 7.0; }, 40));
  fixture.admit({0.5f});
  fixture.field.begin_tick(0);
  ASSERT_TRUE(fixture.chief.begin_tick(0));
  const ChiefOutcome outcome = fixture.chief.apply_action(0);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kBadData);
}

TEST(ActivationStrategy, HasNamesThatReadBack) {
  for (const char* name : {"fifo", "priority", "energy", "score"}) {
    EXPECT_STREQ(strategy_name(parse_strategy(name).value()), name);
  }
  EXPECT_FALSE(parse_strategy("random"));
}

}  // namespace
}  // namespace thunderline::thunderchief
