#include "thunderline/thunderbolt/training/model_deployer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/support/failing_file_system.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_onnx.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"

namespace thunderline::thunderbolt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kWidth = 4;
const FeatureSchemaRef kSchema{1, kWidth, "abc"};

class Events final : public DeployEventSink {
 public:
  void publish(const DeployEvent& event) override { all.push_back(event); }
  std::vector<DeployEvent> all;
};

float sigmoid(float z) { return 1 / (1 + std::exp(-z)); }

/// The model "m" that answers sigmoid(weight * sum of the row).
std::vector<std::byte> model_of(float weight) {
  return testing::sigmoid_onnx(kWidth, weight, 0).build();
}

GoldenSet golden_of(float weight) {
  GoldenSet golden;
  golden.rows = 3;
  for (int64_t row = 0; row < golden.rows; ++row) {
    float sum = 0;
    for (int64_t i = 0; i < kWidth; ++i) {
      golden.inputs.push_back(0.1f * static_cast<float>(row * kWidth + i));
      sum += golden.inputs.back();
    }
    golden.expected.push_back(sigmoid(weight * sum));
  }
  return golden;
}

ModelMetadata metadata_of(const FeatureSchemaRef& schema = kSchema) {
  ModelMetadata metadata;
  metadata.name = "m";
  metadata.source = "test";
  metadata.feature_schema = schema;
  return metadata;
}

/// One process over a folder of models.
struct Process {
  explicit Process(const std::string& folder, FileSystem& files = posix_file_system())
      : repository(files, folder),
        loader(repository, {}, clock),
        server(loader, {.capacity = 4}),
        deployer(repository, server, events, clock, {.required_schema = kSchema}) {}

  Result<int64_t> deploy(float weight) {
    return deployer.deploy(model_of(weight), metadata_of(), golden_of(weight));
  }

  /// What the service answers to a row of ones; negative when it does not.
  float answer() {
    const std::vector<float> input(kWidth, 1);
    std::vector<float> output(1);
    return server.run_floats("m", "r", input, 1, output) ? output[0] : -1;
  }

  testing::FakeClock clock;
  Events events;
  ModelRepository repository;
  RepositoryLoader loader;
  ModelServer server;
  ModelDeployer deployer;
};

TEST(ModelDeployer, DeploysVerifiesPublishesAndSurvivesARestart) {
  const testing::TempFolder folder;
  {
    Process process(folder.path("models"));
    EXPECT_EQ(process.answer(), -1);
    EXPECT_EQ(process.deploy(0.5f).value(), 1);
    EXPECT_NEAR(process.answer(), sigmoid(2), 1e-6);
    EXPECT_EQ(process.deploy(-0.5f).value(), 2);
    EXPECT_NEAR(process.answer(), sigmoid(-2), 1e-6);
    ASSERT_EQ(process.events.all.size(), 2u);
    const DeployEvent& event = process.events.all[1];
    EXPECT_EQ(event.name, "ml.model.deployed");
    EXPECT_EQ(event.model, "m");
    EXPECT_EQ(event.version, 2);
    EXPECT_EQ(event.previous_version, 1);
    EXPECT_EQ(event.path, folder.path("models/m/2/model.onnx"));
    EXPECT_EQ(event.sha256.size(), 64u);
  }
  Process again(folder.path("models"));
  EXPECT_EQ(again.deployer.restore("m").value(), 2);
  EXPECT_NEAR(again.answer(), sigmoid(-2), 1e-6);
  const auto model = again.server.acquire("m").value();
  EXPECT_EQ(model->metadata().opset, 17);
  EXPECT_EQ(model->metadata().parameters, kWidth + 1);
  EXPECT_EQ(model->metadata().feature_schema, kSchema);
  EXPECT_EQ(model->metadata().created_unix_ms, again.clock.unix_ms());
}

