// One suite for every backend: what the interface promises.

#include "thunderline/thunderbolt/training/trajectory_logger.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/thunderbolt/training/jsonl_trajectory_logger.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"
#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

namespace thunderline::thunderbolt {
namespace {

using Records = std::vector<std::pair<uint64_t, LogRecord>>;

/// A backend under test; `open` again gives one over the same files.
struct Backend {
  const char* name;
  std::function<std::unique_ptr<TrajectoryLogger>(testing::MemoryFileSystem&, const Clock&)> open;
  bool outlives_the_process;
};

std::unique_ptr<TrajectoryLogger> open_log(FileSystem& files, const Clock& clock,
                                           Durability durability) {
  LogTrajectoryOptions options;
  options.folder = "home/log";
  options.durability = durability;
  options.segment_bytes = 4096;  // Many segments.
  options.seed = 1;
  auto log = LogTrajectoryLogger::open(files, clock, options);
  EXPECT_TRUE(log) << to_string(log.error());
  return std::move(log).value();
}

const Backend kBackends[] = {
    {"Memory",
     [](testing::MemoryFileSystem&, const Clock&) {
       return std::make_unique<MemoryTrajectoryLogger>(10'000);
     },
     false},
    {"Log",
     [](testing::MemoryFileSystem& files, const Clock& clock) {
       return open_log(files, clock, Durability::kBatch);
     },
     true},
    {"LogEach",
     [](testing::MemoryFileSystem& files, const Clock& clock) {
       return open_log(files, clock, Durability::kEach);
     },
     true},
    {"LogNone",
     [](testing::MemoryFileSystem& files, const Clock& clock) {
       return open_log(files, clock, Durability::kNone);
     },
     true},
    {"Jsonl",
     [](testing::MemoryFileSystem& files, const Clock&) -> std::unique_ptr<TrajectoryLogger> {
       return JsonlTrajectoryLogger::open(files, "home/jsonl").value();
     },
     true},
};

class TrajectoryLoggerTest : public ::testing::TestWithParam<Backend> {
 protected:
  TrajectoryLoggerTest() { reopen(); }

  void reopen() {
    log_.reset();
    log_ = GetParam().open(files_, clock_);
  }

  Records replayed(const ReplayOptions& options = {}) {
    Records records;
    const Status status = log_->replay(options, [&](uint64_t sequence, const LogRecord& record) {
      records.emplace_back(sequence, record);
      return Status();
    });
    EXPECT_TRUE(status) << to_string(status.error());
    return records;
  }

  testing::MemoryFileSystem files_;
  testing::FakeClock clock_;
  std::unique_ptr<TrajectoryLogger> log_;
};

INSTANTIATE_TEST_SUITE_P(Backends, TrajectoryLoggerTest, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return test.param.name; });

TEST_P(TrajectoryLoggerTest, ReplaysEveryKindAsItWasLogged) {
  const Step step = test_step(1);
  const Outcome outcome{step.id, true, -0.5, 9};
  const ChiefStep chief{"bit_chief", 3, {1.0f, 2.0f}, 2, 0.25, {3.0f, 4.0f}};
  const Transition transition{test_id(7), "e", "step", "pending", "active", 4, "has \"energy\"\n"};
  const LogEvent event{"deployed", 5, R"({"model":"scorer","version":2})"};
  Step open = step;
  open.reward.reset();
  ASSERT_TRUE(log_->log_step(view_of(open)));
  ASSERT_TRUE(log_->log_outcome(outcome));
  ASSERT_TRUE(log_->log_chief_step(chief));
  ASSERT_TRUE(log_->log_transition(transition));
  ASSERT_TRUE(log_->log_event(event));
  const Records expected = {{1, open}, {2, outcome}, {3, chief}, {4, transition}, {5, event}};
  EXPECT_EQ(replayed(), expected);
  if (!GetParam().outlives_the_process) return;
  reopen();
  EXPECT_EQ(replayed(), expected);
}

TEST_P(TrajectoryLoggerTest, KeepsEveryFieldOfAStepToTheLastBit) {
  Step step = test_step(2);
  step.state = {0.1f, -0.0f, 1e-45f, 3.4028235e38f};
  step.next_state = {1.0f / 3.0f, 1e10f, -1e-10f, 0.0f};
  step.action = std::numeric_limits<int32_t>::min();
  step.reward = 0.1;
  step.propensity = 1e-300;
  step.terminated = true;
  step.truncated = true;
  step.metadata = R"({"subject":"été 你好","n":[1,2.5,null,true]})";
  step.episode = "épisode \"1\"";
  ASSERT_TRUE(log_->log_step(view_of(step)));
  const Records records = replayed();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(std::get<Step>(records[0].second), step);
  EXPECT_TRUE(std::signbit(std::get<Step>(records[0].second).state[1]));
}

TEST_P(TrajectoryLoggerTest, NumbersRecordsFromOneWithoutGaps) {
  for (uint32_t i = 1; i <= 50; ++i) {
    EXPECT_EQ(log_->log_step(view_of(test_step(i))).value(), i);
  }
  EXPECT_EQ(log_->last_sequence(), 50u);
}

TEST_P(TrajectoryLoggerTest, StoresAKnownStepOnlyOnce) {
  const Step step = test_step(1);
  EXPECT_EQ(log_->log_step(view_of(step)).value(), 1u);
  ASSERT_TRUE(log_->log_step(view_of(test_step(2))));
  EXPECT_EQ(log_->log_step(view_of(step)).value(), 1u);
  if (GetParam().outlives_the_process) {
    reopen();
    EXPECT_EQ(log_->log_step(view_of(step)).value(), 1u);
  }
  EXPECT_EQ(replayed().size(), 2u);
}

TEST_P(TrajectoryLoggerTest, ClosesAStepOnceByItsFirstOutcome) {
  Step step = test_step(1);
  step.reward.reset();
  ASSERT_TRUE(log_->log_step(view_of(step)));
  EXPECT_EQ(log_->stats().value().open_steps, 1u);
  ASSERT_TRUE(log_->log_outcome({step.id, true, 1.0, 5}));
  ASSERT_TRUE(log_->log_outcome({step.id, true, 1.0, 5}));
  if (GetParam().outlives_the_process) reopen();
  ASSERT_TRUE(log_->log_outcome({step.id, false, 0.0, 6}));
  const LogStats stats = log_->stats().value();
  EXPECT_EQ(stats.open_steps, 0u);
  EXPECT_EQ(stats.records.outcomes, 1u);
  EXPECT_EQ(replayed().size(), 2u);
}

TEST_P(TrajectoryLoggerTest, RefusesAnOutcomeOfAnUnknownStep) {
  EXPECT_EQ(log_->log_outcome({test_id(99), true, 1.0, 0}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(replayed().empty());
}

TEST_P(TrajectoryLoggerTest, RefusesNumbersThatAreNotFiniteAndNamesTheirPlace) {
  Step step = test_step(1);
  step.state[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(log_->log_step(view_of(step)).error().where, "state[3]");
  step = test_step(1);
  step.next_state[39] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(log_->log_step(view_of(step)).error().where, "next_state[39]");
  step = test_step(1);
  step.reward = std::numeric_limits<double>::infinity();
  EXPECT_EQ(log_->log_step(view_of(step)).error().where, "reward");
  EXPECT_TRUE(replayed().empty());
}

TEST_P(TrajectoryLoggerTest, RefusesAPropensityOutsideItsRange) {
  for (const double propensity : {0.0, -0.1, 1.0000001, std::nan("")}) {
    Step step = test_step(1);
    step.propensity = propensity;
    EXPECT_EQ(log_->log_step(view_of(step)).error().where, "propensity") << propensity;
  }
  EXPECT_TRUE(replayed().empty());
}

TEST_P(TrajectoryLoggerTest, TakesAMissingPropensityOnlyFromAForcedStep) {
  Step step = test_step(1);
  step.propensity.reset();
  for (const char* metadata : {"", "{}", R"({"forced":false})", R"({"forced":1})",
                               R"({"x":{"forced":true}})"}) {
    step.metadata = metadata;
    EXPECT_FALSE(log_->log_step(view_of(step))) << metadata;
  }
  step.metadata = R"({"forced":true})";
  ASSERT_TRUE(log_->log_step(view_of(step)));
  EXPECT_EQ(std::get<Step>(replayed().at(0).second), step);
}

TEST_P(TrajectoryLoggerTest, RefusesRecordsThatBreakTheRules) {
  const auto where_of = [&](const std::function<void(Step&)>& spoil) {
    Step step = test_step(1);
    spoil(step);
    const auto result = log_->log_step(view_of(step));
    return result ? std::string("accepted") : result.error().where;
  };
  EXPECT_EQ(where_of([](Step& s) { s.id = Uuid{}; }), "id");
  EXPECT_EQ(where_of([](Step& s) { s.source.clear(); }), "source");
  EXPECT_EQ(where_of([](Step& s) { s.source = std::string(256, 'x'); }), "source");
  EXPECT_EQ(where_of([](Step& s) { s.episode = "\xff"; }), "episode");
  EXPECT_EQ(where_of([](Step& s) { s.next_state.pop_back(); }), "next_state");
  EXPECT_EQ(where_of([](Step& s) { s.metadata = "[1]"; }), "metadata");
  EXPECT_EQ(where_of([](Step& s) { s.metadata = "{\"a\":}"; }), "metadata");
  EXPECT_EQ(where_of([](Step& s) { s.state.assign(100'000, 0.0f); }), "state");
  EXPECT_FALSE(log_->log_event({"", 0, "{}"}));
  EXPECT_FALSE(log_->log_event({"x", 0, "{"}));
  EXPECT_FALSE(log_->log_outcome({test_id(1), false, 0.5, 0}));
  EXPECT_FALSE(log_->log_transition({Uuid{}, "", "spawn", "", "pending", 0, ""}));
  EXPECT_FALSE(log_->log_chief_step({"", 0, {}, 0, 0.0, {}}));
  EXPECT_TRUE(replayed().empty());
}

TEST_P(TrajectoryLoggerTest, LogsAnEpisodeAsAWholeOrNotAtAll) {
  std::vector<Step> steps = {test_step(1), test_step(2), test_step(3)};
  std::vector<StepView> views;
  for (const Step& step : steps) views.push_back(view_of(step));
  ASSERT_TRUE(log_->log_episode(views));
  EXPECT_EQ(replayed().size(), 3u);
  views[2].propensity = 2.0;
  views[0].id = test_id(9);
  EXPECT_EQ(log_->log_episode(views).error().where, "steps[2].propensity");
  EXPECT_EQ(replayed().size(), 3u);
}

TEST_P(TrajectoryLoggerTest, FiltersAReplay) {
  for (uint32_t i = 1; i <= 60; ++i) {
    Step step = test_step(i);
    step.source = i % 2 == 0 ? "even" : "odd";
    step.episode = "e" + std::to_string(i % 3);
    ASSERT_TRUE(log_->log_step(view_of(step)));
  }
  ASSERT_TRUE(log_->log_event({"end", 0, "null"}));
  ReplayOptions options;
  options.kinds = {RecordKind::kStep};
  options.source = "even";
  EXPECT_EQ(replayed(options).size(), 30u);
  options.episode = "e0";
  EXPECT_EQ(replayed(options).size(), 10u);
  options.after_sequence = 30;
  EXPECT_EQ(replayed(options).size(), 5u);
  options.source = "nobody";
  EXPECT_TRUE(replayed(options).empty());
  options.kinds.clear();
  EXPECT_EQ(replayed(options).size(), 1u);  // The event carries neither name.
}

TEST_P(TrajectoryLoggerTest, EndsAReplayWithTheVisitorsError) {
  for (uint32_t i = 1; i <= 5; ++i) ASSERT_TRUE(log_->log_step(view_of(test_step(i))));
  int visited = 0;
  const Status status = log_->replay({}, [&](uint64_t sequence, const LogRecord&) -> Status {
    ++visited;
    if (sequence == 2) return fail(ErrorCode::kInterrupted, "enough");
    return {};
  });
  EXPECT_EQ(status.error().code, ErrorCode::kInterrupted);
  EXPECT_EQ(visited, 2);
}

TEST_P(TrajectoryLoggerTest, LetsAVisitorLog) {
  ASSERT_TRUE(log_->log_step(view_of(test_step(1))));
  ASSERT_TRUE(log_->replay({}, [&](uint64_t, const LogRecord&) -> Status {
    TL_RETURN_IF_ERROR(log_->log_step(view_of(test_step(2))));
    return log_->flush();
  }));
  EXPECT_EQ(replayed().size(), 2u);
}

TEST_P(TrajectoryLoggerTest, AcknowledgesWhatWasFlushed) {
  for (uint32_t i = 1; i <= 20; ++i) ASSERT_TRUE(log_->log_step(view_of(test_step(i))));
  ASSERT_TRUE(log_->flush());
  EXPECT_EQ(log_->durable_sequence(), 20u);
  ASSERT_TRUE(log_->log_step(view_of(test_step(21))));
  ASSERT_TRUE(log_->wait_durable(21));
  EXPECT_EQ(log_->durable_sequence(), 21u);
  EXPECT_EQ(log_->wait_durable(22).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(TrajectoryLoggerTest, CountsWhatItHolds) {
  for (uint32_t i = 1; i <= 30; ++i) {
    Step step = test_step(i);
    step.source = i <= 10 ? "a" : "b";
    if (i > 25) step.reward.reset();
    ASSERT_TRUE(log_->log_step(view_of(step)));
  }
  ASSERT_TRUE(log_->log_event({"x", 0, "1"}));
  ASSERT_TRUE(log_->flush());
  const auto check = [&] {
    const LogStats stats = log_->stats().value();
    EXPECT_EQ(stats.records, (RecordCounts{30, 0, 0, 0, 1}));
    EXPECT_EQ(stats.open_steps, 5u);
    EXPECT_EQ(stats.steps_by_source, (std::map<std::string, uint64_t>{{"a", 10}, {"b", 20}}));
    EXPECT_EQ(stats.first_sequence, 1u);
    EXPECT_EQ(stats.last_sequence, 31u);
    EXPECT_EQ(stats.durable_sequence, 31u);
    EXPECT_GT(stats.size_bytes, 30u * 320);
    EXPECT_EQ(stats.damaged_places, 0u);
    EXPECT_EQ(stats.read_only_reason, "");
  };
  check();
  if (!GetParam().outlives_the_process) return;
  reopen();
  check();
}

TEST_P(TrajectoryLoggerTest, ClearsAllAndGoesOnWithNewNumbers) {
  for (uint32_t i = 1; i <= 20; ++i) ASSERT_TRUE(log_->log_step(view_of(test_step(i))));
  ASSERT_TRUE(log_->clear());
  EXPECT_TRUE(replayed().empty());
  EXPECT_EQ(log_->stats().value().records.total(), 0u);
  if (GetParam().outlives_the_process) reopen();
  EXPECT_EQ(log_->last_sequence(), 20u);
  EXPECT_EQ(log_->log_step(view_of(test_step(1))).value(), 21u);
  EXPECT_EQ(replayed().size(), 1u);
  ASSERT_TRUE(log_->clear());
  ASSERT_TRUE(log_->clear());
  EXPECT_EQ(log_->log_step(view_of(test_step(1))).value(), 22u);
}

TEST_P(TrajectoryLoggerTest, TakesStepsFromManyThreads) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kSteps = 200;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (uint32_t i = 0; i < kSteps; ++i) {
        Step step = test_step(1 + t * kSteps + i);
        step.source = "thread-" + std::to_string(t);
        step.action = static_cast<int32_t>(i);
        EXPECT_TRUE(log_->log_step(view_of(step)));
        EXPECT_TRUE(i % 50 != 0 || log_->flush());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, int32_t> next;
  for (const auto& [sequence, record] : replayed()) {
    const Step& step = std::get<Step>(record);
    EXPECT_EQ(step.action, next[step.source]++);
  }
  EXPECT_EQ(next.size(), kThreads);
  for (const auto& [source, count] : next) EXPECT_EQ(count, static_cast<int32_t>(kSteps));
}

}  // namespace
}  // namespace thunderline::thunderbolt
