#include "thunderline/cerebros/tpe/parzen_kernels.h"

#include <cmath>
#include <limits>

#include "thunderline/cerebros/train/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "thunderline/cerebros/tpe/parzen_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thunderline::cerebros::tpe {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Four lanes everywhere: a sum in another order would make other studies on wider processors.
using D = hn::CappedTag<double, 4>;
using V = hn::Vec<D>;

// Far below the largest, exp is lost in the sum; hn::Exp is defined down to there.
constexpr double kNegligible = -700;

void subtract_half_squares(double* HWY_RESTRICT row, const double* HWY_RESTRICT mu,
                           const double* HWY_RESTRICT precision, double z, size_t count) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const V point = hn::Set(d, z), half = hn::Set(d, 0.5);
  size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const V y = hn::Mul(hn::Sub(point, hn::LoadU(d, mu + k)), hn::LoadU(d, precision + k));
    hn::StoreU(hn::Sub(hn::LoadU(d, row + k), hn::Mul(half, hn::Mul(y, y))), d, row + k);
  }
  for (; k < count; ++k) {
    const double y = (z - mu[k]) * precision[k];
    row[k] -= 0.5 * y * y;
  }
}

double log_sum_exp(const double* values, size_t count) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  double largest = -std::numeric_limits<double>::infinity();
  V tops = hn::Set(d, largest);
  size_t k = 0;
  for (; k + lanes <= count; k += lanes) tops = hn::Max(tops, hn::LoadU(d, values + k));
  const size_t vectors_end = k;
  for (; k < count; ++k) largest = values[k] > largest ? values[k] : largest;
  const double top = hn::GetLane(hn::MaxOfLanes(d, tops));
  largest = top > largest ? top : largest;
  if (largest == -std::numeric_limits<double>::infinity()) return largest;
  const V shift = hn::Set(d, largest), floor = hn::Set(d, kNegligible);
  V sums = hn::Zero(d);
  for (k = 0; k < vectors_end; k += lanes) {
    sums = hn::Add(sums, hn::Exp(d, hn::Max(hn::Sub(hn::LoadU(d, values + k), shift), floor)));
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; k < count; ++k) sum += std::exp(values[k] - largest);
  return largest + std::log(sum);
}

}  // namespace HWY_NAMESPACE
}  // namespace thunderline::cerebros::tpe
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thunderline::cerebros::tpe {

HWY_EXPORT(subtract_half_squares);
HWY_EXPORT(log_sum_exp);

void subtract_half_squares(std::span<double> row, std::span<const double> mu,
                           std::span<const double> precision, double z) {
  HWY_DYNAMIC_DISPATCH(subtract_half_squares)(row.data(), mu.data(), precision.data(), z, row.size());
}

double log_sum_exp(std::span<const double> values) {
  return HWY_DYNAMIC_DISPATCH(log_sum_exp)(values.data(), values.size());
}

}  // namespace thunderline::cerebros::tpe
#endif