TEST(ModelDeployer, StagesWithoutServing) {
  const testing::TempFolder folder;
  Process process(folder.path());
  ASSERT_TRUE(process.deploy(1));
  EXPECT_EQ(process.deployer.stage(model_of(2), metadata_of(), golden_of(2)).value(), 2);
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
  ASSERT_TRUE(process.deployer.activate("m", 2));
  EXPECT_NEAR(process.answer(), sigmoid(8), 1e-6);
}

/// A model that lies, and words of the reason it must be refused with.
struct Liar {
  const char* what;
  std::vector<std::byte> onnx;
  ModelMetadata metadata;
  GoldenSet golden;
  const char* reason;
};

std::vector<Liar> liars() {
  const auto whole = model_of(1);
  std::vector<std::byte> truncated(whole.begin(), whole.end() - 20);
  std::vector<Liar> all;
  const auto add = [&](const char* what, std::vector<std::byte> onnx, const char* reason) {
    all.push_back({what, std::move(onnx), metadata_of(), golden_of(1), reason});
  };
  add("empty", {}, "not a sound ONNX model");
  add("truncated", truncated, "not a sound ONNX model");
  add("text", std::vector<std::byte>(500, std::byte{'a'}), "not a sound ONNX model");
  add("NaN output", testing::nan_onnx(kWidth).build(), "golden row 0 is");
  add("unknown operator", testing::unknown_op_onnx(kWidth).build(), "NoSuchOp");
  add("foreign operator", testing::foreign_onnx(kWidth).build(), "com.example.Steal");
  add("external data", testing::external_onnx(kWidth, "/etc/passwd").build(), "another file");
  add("other width", testing::sigmoid_onnx(kWidth + 1, 1, 0).build(), "wrong shape");
  add("other outputs", testing::identity_onnx(kWidth).build(), "wrong shape");
  add("other answers", model_of(1.1f), "expected");
  testing::TinyOnnx fixed;
  fixed.input("x", {1, kWidth}).output("y", {1, kWidth}).node("Neg", {"x"}, {"y"});
  add("fixed batch", fixed.build(), "batches of any size");
  testing::TinyOnnx wide;
  wide.input("x", {-1, int64_t{1} << 40}).output("y", {-1, int64_t{1} << 40});
  add("huge width", wide.node("Neg", {"x"}, {"y"}).build(), "widths of input and output");
  testing::TinyOnnx whole_numbers;
  whole_numbers.input("x", {-1, kWidth}, testing::kOnnxInt64)
      .output("y", {-1, kWidth}, testing::kOnnxInt64)
      .node("Neg", {"x"}, {"y"});
  add("other dtype", whole_numbers.build(), "float32");
  add("no golden set", model_of(1), "the golden set has 0 rows");
  all.back().golden = {};
  add("schema version", model_of(1), "another feature schema");
  all.back().metadata.feature_schema.version = 2;
  add("schema hash", model_of(1), "another feature schema");
  all.back().metadata.feature_schema.hash = "abd";
  add("no schema", model_of(1), "another feature schema");
  all.back().metadata.feature_schema = {};
  add("name", model_of(1), "not a model name");
  all.back().metadata.name = "../m";
  add("used version", model_of(1), "used once");
  all.back().metadata.version = 1;
  return all;
}

TEST(ModelDeployer, RefusesModelsThatLieAndKeepsTheOldOneServing) {
  const testing::TempFolder folder;
  Process process(folder.path());
  ASSERT_TRUE(process.deploy(0.25f));
  for (const Liar& liar : liars()) {
    process.events.all.clear();
    const auto version = process.deployer.deploy(liar.onnx, liar.metadata, liar.golden);
    ASSERT_FALSE(version) << liar.what;
    EXPECT_THAT(to_string(version.error()), HasSubstr(liar.reason)) << liar.what;
    ASSERT_EQ(process.events.all.size(), 1u) << liar.what;
    EXPECT_EQ(process.events.all[0].name, "ml.model.refused");
    EXPECT_THAT(process.events.all[0].reason, HasSubstr(liar.reason)) << liar.what;
    EXPECT_NEAR(process.answer(), sigmoid(1), 1e-6) << liar.what;
    EXPECT_THAT(process.repository.versions("m").value(), ElementsAre(1)) << liar.what;
  }
  EXPECT_EQ(process.deploy(2).value(), 2);
}

