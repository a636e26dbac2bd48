#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/cerebros/train/tensorboard_writer.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/progress.h"

namespace thunderline::cli {

/// Looks on while a model is trained: progress with the time that is left, TensorBoard's curves,
/// Ctrl-C. Lifetime: the session must outlive it.
class EpochWatch {
 public:
  explicit EpochWatch(const Session& session);

  /// Writes curves into `folder`/train and `folder`/validation, named as Keras's callback does.
  Status open_tensorboard(const std::string& folder);

  /// For FitOptions::on_epoch: false stops the training.
  bool on_epoch(const cerebros::train::EpochReport& report);

  /// Errors: kInterrupted when Ctrl-C stopped it; what kept the curves from being written.
  Status finish();

 private:
  void show(const cerebros::train::EpochReport& report);
  Status write_curves(const cerebros::train::EpochReport& report);

  const Session& session_;
  Progress progress_;
  const std::chrono::nanoseconds begin_;
  std::optional<cerebros::train::TensorboardWriter> train_curves_;
  std::optional<cerebros::train::TensorboardWriter> validation_curves_;
  Status status_;
};

}  // namespace thunderline::cli
