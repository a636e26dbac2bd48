#include "thunderline/thunderbolt/ml/model_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

namespace thunderline::thunderbolt {
namespace {

using ::testing::HasSubstr;

/// Answers `version` plus the row's first value.
class FakeModel final : public ServedModel {
 public:
  FakeModel(ModelMetadata metadata, std::atomic<int64_t>& alive, float bias)
      : ServedModel(std::move(metadata)), alive_(alive), bias_(bias) {
    ++alive_;
  }
  ~FakeModel() override { --alive_; }

  const std::vector<cerebros::onnx::TensorInfo>& inputs() const override { return none_; }
  const std::vector<cerebros::onnx::TensorInfo>& outputs() const override { return none_; }
  Status run_floats(std::span<const float> input, int64_t rows,
                    std::span<float> output) const override {
    if (input.size() != static_cast<size_t>(rows) || output.size() != input.size()) {
      return fail(ErrorCode::kInvalidArgument, "wrong size");
    }
    for (size_t i = 0; i < input.size(); ++i) {
      output[i] = static_cast<float>(version()) + bias_ + input[i];
    }
    return {};
  }
  Result<std::vector<cerebros::onnx::TensorValue>> run(
      std::span<const cerebros::onnx::TensorValue>) const override {
    return fail(ErrorCode::kInvalidArgument, "the fake has no tensors");
  }

 private:
  std::atomic<int64_t>& alive_;
  float bias_;
  std::vector<cerebros::onnx::TensorInfo> none_;
};

/// Loads any version but those that it is told to refuse.
class FakeLoader final : public ModelLoader {
 public:
  Result<std::unique_ptr<const ServedModel>> load(const std::string& name,
                                                  int64_t version) override {
    ++loads;
    if (name != "m") return fail(ErrorCode::kNotFound, "no model of this name", name);
    if (broken.contains(version)) return fail(ErrorCode::kBadData, "broken on purpose", name);
    ModelMetadata metadata;
    metadata.name = name;
    metadata.version = version;
    const float bias = ill.contains(version) ? std::numeric_limits<float>::quiet_NaN() : 0;
    return std::make_unique<const FakeModel>(std::move(metadata), alive, bias);
  }