/// Answers each row less the mean of all rows: right in this batch, wrong alone.
TEST(ModelDeployer, RefusesAModelThatMixesTheRowsOfABatch) {
  testing::TinyOnnx mixer;
  const auto axes = testing::TinyProto().text(1, "axes").integer(8, 0).integer(20, 7);
  mixer.input("x", {-1, kWidth})
      .output("y", {-1, kWidth})
      .node("ReduceMean", {"x"}, {"mean"}, "", {axes})
      .node("Sub", {"x", "mean"}, {"y"});
  GoldenSet golden = golden_of(1);
  golden.expected = golden.inputs;
  for (int64_t i = 0; i < kWidth; ++i) {
    for (int64_t row = 0; row < 3; ++row) {
      golden.expected[static_cast<size_t>(row * kWidth + i)] -=
          golden.inputs[static_cast<size_t>(kWidth + i)];
    }
  }
  const testing::TempFolder folder;
  Process process(folder.path());
  const auto version = process.deployer.stage(mixer.build(), metadata_of(), golden);
  ASSERT_FALSE(version);
  EXPECT_THAT(version.error().message, HasSubstr("golden row 0"));
}

TEST(ModelDeployer, RefusesAVersionThatIsNotThereOrWasDamagedSince) {
  const testing::TempFolder folder;
  Process process(folder.path());
  ASSERT_TRUE(process.deploy(1));
  EXPECT_EQ(process.deployer.activate("m", 7).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(process.deployer.stage(model_of(2), metadata_of(), golden_of(2)));
  const auto other = model_of(3);
  const std::string text(reinterpret_cast<const char*>(other.data()), other.size());
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("m/2/model.onnx"), text));
  const Status status = process.deployer.activate("m", 2);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("not those that were deployed"));
  ASSERT_TRUE(process.deployer.stage(model_of(2), metadata_of(), golden_of(2)));
  std::filesystem::remove(folder.path("m/3/model.onnx"));
  EXPECT_THAT(process.deployer.activate("m", 3).error().message, HasSubstr("no model.onnx"));
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
  EXPECT_EQ(process.repository.current("m")->version, 1);
}

TEST(ModelDeployer, RollsBackInOneCallPastDamagedVersions) {
  const testing::TempFolder folder;
  Process process(folder.path());
  EXPECT_EQ(process.deployer.rollback("m").error().code, ErrorCode::kRefused);
  for (const float weight : {1.0f, 2.0f, 3.0f}) ASSERT_TRUE(process.deploy(weight));
  EXPECT_EQ(process.deployer.rollback("m").value(), 2);
  EXPECT_EQ(process.events.all.back().name, "ml.model.rolled_back");
  EXPECT_EQ(process.events.all.back().previous_version, 3);
  EXPECT_NEAR(process.answer(), sigmoid(8), 1e-6);
  // A version that was rolled back is none to go back to.
  EXPECT_EQ(process.deploy(4).value(), 4);
  std::filesystem::remove(folder.path("m/2/model.onnx"));
  ASSERT_TRUE(process.server.evict("m", 2));
  EXPECT_EQ(process.deployer.rollback("m").value(), 1);
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
  const auto none = process.deployer.rollback("m");
  EXPECT_EQ(none.error().code, ErrorCode::kRefused);
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
}

