#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::train {

/// A learning rate that is a number or depends on the step. Source:
/// keras.optimizers.schedules, 3.15.1: ExponentialDecay, PiecewiseConstantDecay, PolynomialDecay,
/// InverseTimeDecay, CosineDecay (with warm-up), CosineDecayRestarts.
class LearningRate {
 public:
  /// From Keras's config as JSON. Errors: kBadData that names the schedule or the setting.
  static Result<LearningRate> parse(const std::string& config);

  bool scheduled() const { return kind_ != Kind::kNumber; }

  /// Precondition: not scheduled.
  void set(double value) { initial_ = value; }

  /// At step `step`, counted from 0. Rounded to float32, as Keras's.
  double at(int64_t step) const;

 private:
  enum class Kind {
    kNumber,
    kExponential,
    kPiecewise,
    kPolynomial,
    kInverseTime,
    kCosine,
    kRestarts
  };

  double cosine(double step) const;
  double restarts(double step) const;

  Kind kind_ = Kind::kNumber;
  double initial_ = 0.001;
  double steps_ = 1;
  double rate_ = 0;
  bool staircase_ = false;
  double end_ = 1e-4;
  double power_ = 1;
  bool cycle_ = false;
  double alpha_ = 0;
  bool warms_ = false;
  double warmup_target_ = 0;
  double warmup_steps_ = 0;
  double t_mul_ = 2;
  double m_mul_ = 1;
  std::vector<double> boundaries_;
  std::vector<double> values_;
};

}  // namespace thunderline::cerebros::train
