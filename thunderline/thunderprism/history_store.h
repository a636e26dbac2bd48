#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/state_store.h"

namespace thunderline::thunderprism {

/// A training as its page shows it: TrainingStory::training_json.
struct TrainingRow {
  int version = 0;
  bool begins = false;  ///< Trials that stand under this version are of an attempt that was cut off.
  std::string document;
};

struct TrialRow {
  int version = 0;
  int number = 0;
  std::optional<double> value;  ///< Lowest val_loss; nothing when it failed.
  int epochs = 0;
  std::string params_json;
  int64_t ended_ms = 0;
  std::optional<double> plv, sigma, lambda;  ///< Of the loop when the trial ended.
  std::string curves_json;  ///< `{"epoch":[…],"loss":[…],…}`
  std::string log;          ///< Lines.
};

struct MessageRow {
  uint64_t number = 0;
  int64_t unix_ms = 0;
  std::string type, from, to, summary;
};

/// What is written in one transaction.
struct HistoryBatch {
  std::vector<TrainingRow> trainings;
  std::vector<TrialRow> trials;
  std::vector<MessageRow> messages;

  bool empty() const { return trainings.empty() && trials.empty() && messages.empty(); }
};

/// What pages show of the past, in the home's `state.db` (docs/formats/state_db.md, part "history").
/// Kept: the newest 10,000 messages; the newest 200 trainings with their trials; curves and logs of
/// the newest 20 of them, and of the others' best trials.
/// Errors: those of StateStore. Thread-safety: `write` and `restore` one thread; the others any.
class HistoryStore {
 public:
  static constexpr int kMessages = 10'000;
  static constexpr int kTrainings = 200;
  static constexpr int kTrainingsWithCurves = 20;
  static constexpr size_t kCurvePoints = 600;

  /// Opens the file; makes it where there is none.
  static Result<std::unique_ptr<HistoryStore>> open(const std::string& path);

  /// Writes all of it or nothing, and drops what is too old.
  Status write(const HistoryBatch& batch);

  /// Where a run goes on: the newest training with its trials, and the newest `messages` lines.
  struct Past {
    std::optional<TrainingRow> training;
    std::vector<TrialRow> trials;
    std::vector<MessageRow> messages;  ///< Oldest first.
  };
  Result<Past> restore(int messages);

  /// `{"items":[…],"next":…}`: trainings, newest first; `before` 0: from the newest.
  Result<std::string> trainings_json(int64_t before, int64_t limit) TL_EXCLUDES(mutex_);

  /// The trials of a training by columns, as /api/v1/run/trials has them. Errors: kNotFound.
  Result<std::string> trials_json(int64_t version) TL_EXCLUDES(mutex_);

  /// One trial: its row, `curves`, `log` (lines). Errors: kNotFound.
  Result<std::string> trial_json(int64_t version, int64_t number) TL_EXCLUDES(mutex_);

  /// `{"items":[…],"next":…}`: messages, newest first, that contain `text` in type, agents or summary.
  Result<std::string> messages_json(int64_t before, int64_t limit, const std::string& text)
      TL_EXCLUDES(mutex_);

 private:
  HistoryStore(std::unique_ptr<thunderchief::StateStore> writer, Database reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}

  Status put(const TrainingRow& row);
  Status put(const TrialRow& row);
  Status put(const MessageRow& row);
  Status drop_old();

  std::unique_ptr<thunderchief::StateStore> writer_;
  Mutex mutex_;
  Database reader_ TL_GUARDED_BY(mutex_);  ///< A connection of its own: who reads waits for no writer.
};

/// The points of curves that stay when there are more than `most`: of each bucket of epochs those
/// where `by` is lowest and highest, and the first and last epoch. Positions, rising.
std::vector<size_t> kept_points(const std::vector<double>& by, size_t most);

}  // namespace thunderline::thunderprism