TEST(ModelDeployer, GoesBackToTheVersionThatIsNamedAndForgetsWhatServedSince) {
  const testing::TempFolder folder;
  Process process(folder.path());
  for (const float weight : {0.25f, 0.5f, 1.0f}) ASSERT_TRUE(process.deploy(weight));
  ASSERT_TRUE(process.deployer.roll_back_to("m", 1, "locked"));
  EXPECT_NEAR(process.answer(), sigmoid(1), 1e-6);
  const CurrentPointer pointer = process.repository.current("m").value();
  EXPECT_EQ(pointer.version, 1);
  EXPECT_TRUE(pointer.previous.empty()) << "neither 2 nor 3 is one to go back to";
  EXPECT_EQ(process.deployer.rollback("m").error().code, ErrorCode::kRefused);
  const DeployEvent& event = process.events.all[3];
  EXPECT_EQ(event.name, "ml.model.rolled_back");
  EXPECT_EQ(event.version, 1);
  EXPECT_EQ(event.previous_version, 3);
  EXPECT_EQ(event.reason, "locked");
  Process again(folder.path());
  EXPECT_EQ(again.deployer.restore("m").value(), 1);
}

TEST(ModelDeployer, KeepsTheVersionsBeforeTheOneThatItGoesBackTo) {
  const testing::TempFolder folder;
  Process process(folder.path());
  for (const float weight : {0.25f, 0.5f, 1.0f}) ASSERT_TRUE(process.deploy(weight));
  ASSERT_TRUE(process.deployer.roll_back_to("m", 2, "degenerate"));
  EXPECT_NEAR(process.answer(), sigmoid(2), 1e-6);
  EXPECT_THAT(process.repository.current("m")->previous, ElementsAre(1));
  EXPECT_EQ(process.deployer.rollback("m").value(), 1);
}

