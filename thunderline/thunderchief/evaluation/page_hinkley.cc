#include "thunderline/thunderchief/evaluation/page_hinkley.h"

#include <algorithm>
#include <cmath>

namespace thunderline::thunderchief {

bool PageHinkley::add(double value) {
  if (!std::isfinite(value)) return alarm();
  ++count_;
  mean_ += (value - mean_) / static_cast<double>(count_);
  sum_ += value - mean_ - options_.delta;
  smallest_ = std::min(smallest_, sum_);
  return alarm();
}

bool PageHinkley::alarm() const {
  return count_ >= options_.min_values && statistic() > options_.lambda;
}

}  // namespace thunderline::thunderchief
