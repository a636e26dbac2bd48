// What ModelServer adds to a bare call of ONNX Runtime's C API. Both run the same network on the same
// rows in turn, within one measurement, and write into the caller's buffer.

#include <benchmark/benchmark.h>
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/support/tiny_onnx.h"
#include "thunderline/base/clock.h"
#include "thunderline/cerebros/onnx/runtime/ort_library.h"
#include "thunderline/thunderbolt/ml/model_server.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"

namespace thunderline::thunderbolt {
namespace {

constexpr int64_t kWidth = 40;
constexpr int64_t kHidden = 64;

std::vector<float> weights(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.01f * static_cast<float>(static_cast<int>(i * 7919 % 41) - 20);
  }
  return values;
}

/// The scoring net: 40 → 64 relu → 64 relu → 1 sigmoid.
std::vector<std::byte> scoring_net() {
  testing::TinyOnnx model;
  model.input("x", {-1, kWidth})
      .output("y", {-1, 1})
      .initializer("w1", {kWidth, kHidden}, weights(kWidth * kHidden))
      .initializer("b1", {kHidden}, weights(kHidden))
      .initializer("w2", {kHidden, kHidden}, weights(kHidden * kHidden))
      .initializer("b2", {kHidden}, weights(kHidden))
      .initializer("w3", {kHidden, 1}, weights(kHidden))
      .initializer("b3", {1}, weights(1))
      .node("Gemm", {"x", "w1", "b1"}, {"z1"})
      .node("Relu", {"z1"}, {"a1"})
      .node("Gemm", {"a1", "w2", "b2"}, {"z2"})
      .node("Relu", {"z2"}, {"a2"})
      .node("Gemm", {"a2", "w3", "b3"}, {"z3"})
      .node("Sigmoid", {"z3"}, {"y"});
  return model.build();
}

void check(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return;
  std::fprintf(stderr, "%s\n", api.GetErrorMessage(status));
  std::abort();
}

/// ONNX Runtime as its C API is meant to be used, one thread, with its own default options.
class BareSession {
 public:
  explicit BareSession(const std::vector<std::byte>& model)
      : library_(*cerebros::onnx::ort_library().value()), api_(*library_.api) {
    OrtSessionOptions* options = nullptr;
    check(api_, api_.CreateSessionOptions(&options));
    check(api_, api_.SetIntraOpNumThreads(options, 1));
    check(api_, api_.CreateSessionFromArray(library_.env, model.data(), model.size(), options,
                                            &session_));
    check(api_, api_.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory_));
    api_.ReleaseSessionOptions(options);
  }
  ~BareSession() {
    api_.ReleaseSession(session_);
    api_.ReleaseMemoryInfo(memory_);
  }

  void run(std::vector<float>& input, int64_t rows, std::vector<float>& output) const {
    OrtValue* const in = tensor(input, {rows, kWidth});
    OrtValue* out = tensor(output, {rows, 1});
    const char* const input_name = "x";
    const char* const output_name = "y";
    check(api_, api_.Run(session_, nullptr, &input_name, &in, 1, &output_name, 1, &out));
    api_.ReleaseValue(in);
    api_.ReleaseValue(out);
  }

 private:
  OrtValue* tensor(std::vector<float>& data, std::array<int64_t, 2> shape) const {
    OrtValue* value = nullptr;
    check(api_, api_.CreateTensorWithDataAsOrtValue(
                    memory_, data.data(), data.size() * sizeof(float), shape.data(), 2,
                    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value));
    return value;
  }

  const cerebros::onnx::OrtLibrary& library_;
  const OrtApi& api_;
  ::OrtSession* session_ = nullptr;
  OrtMemoryInfo* memory_ = nullptr;
};

class NetLoader final : public ModelLoader {
 public:
  Result<std::unique_ptr<const ServedModel>> load(const std::string& name,
                                                  int64_t version) override {
    StoredModel stored;
    stored.onnx = scoring_net();
    stored.metadata.name = name;
    stored.metadata.version = version;
    return load_stored_model(std::move(stored), {}, clock_);
  }

 private:
  SystemClock clock_;
};

double median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Microseconds that one of `calls` calls takes.
template <typename F>
double time_us(int calls, F&& call) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) call();
  const std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - begin;
  return elapsed.count() / calls;
}

/// Counters: medians of both in microseconds, and by how much the server's is larger, in per cent.
void overhead(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const int calls = rows == 1 ? 200 : 5;
  NetLoader loader;
  ModelServer server(loader, {});
  if (!server.activate("agent_scoring", 1)) std::abort();
  const BareSession bare(scoring_net());
  std::vector<float> input = weights(rows * kWidth);
  std::vector<float> served(static_cast<size_t>(rows));
  std::vector<float> direct(static_cast<size_t>(rows));
  const auto with_server = [&] {
    const auto model = server.acquire("agent_scoring");
    if (!model || !(*model)->run_floats(input, rows, served)) std::abort();
  };
  const auto without = [&] { bare.run(input, rows, direct); };
  std::vector<double> server_us;
  std::vector<double> bare_us;
  with_server();
  without();
  for (auto _ : state) {
    bare_us.push_back(time_us(calls, without));
    server_us.push_back(time_us(calls, with_server));
  }
  if (served != direct) state.SkipWithError("the answers differ");
  const double server_median = median(server_us);
  const double bare_median = median(bare_us);
  state.counters["server_us"] = server_median;
  state.counters["bare_us"] = bare_median;
  state.counters["overhead_percent"] = 100 * (server_median / bare_median - 1);
}
BENCHMARK(overhead)->Arg(1)->Arg(32)->Arg(1024)->Iterations(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace thunderline::thunderbolt