TEST(ModelDeployer, GoesBackToNoModelAtAll) {
  const testing::TempFolder folder;
  Process process(folder.path());
  ASSERT_TRUE(process.deploy(0.25f));
  ASSERT_TRUE(process.deploy(0.5f));
  ASSERT_TRUE(process.deployer.roll_back_to("m", 0, "degenerate"));
  EXPECT_EQ(process.answer(), -1) << "nothing serves";
  EXPECT_EQ(process.repository.current("m")->version, 0);
  EXPECT_EQ(process.events.all.back().name, "ml.model.rolled_back");
  Process again(folder.path());
  EXPECT_EQ(again.deployer.restore("m").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(again.deploy(1).value(), 3) << "versions are used once";
}

TEST(ModelDeployer, StaysWhereItIsWhenTheNamedVersionIsDamagedOrMissing) {
  const testing::TempFolder folder;
  {
    Process process(folder.path());
    ASSERT_TRUE(process.deploy(0.25f));
    ASSERT_TRUE(process.deploy(0.5f));
  }
  std::filesystem::resize_file(folder.path("m/1/model.onnx"), 30);
  Process process(folder.path());
  ASSERT_EQ(process.deployer.restore("m").value(), 2);
  const CurrentPointer before = process.repository.current("m").value();
  process.events.all.clear();
  EXPECT_EQ(process.deployer.roll_back_to("m", 1, "why").error().code, ErrorCode::kBadData);
  EXPECT_EQ(process.deployer.roll_back_to("m", 7, "why").error().code, ErrorCode::kNotFound);
  EXPECT_NEAR(process.answer(), sigmoid(2), 1e-6);
  EXPECT_EQ(process.repository.current("m").value(), before);
  ASSERT_EQ(process.events.all.size(), 2u);
  for (const DeployEvent& event : process.events.all) EXPECT_EQ(event.name, "ml.model.refused");
}

TEST(ModelDeployer, ARestartFallsBackFromADamagedVersion) {
  const testing::TempFolder folder;
  {
    Process process(folder.path());
    EXPECT_EQ(process.deployer.restore("m").error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(process.deploy(1));
    ASSERT_TRUE(process.deploy(2));
  }
  ASSERT_TRUE(posix_file_system().truncate(folder.path("m/2/model.onnx"), 30));
  Process again(folder.path());
  EXPECT_EQ(again.deployer.restore("m").value(), 1);
  EXPECT_NEAR(again.answer(), sigmoid(4), 1e-6);
  EXPECT_EQ(again.repository.current("m")->version, 1);
  ASSERT_EQ(again.events.all.size(), 1u);
  EXPECT_EQ(again.events.all[0].name, "ml.model.rolled_back");
}

TEST(ModelDeployer, WaitsForNoOtherProcessButRefuses) {
  const testing::TempFolder folder;
  Process process(folder.path());
  Process other(folder.path());
  const auto held = other.repository.lock().value();
  EXPECT_EQ(process.deploy(1).error().code, ErrorCode::kRefused);
}

TEST(ModelDeployer, ACanaryAnswersItsShareAndGoesAwayWithAnActivation) {
  const testing::TempFolder folder;
  Process process(folder.path());
  ASSERT_TRUE(process.deploy(1));
  ASSERT_TRUE(process.deployer.stage(model_of(2), metadata_of(), golden_of(2)));
  EXPECT_FALSE(process.deployer.start_canary("m", 9, 0.5));
  EXPECT_FALSE(process.deployer.start_canary("m", 2, 1.5));
  ASSERT_TRUE(process.deployer.start_canary("m", 2, 1));
  EXPECT_NEAR(process.answer(), sigmoid(8), 1e-6);
  process.deployer.stop_rollout("m", "enough");
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
  ASSERT_TRUE(process.deployer.start_shadow("m", 2));
  EXPECT_NEAR(process.answer(), sigmoid(4), 1e-6);
  const auto stats = process.server.rollout("m").value();
  EXPECT_EQ(stats.shadow_runs, 1);
  EXPECT_NEAR(stats.shadow_max_difference, sigmoid(8) - sigmoid(4), 1e-6);
  ASSERT_TRUE(process.deployer.activate("m", 2));
  EXPECT_FALSE(process.server.rollout("m")->running);
}

/// Checks that a fresh process over the folder serves the old version or the new one, whole, and can
/// deploy again.
void expect_old_or_new(const std::string& folder, int64_t operation) {
  Process again(folder);
  const auto version = again.deployer.restore("m");
  ASSERT_TRUE(version) << operation << ": " << to_string(version.error());
  EXPECT_NEAR(again.answer(), *version == 1 ? sigmoid(4) : sigmoid(8), 1e-6) << operation;
  const std::vector<VersionEntry> entries = again.repository.list("m").value();
  for (const VersionEntry& entry : entries) {
    EXPECT_EQ(entry.state, VersionEntry::State::kAvailable) << operation << ": " << entry.reason;
  }
  EXPECT_TRUE(again.deploy(3)) << operation;
  EXPECT_NEAR(again.answer(), sigmoid(12), 1e-6) << operation;
}

/// Deploys version 2 while operation `fail_at` fails; returns whether there was such an operation.
bool deploy_failing_at(int64_t fail_at, bool and_all_after) {
  const testing::TempFolder folder;
  testing::FailingFileSystem files(posix_file_system());
  Process process(folder.path("models"), files);
  EXPECT_TRUE(process.deploy(1));
  files.fail_at(fail_at, and_all_after);
  const auto version = process.deploy(2);
  const bool reached = files.operations() >= fail_at;
  const float answer = process.answer();
  EXPECT_NEAR(answer, version ? sigmoid(8) : sigmoid(4), 1e-6) << fail_at;
  EXPECT_TRUE(version || !process.events.all.back().reason.empty()) << fail_at;
  expect_old_or_new(folder.path("models"), fail_at);
  return reached;
}

TEST(ModelDeployer, ACrashAtAnyStepLeavesTheOldVersionOrTheNew) {
  int64_t operation = 1;
  while (deploy_failing_at(operation, true)) ++operation;
  EXPECT_GT(operation, 20);
}

TEST(ModelDeployer, AnErrorAtAnyStepLeavesTheOldVersionServing) {
  int64_t operation = 1;
  while (deploy_failing_at(operation, false)) ++operation;
  EXPECT_GT(operation, 20);
}

}  // namespace
}  // namespace thunderline::thunderbolt
