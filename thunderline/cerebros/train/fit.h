#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/model.h"
#include "thunderline/cerebros/train/callbacks.h"

namespace thunderline::cerebros::train {

/// What a model is trained or judged on. Shapes: x [rows, input width], y [rows, output width],
/// sample_weight [rows] or empty. Lifetime: borrowed for the call.
struct TrainingData {
  std::span<const float> x;
  std::span<const float> y;
  std::span<const float> sample_weight;
  int64_t rows = 0;
};

/// An epoch that has ended.
struct EpochReport {
  int epoch = 0;             ///< From 0.
  int epochs = 0;            ///< As asked for.
  EpochValues values;        ///< "loss", "val_loss", "accuracy", …
  double learning_rate = 0;  ///< That the epoch was trained with.
};

struct FitOptions {
  int epochs = 1;
  int64_t batch_size = 32;
  double validation_split = 0;  ///< This last fraction of the rows, taken before shuffling.
  std::optional<TrainingData> validation_data;  ///< Goes before `validation_split`.
  bool shuffle = true;  ///< Fisher–Yates each epoch, from derive_seed(seed, epoch).
  uint64_t seed = 0;    ///< Of the shuffles, and of Dropout layers that have none.
  std::map<int, double> class_weight;  ///< Factor of a row by its class; 1 for others.
  std::optional<EarlyStopping> early_stopping;
  std::optional<ReduceLrOnPlateau> reduce_lr;
  /// Called after each epoch and its callbacks; false stops (pruned or cancelled).
  std::function<bool(const EpochReport&)> on_epoch;
  /// Called after each batch that was trained on: a sign of life.
  std::function<void()> on_batch;
};

/// Keras's History.
struct History {
  /// Keras's names: "loss", "val_loss", "accuracy", …; "learning_rate" with `reduce_lr`.
  std::map<std::string, std::vector<double>> values;
  std::vector<int> epoch;
  int stopped_epoch = 0;  ///< At which early stopping stopped; 0: it did not.
  int best_epoch = 0;     ///< By early stopping's count; 0 without it.

  /// `values`, and beside them "epoch", "stopped_epoch" and "best_epoch", as one JSON object.
  std::string to_json() const;
};

struct FitResult {
  keras::Model model;  ///< Trained weights, optimizer state, and the learning rate as it ended.
  History history;
  bool stopped_by_caller = false;
};

/// Trains a copy of `model` with its compiled optimizer and loss, and Keras's semantics: the last
/// batch may be short, an epoch's loss is the mean over its samples of weight · loss, metrics take
/// no weights, training goes on from the model's optimizer state. Same arguments, same bits, on
/// every processor with AVX2 or better, in any thread.
/// Errors: kInvalidArgument for shapes and options; kBadData for numbers in the data, the loss or
/// the weights that are not finite (names row and column, or epoch, step and the first such
/// tensor).
/// Thread-safety: any thread; starts none. Denormals count as zero during the call.
Result<FitResult> fit(const keras::Model& model, const TrainingData& data,
                      const FitOptions& options);

/// The model's outputs, [rows, output width], for x [rows, input width]. Errors: kInvalidArgument.
Result<std::vector<float>> predict(const keras::Model& model, std::span<const float> x,
                                   int64_t rows);

struct Evaluation {
  double loss = 0;
  std::map<std::string, double> metrics;
};

/// Loss and metrics of the compiled model. Errors: as `fit`.
Result<Evaluation> evaluate(const keras::Model& model, const TrainingData& data,
                            int64_t batch_size = 32);

}  // namespace thunderline::cerebros::train