  std::set<int64_t> broken;
  std::set<int64_t> ill;  // Answer NaN.
  std::atomic<int64_t> loads{0};
  std::atomic<int64_t> alive{0};
};

float answer_of(ModelServer& server, const std::string& request = "r") {
  const float input = 0.5f;
  float output = -1;
  const auto answer = server.run_floats("m", request, {&input, 1}, 1, {&output, 1});
  return answer ? output : -1;
}

TEST(ModelServer, ServesTheActiveVersionAndOthersByNumber) {
  FakeLoader loader;
  ModelServer server(loader, {});
  EXPECT_EQ(server.acquire("m").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(server.health().ready);
  ASSERT_TRUE(server.activate("m", 3));
  EXPECT_EQ(server.acquire("m").value()->version(), 3);
  EXPECT_EQ(server.acquire("m", 2).value()->version(), 2);
  EXPECT_EQ(answer_of(server), 3.5f);
  EXPECT_TRUE(server.health().ready);
  EXPECT_EQ(server.acquire("n", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(server.acquire("n").error().code, ErrorCode::kNotFound);
}

TEST(ModelServer, AVersionThatDoesNotLoadLeavesTheOldOneServing) {
  FakeLoader loader;
  loader.broken = {2};
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  EXPECT_EQ(server.activate("m", 2).error().code, ErrorCode::kBadData);
  EXPECT_EQ(answer_of(server), 1.5f);
  const auto list = server.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_TRUE(list[0].active);
  EXPECT_EQ(list[1].state, ModelServer::ModelStatus::State::kFailed);
  EXPECT_THAT(list[1].reason, HasSubstr("broken on purpose"));
  EXPECT_TRUE(server.health().ready);
  EXPECT_EQ(server.health().problems.size(), 1u);
  loader.broken = {};
  ASSERT_TRUE(server.activate("m", 2));
  EXPECT_TRUE(server.health().problems.empty());
}

TEST(ModelServer, ADeactivatedNameServesNoMoreAndCanBeActivatedAgain) {
  FakeLoader loader;
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  const ModelPtr held = server.acquire("m").value();
  server.deactivate("m");
  EXPECT_EQ(server.acquire("m").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(answer_of(server), -1);
  EXPECT_FALSE(server.health().ready);
  EXPECT_EQ(server.acquire("m", 1).value()->version(), 1) << "it is there, but does not serve";
  const float input = 0.5f;
  float output = 0;
  ASSERT_TRUE(held->run_floats({&input, 1}, 1, {&output, 1})) << "who holds it finishes with it";
  EXPECT_EQ(output, 1.5f);
  server.deactivate("m");
  server.deactivate("nobody");
  ASSERT_TRUE(server.activate("m", 2));
  EXPECT_EQ(answer_of(server), 2.5f);
}

TEST(ModelServer, DeactivationEndsTheRolloutAndLetsTheVersionBeEvicted) {
  FakeLoader loader;
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.set_rollout("m", {.version = 2, .fraction = 1.0}));
  EXPECT_EQ(answer_of(server), 2.5f);
  EXPECT_EQ(server.evict("m", 1).error().code, ErrorCode::kRefused);
  server.deactivate("m");
  EXPECT_EQ(answer_of(server), -1) << "the canary went too";
  EXPECT_TRUE(server.evict("m", 1));
  EXPECT_TRUE(server.evict("m", 2));
}

TEST(ModelServer, AnOldVersionLivesUntilItsLastUserLetsGo) {
  FakeLoader loader;
  ModelServer server(loader, {.capacity = 1});
  ASSERT_TRUE(server.activate("m", 1));
  ModelPtr held = server.acquire("m").value();
  ASSERT_TRUE(server.activate("m", 2));
  ASSERT_TRUE(server.activate("m", 3));
  float output = 0;
  const float input = 0;
  ASSERT_TRUE(held->run_floats({&input, 1}, 1, {&output, 1}));
  EXPECT_EQ(output, 1);
  held.reset();
}

TEST(ModelServer, ReleasesOldVersionsOnAThreadOfItsOwn) {
  FakeLoader loader;
  const auto reaper = std::make_shared<ModelReaper>();
  for (int64_t version = 1; version <= 5; ++version) {
    ModelPtr model = ModelReaper::share(loader.load("m", version).value(), reaper);
    ModelPtr other = model;
    model.reset();
    EXPECT_EQ(other->version(), version);
  }
  reaper->wait_idle();
  EXPECT_EQ(loader.alive, 0);
  EXPECT_EQ(reaper->destroyed(), 5u);
  // After it has closed, the last user destroys the model himself.
  ModelPtr late = ModelReaper::share(loader.load("m", 6).value(), reaper);
  reaper->close();
  late.reset();
  EXPECT_EQ(loader.alive, 0);
}

TEST(ModelServer, ModelsMayOutliveTheServer) {
  FakeLoader loader;
  ModelPtr held;
  {
    ModelServer server(loader, {});
    ASSERT_TRUE(server.activate("m", 1));
    held = server.acquire("m").value();
  }
  EXPECT_EQ(held->version(), 1);
  held.reset();
  EXPECT_EQ(loader.alive, 0);
}

TEST(ModelServer, KeepsTheVersionsThatWereUsedLast) {
  FakeLoader loader;
  ModelServer server(loader, {.capacity = 3});
  ASSERT_TRUE(server.activate("m", 1));
  for (const int64_t version : {2, 3, 2, 4, 5}) ASSERT_TRUE(server.acquire("m", version));
  std::vector<int64_t> versions;
  for (const auto& status : server.list()) versions.push_back(status.version);
  EXPECT_THAT(versions, ::testing::ElementsAre(1, 4, 5));  // 1 is active, so it stays.
  EXPECT_EQ(server.stats().evictions, 2u);
  EXPECT_EQ(server.stats().loaded, 3u);
  const int64_t loads = loader.loads;
  ASSERT_TRUE(server.acquire("m", 5));
  EXPECT_EQ(loader.loads, loads);
}

TEST(ModelServer, EvictsOnlyWhatDoesNotServe) {
  FakeLoader loader;
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.preload("m", 2));
  EXPECT_EQ(server.evict("m", 1).error().code, ErrorCode::kRefused);
  EXPECT_EQ(server.evict("m", 9).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(server.evict("m", 2));
  ASSERT_TRUE(server.set_rollout("m", {2, 0.5, false}));
  EXPECT_EQ(server.evict("m", 2).error().code, ErrorCode::kRefused);
}

TEST(ModelServer, ACanaryGetsItsShareAndTheSameRequestsEveryTime) {
  FakeLoader loader;
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.set_rollout("m", {2, 0.1, false}));
  int canaries = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "request-" + std::to_string(i);
    const float first = answer_of(server, id);
    if (first == 2.5f) ++canaries;
    EXPECT_TRUE(i % 100 != 0 || answer_of(server, id) == first);
  }
  EXPECT_NEAR(canaries, 1000, 100);
  EXPECT_GE(server.rollout("m")->canary_answers, canaries);
}

TEST(ModelServer, CanariesOfDifferentVersionsDrawDifferentRequests) {
  int both = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i);
    both += ModelServer::canary_share(id, 2) < 0.5 && ModelServer::canary_share(id, 3) < 0.5;
  }
  EXPECT_NEAR(both, 250, 60);
}

TEST(ModelServer, AnIllCanaryCostsNoRequestAndIsStopped) {
  FakeLoader loader;
  loader.ill = {2};
  ModelServer server(loader, {.canary_failure_limit = 3});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.set_rollout("m", {2, 1, false}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answer_of(server, std::to_string(i)), 1.5f);
  const auto stats = server.rollout("m").value();
  EXPECT_FALSE(stats.running);
  EXPECT_EQ(stats.canary_failures, 3);
  EXPECT_THAT(stats.stopped, HasSubstr("failed 3 requests"));
}

TEST(ModelServer, ABadRequestIsNotTheCanarysFault) {
  FakeLoader loader;
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.set_rollout("m", {2, 1, false}));
  float output[2];
  const float input[2] = {};
  EXPECT_FALSE(server.run_floats("m", "r", input, 1, output));
  EXPECT_EQ(server.rollout("m")->canary_failures, 0);
}

