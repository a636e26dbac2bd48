#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/model_repository.h"
#include "thunderline/thunderbolt/ml/model_server.h"
#include "thunderline/thunderbolt/ml/onnx_session.h"
#include "thunderline/thunderbolt/training/deploy_events.h"

namespace thunderline::thunderbolt {

/// Inputs with the answers that the trainer's own forward pass gave.
/// Shapes: inputs [rows, w], expected [rows, k], row-major.
struct GoldenSet {
  std::vector<float> inputs;
  std::vector<float> expected;
  int64_t rows = 0;
};

/// Brings models into service: verifies them, stores them durably, swaps them in, rolls back.
/// Whatever fails, at whatever step, the version that served keeps serving; a crash leaves on disk
/// the old state or the new one. Every refusal has a reason, and is published.
/// Thread-safety: any thread; operations take turns, also with other processes on the same folder.
/// Lifetime: everything passed in must outlive it.
class ModelDeployer {
 public:
  struct Options {
    double tolerance = 1e-4;  ///< Largest |answer - expected| over the golden set.
    /// When set, models must state this very feature schema.
    std::optional<FeatureSchemaRef> required_schema;
    LoadOptions load;
    int64_t warm_up_rows = 64;  ///< Size of the largest of the batches that warm a model up.
  };

  ModelDeployer(ModelRepository& repository, ModelServer& server, DeployEventSink& events,
                const Clock& clock, Options options)
      : repository_(repository),
        server_(server),
        events_(events),
        clock_(clock),
        options_(std::move(options)) {}

  /// Stores a model as the next version of `metadata.name`, without serving it: writes it under a
  /// temporary name, syncs, reads it back, verifies (loads; one float32 matrix in and out; feature
  /// schema; finite answers that agree with the golden set, in a batch and row by row), renames,
  /// syncs the folder. Returns the version. `metadata.version` is 0, or the number that is wanted,
  /// above all others.
  /// Errors: kBadData or kRefused with the reason; those of the files.
  Result<int64_t> stage(std::span<const std::byte> onnx, ModelMetadata metadata,
                        const GoldenSet& golden);

  /// Puts a stored version into service: loads it, warms it up, moves the pointer on disk, swaps.
  /// Errors: kNotFound; kBadData when it does not load or run; those of the files.
  Status activate(const std::string& name, int64_t version);

  /// `stage`, then `activate`.
  Result<int64_t> deploy(std::span<const std::byte> onnx, ModelMetadata metadata,
                         const GoldenSet& golden);

  /// Puts the newest earlier version that still loads and runs back into service; returns it.
  /// Errors: kRefused when there is none.
  Result<int64_t> rollback(const std::string& name);

  /// Goes back to `version`, which served before; 0: to none, so that whoever asks falls back on what
  /// it does without a model. What served since is none to go back to. `reason` is published.
  /// Unlike `rollback` it depends on no pointer that an earlier process left.
  /// Errors, without any change: kNotFound; kBadData when the version does not load or run.
  Status roll_back_to(const std::string& name, int64_t version, const std::string& reason);

  /// After a start: serves what the pointer on disk names or, where that is damaged, the newest
  /// earlier version that is not (and moves the pointer). Returns the version.
  /// Errors: kNotFound when nothing was ever active; kBadData when none of them loads.
  Result<int64_t> restore(const std::string& name);

  /// Lets a stored version answer a share of the requests, chosen by a hash of the request's id.
  /// Not remembered over a restart; ends with `activate`, `rollback` and `stop_rollout`.
  Status start_canary(const std::string& name, int64_t version, double fraction);

  /// Lets a stored version run beside the active one; its answers are compared and dropped.
  Status start_shadow(const std::string& name, int64_t version);

  void stop_rollout(const std::string& name, const std::string& reason);

 private:
  Result<int64_t> stage_locked(std::span<const std::byte> onnx, ModelMetadata metadata,
                               const GoldenSet& golden);
  Status complete(ModelMetadata& metadata, std::span<const std::byte> onnx) const;
  Status verify(StoredModel stored, const GoldenSet& golden) const;
  Status verify_schema(const ServedModel& model) const;
  Status verify_answers(const ServedModel& model, const GoldenSet& golden) const;
  Status warm_up(const std::string& name, int64_t version);
  Status switch_to(const std::string& name, const CurrentPointer& from, const CurrentPointer& to);
  Result<int64_t> fall_back(const std::string& name, const CurrentPointer& from);
  Status start_rollout(const std::string& name, const ModelServer::Rollout& rollout);
  void publish(const char* event, const std::string& name, int64_t version, int64_t previous,
               const std::string& reason);

  ModelRepository& repository_;
  ModelServer& server_;
  DeployEventSink& events_;
  const Clock& clock_;
  const Options options_;
  std::mutex mutex_;  // One operation at a time.
};

}  // namespace thunderline::thunderbolt
