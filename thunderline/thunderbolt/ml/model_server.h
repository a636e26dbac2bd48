#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/model_reaper.h"
#include "thunderline/thunderbolt/ml/served_model.h"

namespace thunderline::thunderbolt {

/// Serves models by name and version from memory, and swaps versions without blocking or failing a
/// request: a user holds the version that it took until it lets go; the old one is destroyed after
/// its last user, on a thread of its own.
///
/// Thread-safety: any thread. `acquire(name)` and `route` take one short lock and copy a shared_ptr;
/// no model is loaded, run or destroyed under that lock. Lifetime: `loader` must outlive it; models
/// may outlive it.
class ModelServer {
 public:
  struct Options {
    /// Versions kept in memory, over all names. The least recently used ones go first; active
    /// versions and candidates stay even above it.
    size_t capacity = 8;
    /// Failed answers of a canary after which it gets no more requests.
    int64_t canary_failure_limit = 5;
  };

  /// A second version beside the active one.
  struct Rollout {
    int64_t version = 0;
    double fraction = 0;  ///< Canary: share of requests that it answers, in [0, 1].
    bool shadow = false;  ///< It runs beside every other request; its answers are only compared.
  };

  /// Which version answers a request.
  struct Route {
    ModelPtr model;
    ModelPtr fallback;  ///< The active version, when `model` is the canary.
    ModelPtr shadow;    ///< To run beside it, if any.
  };

  struct Answer {
    int64_t version = 0;
    bool canary = false;
  };

  /// How a candidate did so far.
  struct RolloutStats {
    Rollout rollout;
    bool running = false;
    std::string stopped;  ///< Why it was stopped, if it was.
    int64_t canary_answers = 0;
    int64_t canary_failures = 0;
    int64_t shadow_runs = 0;
    int64_t shadow_failures = 0;
    double shadow_mean_difference = 0;  ///< Mean |candidate - active| over all outputs.
    double shadow_max_difference = 0;
  };

  struct ModelStatus {
    enum class State { kLoading, kReady, kFailed };
    std::string name;
    int64_t version = 0;
    State state = State::kReady;
    std::string reason;  ///< Why it failed.
    bool active = false;
    bool candidate = false;
    int64_t users = 0;     ///< Who hold it now, beside the server. An instant's view.
    int64_t acquired = 0;  ///< Times it was taken by name and version.
  };

  struct Stats {
    uint64_t acquired = 0;
    uint64_t loads = 0;
    uint64_t load_failures = 0;
    uint64_t swaps = 0;
    uint64_t evictions = 0;
    uint64_t destroyed = 0;
    size_t loaded = 0;
    size_t capacity = 0;
  };

  struct Health {
    bool ready = false;                 ///< At least one model is active.
    std::vector<std::string> problems;  ///< Versions that failed to load, and have not loaded since.
  };

  ModelServer(ModelLoader& loader, Options options);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  /// The active version. Never loads. Errors: kNotFound when nothing is active under the name.
  Result<ModelPtr> acquire(std::string_view name) const;

  /// A version, active or not; loads it on the caller's thread when it is not in memory, once for
  /// all who ask at that time. Errors: those of the loader.
  Result<ModelPtr> acquire(const std::string& name, int64_t version);

  /// Loads a version into memory. Errors: those of the loader.
  Status preload(const std::string& name, int64_t version);

  /// Makes a version the active one, loading it first when needed. On an error the old one stays.
  /// Ends the name's rollout.
  Status activate(const std::string& name, int64_t version);

  /// Lets no version of the name serve; who holds the old one may finish with it. Ends the name's
  /// rollout. No error when none served.
  void deactivate(const std::string& name);

  /// Drops a version from memory. Errors: kNotFound when it is not there; kRefused for an active
  /// version or a candidate.
  Status evict(const std::string& name, int64_t version);

  /// Starts a canary or shadow beside the active version. Errors: kInvalidArgument for a fraction
  /// outside [0, 1]; kNotFound when nothing is active; those of the loader; kRefused for the active
  /// version itself.
  Status set_rollout(const std::string& name, const Rollout& rollout);
  void stop_rollout(const std::string& name, const std::string& reason);
  Result<RolloutStats> rollout(std::string_view name) const;

  /// Chooses for a request; the same id gives the same choice for as long as the rollout runs
  /// (`canary_share`). Errors: as `acquire(name)`.
  Result<Route> route(std::string_view name, std::string_view request_id) const;

  /// Routes a request and runs it, the caller's buffers in and out. A canary that fails or gives
  /// what is not finite is answered for by the active version; a shadow never fails a request.
  /// Shapes and errors: ServedModel::run_floats.
  Result<Answer> run_floats(std::string_view name, std::string_view request_id,
                            std::span<const float> input, int64_t rows, std::span<float> output);

  std::vector<ModelStatus> list() const;
  Stats stats() const;
  Health health() const;

  /// Where a request stands in [0, 1): the canary of this version answers those below its fraction.
  /// FNV-1a of the id, mixed with the version (derive_seed), so that each canary draws anew.
  static double canary_share(std::string_view request_id, int64_t version);

 private:
  using Key = std::pair<std::string, int64_t>;
  struct Loaded {
    ModelPtr model;
    uint64_t last_used = 0;
    int64_t acquired = 0;
  };
  struct Flight {  // One load, which several may wait for.
    bool done = false;
    Result<ModelPtr> result;
  };
  struct Name {
    ModelPtr active;
    ModelPtr candidate;
    RolloutStats rollout;
    double difference_sum = 0;
    int64_t difference_count = 0;
  };

  Result<ModelPtr> load(const Key& key, std::unique_lock<std::mutex>& lock,
                        std::vector<ModelPtr>& dropped);
  void remember(const Key& key, const ModelPtr& model, std::vector<ModelPtr>& dropped);
  void note_failure(const Key& key, const Error& error);
  bool pinned(const Key& key) const;
  void stop(Name& name, const std::string& reason, std::vector<ModelPtr>& dropped);
  void note_canary(std::string_view name, const ServedModel& candidate, bool good);
  void run_shadow(std::string_view name, const ServedModel& shadow, std::span<const float> input,
                  int64_t rows, std::span<const float> output);
  Name* running(std::string_view name, const ServedModel& candidate);

  ModelLoader& loader_;
  const Options options_;
  const std::shared_ptr<ModelReaper> reaper_;

  mutable std::mutex mutex_;  // Guards everything below.
  std::condition_variable loaded_one_;
  std::map<std::string, Name, std::less<>> names_;
  std::map<Key, Loaded> loaded_;
  std::map<Key, std::shared_ptr<Flight>> loading_;
  std::map<Key, Error> failures_;
  uint64_t uses_ = 0;
  mutable Stats stats_;
};

}  // namespace thunderline::thunderbolt