TEST(ModelServer, AShadowIsComparedAndNeverSeen) {
  FakeLoader loader;
  loader.ill = {3};
  ModelServer server(loader, {});
  ASSERT_TRUE(server.activate("m", 1));
  ASSERT_TRUE(server.set_rollout("m", {2, 0, true}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(answer_of(server), 1.5f);
  EXPECT_EQ(server.rollout("m")->shadow_runs, 4);
  EXPECT_EQ(server.rollout("m")->shadow_mean_difference, 1);
  EXPECT_EQ(server.rollout("m")->shadow_max_difference, 1);
  ASSERT_TRUE(server.set_rollout("m", {3, 0, true}));
  EXPECT_EQ(answer_of(server), 1.5f);
  EXPECT_EQ(server.rollout("m")->shadow_failures, 1);
  ASSERT_TRUE(server.activate("m", 2));
  EXPECT_THAT(server.rollout("m")->stopped, HasSubstr("version 2 was activated"));
}

TEST(ModelServer, RefusesRolloutsThatMakeNoSense) {
  FakeLoader loader;
  loader.broken = {4};
  ModelServer server(loader, {});
  EXPECT_EQ(server.set_rollout("m", {2, 0.1, false}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(server.activate("m", 1));
  for (const double fraction : {-0.1, 1.1, std::nan("")}) {
    EXPECT_EQ(server.set_rollout("m", {2, fraction, false}).error().code,
              ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(server.set_rollout("m", {1, 0.1, false}).error().code, ErrorCode::kRefused);
  EXPECT_EQ(server.set_rollout("m", {4, 0.1, false}).error().code, ErrorCode::kBadData);
  EXPECT_EQ(server.rollout("n").error().code, ErrorCode::kNotFound);
}

TEST(ModelServerUnderLoad, AThousandSwapsFailNoRequestAndMixNoVersions) {
  FakeLoader loader;
  {
    ModelServer server(loader, {.capacity = 2});
    ASSERT_TRUE(server.activate("m", 1));
    std::atomic<bool> stop{false};
    std::atomic<int64_t> wrong{0};
    std::atomic<int64_t> answers{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        while (!stop) {
          const float input[2] = {0.25f, 0.5f};
          float output[2] = {};
          const auto answer = server.run_floats("m", "r", input, 2, output);
          const float version = answer ? static_cast<float>(answer->version) : -1;
          wrong += !answer || output[0] != version + 0.25f || output[1] != version + 0.5f;
          ++answers;
        }
      });
    }
    while (answers < 8) std::this_thread::yield();  // Until the clients are under way.
    for (int64_t swap = 2; swap <= 1001; ++swap) ASSERT_TRUE(server.activate("m", swap));
    stop = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_GT(answers, 0);
    EXPECT_EQ(server.stats().swaps, 1001u);
  }
  EXPECT_EQ(loader.alive, 0);
}

TEST(ModelServerUnderLoad, ManyWhoWantOneVersionLoadItOnce) {
  FakeLoader loader;
  ModelServer server(loader, {});
  std::atomic<int64_t> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int64_t version = 1; version <= 8; ++version) {
        const auto model = server.acquire("m", version);
        good += model && (*model)->version() == version;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 64);
  EXPECT_EQ(loader.loads, 8);
}

TEST(ModelServerUnderLoad, RolloutsEvictionsAndReportsGoOnBesideRequests) {
  FakeLoader loader;
  ModelServer server(loader, {.capacity = 2});
  ASSERT_TRUE(server.activate("m", 1));
  std::atomic<bool> stop{false};
  std::atomic<int64_t> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      for (int64_t k = 0; !stop; ++k) {
        failed += answer_of(server, std::to_string(k)) < 0;
        if (i == 0) failed += !server.acquire("m", k % 7 + 1);
        if (i == 1) (void)server.list();
      }
    });
  }
  for (int64_t k = 0; k < 300; ++k) {
    EXPECT_TRUE(server.activate("m", k % 5 + 1));
    EXPECT_TRUE(server.set_rollout("m", {(k + 1) % 5 + 1, 0.5, true}));
    (void)server.evict("m", k % 7 + 1);
    if (k % 3 == 0) server.stop_rollout("m", "test");
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace thunderline::thunderbolt
