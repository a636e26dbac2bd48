// Real sessions swapped under load. Apart from model_server_test, which ThreadSanitizer also runs:
// ONNX Runtime is not built for it.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/tiny_onnx.h"
#include "thunderline/thunderbolt/ml/model_server.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"

namespace thunderline::thunderbolt {
namespace {

constexpr int64_t kWidth = 8;
constexpr int64_t kVersions = 7;

/// Makes version v on the spot: sigmoid(0.01 · v · sum of the row).
class TinyLoader final : public ModelLoader {
 public:
  Result<std::unique_ptr<const ServedModel>> load(const std::string& name,
                                                  int64_t version) override {
    StoredModel stored;
    stored.onnx = testing::sigmoid_onnx(kWidth, 0.01f * static_cast<float>(version), 0).build();
    stored.metadata.name = name;
    stored.metadata.version = version;
    return load_stored_model(std::move(stored), {}, clock_);
  }

 private:
  testing::FakeClock clock_;
};

TEST(ModelSwap, AThousandSwapsUnderEightClientsAreBitExact) {
  TinyLoader loader;
  ModelServer server(loader, {.capacity = 3});
  std::vector<float> input(2 * kWidth);
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i);
  std::vector<std::vector<float>> expected(kVersions + 1, std::vector<float>(2));
  for (int64_t version = 1; version <= kVersions; ++version) {
    const auto model = loader.load("m", version).value();
    ASSERT_TRUE(model->run_floats(input, 2, expected[static_cast<size_t>(version)]));
  }
  ASSERT_NE(expected[1], expected[2]);
  ASSERT_TRUE(server.activate("m", 1));

  std::atomic<bool> stop{false};
  std::atomic<int64_t> failed{0};
  std::atomic<int64_t> mixed{0};
  std::atomic<int64_t> answers{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      std::vector<float> output(2);
      while (!stop) {
        const auto answer = server.run_floats("m", "r", input, 2, output);
        if (!answer) ++failed;
        if (answer) mixed += output != expected[static_cast<size_t>(answer->version)];
        ++answers;
      }
    });
  }
  for (int64_t swap = 1; swap <= 1000; ++swap) {
    ASSERT_TRUE(server.activate("m", swap % kVersions + 1));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(mixed, 0);
  EXPECT_GT(answers, 1000);
  EXPECT_GT(server.stats().loads, 500u);  // Seven versions turn in a cache of three.
}

}  // namespace
}  // namespace thunderline::thunderbolt
