#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/thunderbolt/ml/observables/loop_monitor.h"
#include "thunderline/thunderbolt/ml/onnx_session.h"

namespace thunderline::thunderbolt {

/// What a model's answers to a series of rows say of it.
struct ModelObservables {
  /// PLV: mean over the pairs of output units that are not constant; σ: the second half of the rows
  /// against the first, over all units; λ̂ and entropy: of the mean over units. Each is empty where it
  /// does not exist: one unit has no pair, a constant answer no phase and no divergence.
  Observables observables;
  /// rms(output) / rms(input), per unit: how a signal's size comes through. This is not σ.
  std::optional<double> propagation;
};

/// An answer with what it says of the model.
struct Observed {
  Output output;
  ModelObservables observables;
};

/// Inference with models that came from Keras: load, infer, infer_batch, and the observables of what
/// they answer.
/// Thread-safety: any thread. Lifetime: `files` and `clock` must outlive it and its sessions.
class KerasOnnx {
 public:
  KerasOnnx(FileSystem& files, const Clock& clock) : files_(files), clock_(clock) {}

  /// Errors: those of OnnxSession::load.
  Result<std::shared_ptr<const OnnxSession>> load(const std::string& path,
                                                  const LoadOptions& options = {}) const;

  /// Runs a model of one input and one output. Errors: kInvalidArgument for a model of another form
  /// (OnnxSession::run takes those) and for a wrong shape, dtype or rank.
  Result<Output> infer(const OnnxSession& session, const Input& input) const;

  /// As `infer` for each of `inputs`, in one run: they are stacked along the first axis, so all
  /// their other extents must agree. A model with a fixed batch runs once per input instead.
  /// Errors: as `infer`; one bad input fails the batch, and the error says which.
  Result<std::vector<Output>> infer_batch(const OnnxSession& session,
                                          std::span<const Input> inputs) const;

  /// Reads a model's answers as a series in time: row after row.
  /// Shapes: input [rows, w] float32, output [rows, k] float32 in [0, 1], at least 4 rows.
  /// Errors: kInvalidArgument for another shape or dtype, and for an answer outside [0, 1].
  Result<ModelObservables> compute_observables(const Input& input, const Output& output) const;

  /// `infer`, then `compute_observables` of the answer. Errors: of both.
  Result<Observed> observe(const OnnxSession& session, const Input& input) const;

 private:
  FileSystem& files_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderbolt
