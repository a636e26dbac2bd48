#include "thunderline/cerebros/train/kernels/elementwise.h"

#include <cmath>

#include "thunderline/cerebros/train/kernels/gemm.h"
#include "thunderline/cerebros/train/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "thunderline/cerebros/train/kernels/elementwise.cc"
#include <hwy/foreach_target.h>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "thunderline/cerebros/train/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace thunderline::cerebros::train {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kLanes>;
using V = hn::Vec<D>;
using keras::Activation;

HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(D())); }

struct ValueAndSlope {
  V value;
  V slope;
};

template <Activation kActivation>
HWY_INLINE ValueAndSlope apply(V z) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  if constexpr (kActivation == Activation::kLinear) return {z, one};
  if constexpr (kActivation == Activation::kRelu) {
    // Written so that NaN stays NaN.
    return {hn::IfThenZeroElse(hn::Lt(z, hn::Zero(d)), z),
            hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), one)};
  }
  if constexpr (kActivation == Activation::kGelu) {
    const auto n = normal(d, z);
    return {hn::Mul(z, n.distribution), hn::MulAdd(z, n.density, n.distribution)};
  }
  if constexpr (kActivation == Activation::kSilu) {
    const V s = logistic(d, z);
    return {hn::Mul(z, s), hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one))};
  }
  if constexpr (kActivation == Activation::kSigmoid) {
    const V s = logistic(d, z);
    return {s, hn::Mul(s, hn::Sub(one, s))};
  }
  if constexpr (kActivation == Activation::kTanh) {
    const V t = hyperbolic_tangent(d, z);
    return {t, hn::NegMulAdd(t, t, one)};
  }
}

template <Activation kActivation>
void activate_all(const float* z, float* a, int64_t count) {
  const D d;
  for (int64_t i = 0; i < count; i += lanes()) {
    hn::Store(apply<kActivation>(hn::Load(d, z + i)).value, d, a + i);
  }
}

template <Activation kActivation>
void activate_all_with_slope(float* HWY_RESTRICT z, float* HWY_RESTRICT a, int64_t count) {
  const D d;
  for (int64_t i = 0; i < count; i += lanes()) {
    const ValueAndSlope result = apply<kActivation>(hn::Load(d, z + i));
    hn::Store(result.value, d, a + i);
    hn::Store(result.slope, d, z + i);
  }
}

void activate(Activation activation, const float* z, float* a, int64_t count) {
  switch (activation) {
    case Activation::kLinear: return activate_all<Activation::kLinear>(z, a, count);
    case Activation::kRelu: return activate_all<Activation::kRelu>(z, a, count);
    case Activation::kGelu: return activate_all<Activation::kGelu>(z, a, count);
    case Activation::kSilu: return activate_all<Activation::kSilu>(z, a, count);
    case Activation::kSigmoid: return activate_all<Activation::kSigmoid>(z, a, count);
    case Activation::kTanh: return activate_all<Activation::kTanh>(z, a, count);
  }
}

void activate_with_slope(Activation activation, float* z, float* a, int64_t count) {
  switch (activation) {
    case Activation::kLinear: return activate_all_with_slope<Activation::kLinear>(z, a, count);
    case Activation::kRelu: return activate_all_with_slope<Activation::kRelu>(z, a, count);
    case Activation::kGelu: return activate_all_with_slope<Activation::kGelu>(z, a, count);
    case Activation::kSilu: return activate_all_with_slope<Activation::kSilu>(z, a, count);
    case Activation::kSigmoid: return activate_all_with_slope<Activation::kSigmoid>(z, a, count);
    case Activation::kTanh: return activate_all_with_slope<Activation::kTanh>(z, a, count);
  }
}

/// The factors of dropout for elements first, first + 1, …
class Mask {
 public:
  Mask(uint64_t key, double rate)
      : low_(static_cast<uint32_t>(key)),
        high_(static_cast<uint32_t>(key >> 32)),
        threshold_(static_cast<int32_t>(std::lround(rate * 0x1.0p24))),
        scale_(static_cast<float>(1.0 / (1.0 - rate))) {}

  HWY_INLINE V at(int64_t first) const {
    const D d;
    const hn::RebindToUnsigned<D> du;
    const hn::RebindToSigned<D> di;
    auto x = hn::Mul(hn::Iota(du, static_cast<uint32_t>(first)), hn::Set(du, 0x9e3779b1u));
    x = hn::Add(x, hn::Set(du, low_));
    x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(du, 0x7feb352du));
    x = hn::Xor(x, hn::Set(du, high_));
    x = hn::Mul(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(du, 0x846ca68bu));
    x = hn::Xor(x, hn::ShiftRight<16>(x));
    const auto draw = hn::BitCast(di, hn::ShiftRight<8>(x));
    const auto dropped = hn::RebindMask(d, hn::Lt(draw, hn::Set(di, threshold_)));
    return hn::IfThenZeroElse(dropped, hn::Set(d, scale_));
  }

 private:
  uint32_t low_;
  uint32_t high_;
  int32_t threshold_;
  float scale_;
};

void drop(uint64_t key, double rate, float* a, float* slope, int64_t count) {
  const D d;
  const Mask mask(key, rate);
  for (int64_t i = 0; i < count; i += lanes()) {
    const V factor = mask.at(i);
    hn::Store(hn::Mul(hn::Load(d, a + i), factor), d, a + i);
    if (slope != nullptr) hn::Store(hn::Mul(hn::Load(d, slope + i), factor), d, slope + i);
  }
}

void sum_rows(const float* rows, int64_t stride, int64_t n, int64_t columns, float* sums) {
  const D d;
  const int64_t step = lanes();
  int64_t j = 0;
  // Four chains at a time hide the latency of the additions.
  for (; j + 4 * step <= columns; j += 4 * step) {
    V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    const float* row = rows + j;
    for (int64_t i = 0; i < n; ++i, row += stride) {
      s0 = hn::Add(s0, hn::Load(d, row));
      s1 = hn::Add(s1, hn::Load(d, row + step));
      s2 = hn::Add(s2, hn::Load(d, row + 2 * step));
      s3 = hn::Add(s3, hn::Load(d, row + 3 * step));
    }
    hn::Store(s0, d, sums + j);
    hn::Store(s1, d, sums + j + step);
    hn::Store(s2, d, sums + j + 2 * step);
    hn::Store(s3, d, sums + j + 3 * step);
  }
  for (; j < columns; j += step) {
    V sum = hn::Zero(d);
    for (int64_t i = 0; i < n; ++i) sum = hn::Add(sum, hn::Load(d, rows + i * stride + j));
    hn::Store(sum, d, sums + j);
  }
}

/// Columns [first, m) of rows [first_row, n), one number at a time.
HWY_INLINE void transpose_plain(const float* from, int64_t from_stride, int64_t first_row,
                                int64_t n, int64_t first, int64_t m, float* to,
                                int64_t to_stride) {
  for (int64_t j = first; j < m; ++j) {
    for (int64_t i = first_row; i < n; ++i) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

#if HWY_TARGET == HWY_SCALAR
void transpose(const float* from, int64_t from_stride, int64_t n, int64_t m, float* to,
               int64_t to_stride) {
  transpose_plain(from, from_stride, 0, n, 0, m, to, to_stride);
}
#else
/// Four rows of four numbers.
HWY_INLINE void transpose_block(const float* from, int64_t from_stride, float* to,
                                int64_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> dw;
  const auto r0 = hn::Load(d, from);
  const auto r1 = hn::Load(d, from + from_stride);
  const auto r2 = hn::Load(d, from + 2 * from_stride);
  const auto r3 = hn::Load(d, from + 3 * from_stride);
  const auto low01 = hn::BitCast(dw, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(dw, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(dw, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(dw, hn::InterleaveUpper(d, r2, r3));
  hn::Store(hn::BitCast(d, hn::InterleaveLower(dw, low01, low23)), d, to);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(dw, low01, low23)), d, to + to_stride);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(dw, high01, high23)), d, to + 2 * to_stride);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(dw, high01, high23)), d, to + 3 * to_stride);
}

void transpose(const float* from, int64_t from_stride, int64_t n, int64_t m, float* to,
               int64_t to_stride) {
  const int64_t n4 = n / 4 * 4;
  const int64_t m4 = m / 4 * 4;
  for (int64_t j = 0; j < m4; j += 4) {
    for (int64_t i = 0; i < n4; i += 4) {
      transpose_block(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
    }
  }
  transpose_plain(from, from_stride, n4, n, 0, m4, to, to_stride);
  transpose_plain(from, from_stride, 0, n, m4, m, to, to_stride);
}
#endif

void adam_update(const AdamStep& step, const float* HWY_RESTRICT g, float* HWY_RESTRICT m,
                 float* HWY_RESTRICT v, float* HWY_RESTRICT w, int64_t count) {
  const D d;
  const V alpha = hn::Set(d, step.alpha);
  const V first = hn::Set(d, step.one_minus_beta_1);
  const V second = hn::Set(d, step.one_minus_beta_2);
  const V epsilon = hn::Set(d, step.epsilon);
  for (int64_t i = 0; i < count; i += lanes()) {
    const V gradient = hn::Load(d, g + i);
    V momentum = hn::Load(d, m + i);
    V velocity = hn::Load(d, v + i);
    momentum = hn::MulAdd(hn::Sub(gradient, momentum), first, momentum);
    velocity = hn::MulAdd(hn::Sub(hn::Mul(gradient, gradient), velocity), second, velocity);
    const V change = hn::Div(hn::Mul(momentum, alpha), hn::Add(hn::Sqrt(velocity), epsilon));
    hn::Store(momentum, d, m + i);
    hn::Store(velocity, d, v + i);
    hn::Store(hn::Sub(hn::Load(d, w + i), change), d, w + i);
  }
}

void cross_entropy_of_logits(const float* z, const float* y, float* values, float* slopes,
                             int64_t count) {
  const D d;
  for (int64_t i = 0; i < count; i += lanes()) {
    const V logit = hn::Load(d, z + i);
    const V target = hn::Load(d, y + i);
    const V rest = hn::Log1p(d, exponential(d, hn::Neg(hn::Abs(logit))));
    const V linear = hn::NegMulAdd(logit, target, hn::Max(logit, hn::Zero(d)));
    hn::Store(hn::Add(linear, rest), d, values + i);
    hn::Store(hn::Sub(logistic(d, logit), target), d, slopes + i);
  }
}

void cross_entropy_of_probabilities(const float* p, const float* y, float* values, float* slopes,
                                    int64_t count) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  const V low = hn::Set(d, 1e-7f);
  const V high = hn::Sub(one, low);
  for (int64_t i = 0; i < count; i += lanes()) {
    const V score = hn::Load(d, p + i);
    const V target = hn::Load(d, y + i);
    const V clipped = hn::Min(hn::Max(score, low), high);
    const V rest = hn::Sub(one, clipped);
    const V no = hn::Mul(hn::Sub(one, target), hn::Log(d, rest));
    const V value = hn::Neg(hn::MulAdd(target, hn::Log(d, clipped), no));
    hn::Store(hn::IfThenElse(hn::IsNaN(score), score, value), d, values + i);
    const V slope = hn::Div(hn::Sub(clipped, target), hn::Mul(clipped, rest));
    const auto outside = hn::Or(hn::Lt(score, low), hn::Gt(score, high));
    hn::Store(hn::IfThenZeroElse(outside, slope), d, slopes + i);
  }
}

