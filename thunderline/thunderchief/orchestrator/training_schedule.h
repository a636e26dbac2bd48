#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace thunderline::thunderchief {

/// When a model is trained again: once enough rewards were seen, then after each further so many, and
/// sooner after an alarm. A value; deterministic.
class TrainingSchedule {
 public:
  struct Options {
    uint64_t first = 600;        ///< Seen rewards before the first training.
    uint64_t every = 250;        ///< Seen rewards between trainings.
    uint64_t after_alarm = 100;  ///< Seen rewards between an alarm and the training it asks for.
    uint64_t last = 0;  ///< Seen rewards after which none begins, so the model is frozen; 0: never.
  };

  TrainingSchedule() : TrainingSchedule(Options{}) {}
  explicit TrainingSchedule(Options options) : options_(options), due_at_(options.first) {}

  /// Takes note that `seen` rewards have come in all. Returns why a training is due, if one is; it
  /// is then counted as begun.
  std::optional<std::string> observe(uint64_t seen);

  /// The live model got worse. Before the first training it changes nothing.
  void alarm(uint64_t seen);

  uint64_t due_at() const { return due_at_; }
  uint64_t trainings() const { return trainings_; }

 private:
  Options options_;
  uint64_t due_at_;
  uint64_t trainings_ = 0;
  bool alarmed_ = false;
};

}  // namespace thunderline::thunderchief