void squared_error(const float* p, const float* y, float* values, float* slopes, int64_t count) {
  const D d;
  for (int64_t i = 0; i < count; i += lanes()) {
    const V difference = hn::Sub(hn::Load(d, p + i), hn::Load(d, y + i));
    hn::Store(hn::Mul(difference, difference), d, values + i);
    hn::Store(hn::Add(difference, difference), d, slopes + i);
  }
}

bool all_finite(const float* values, int64_t count) {
  const D d;
  // x · 0 is NaN exactly where x is NaN or infinite, and NaN stays in the sum.
  V sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes() <= count; i += lanes()) {
    sum = hn::MulAdd(hn::LoadU(d, values + i), hn::Zero(d), sum);
  }
  bool finite = hn::AllFalse(d, hn::IsNaN(sum));
  for (; i < count; ++i) finite = finite && std::isfinite(values[i]);
  return finite;
}

}  // namespace HWY_NAMESPACE
}  // namespace thunderline::cerebros::train
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace thunderline::cerebros::train {

HWY_EXPORT(activate);
HWY_EXPORT(activate_with_slope);
HWY_EXPORT(drop);
HWY_EXPORT(sum_rows);
HWY_EXPORT(transpose);
HWY_EXPORT(adam_update);
HWY_EXPORT(cross_entropy_of_logits);
HWY_EXPORT(cross_entropy_of_probabilities);
HWY_EXPORT(squared_error);
HWY_EXPORT(all_finite);

void activate(keras::Activation activation, const float* z, float* a, int64_t count) {
  HWY_DYNAMIC_DISPATCH(activate)(activation, z, a, count);
}

void activate_with_slope(keras::Activation activation, float* z, float* a, int64_t count) {
  HWY_DYNAMIC_DISPATCH(activate_with_slope)(activation, z, a, count);
}

void drop(uint64_t key, double rate, float* a, float* slope, int64_t count) {
  HWY_DYNAMIC_DISPATCH(drop)(key, rate, a, slope, count);
}

void sum_rows(const float* rows, int64_t stride, int64_t n, int64_t columns, float* sums) {
  HWY_DYNAMIC_DISPATCH(sum_rows)(rows, stride, n, columns, sums);
}

void transpose(const float* from, int64_t from_stride, int64_t n, int64_t m, float* to,
               int64_t to_stride) {
  HWY_DYNAMIC_DISPATCH(transpose)(from, from_stride, n, m, to, to_stride);
}

void adam_update(const AdamStep& step, const float* g, float* m, float* v, float* w,
                 int64_t count) {
  HWY_DYNAMIC_DISPATCH(adam_update)(step, g, m, v, w, count);
}

void cross_entropy_of_logits(const float* z, const float* y, float* values, float* slopes,
                             int64_t count) {
  HWY_DYNAMIC_DISPATCH(cross_entropy_of_logits)(z, y, values, slopes, count);
}

void cross_entropy_of_probabilities(const float* p, const float* y, float* values, float* slopes,
                                    int64_t count) {
  HWY_DYNAMIC_DISPATCH(cross_entropy_of_probabilities)(p, y, values, slopes, count);
}

void squared_error(const float* p, const float* y, float* values, float* slopes, int64_t count) {
  HWY_DYNAMIC_DISPATCH(squared_error)(p, y, values, slopes, count);
}

bool all_finite(const float* values, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(all_finite)(values, count);
}

}  // namespace thunderline::cerebros::train
#endif
