// Vector functions for elementwise.cc, compiled once a target: no include guard of the usual form.

#if defined(THUNDERLINE_TRAIN_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef THUNDERLINE_TRAIN_MATH_INL_H_
#undef THUNDERLINE_TRAIN_MATH_INL_H_
#else
#define THUNDERLINE_TRAIN_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace thunderline::cerebros::train {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Σ c[i] xⁱ by Horner's rule, highest power first.
template <class D, class V = hn::Vec<D>, typename... Rest>
HWY_INLINE V polynomial(D d, V x, float highest, Rest... rest) {
  V sum = hn::Set(d, highest);
  ((sum = hn::MulAdd(sum, x, hn::Set(d, rest))), ...);
  return sum;
}

/// e^x. Relative error below 2e-7; below −87.3 about 1e-38, above 88.3 about 2e38; NaN stays NaN.
/// x = n·log 2 + r, then the polynomial of Cephes's expf for e^r.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exponential(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V bounded = hn::Min(hn::Max(x, hn::Set(d, -87.3f)), hn::Set(d, 88.3f));
  const V n = hn::Round(hn::Mul(bounded, hn::Set(d, 1.44269504088896341f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), bounded);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  const V p = polynomial(d, r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                         4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f);
  const V e = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0f)));
  const auto power = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127)));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Mul(e, hn::BitCast(d, power)));
}

/// 1 / (1 + e^−x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V logistic(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, exponential(d, hn::Neg(x))));
}

/// tanh x: the polynomial of Cephes's tanhf below 0.625, else from e^−2|x|.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V hyperbolic_tangent(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V size = hn::Abs(x);
  const V e = exponential(d, hn::Mul(size, hn::Set(d, -2.0f)));
  const V large = hn::CopySignToAbs(hn::Div(hn::Sub(one, e), hn::Add(one, e)), x);
  const V x2 = hn::Mul(x, x);
  const V p = polynomial(d, x2, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                         1.33314422036e-1f, -3.33332819422e-1f);
  const V small = hn::MulAdd(hn::Mul(x, x2), p, x);
  return hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.625f)), small, large);
}

/// The standard normal's distribution and density at x, which share e^(−x²/2). Φ(−|x|) = ½ erfc(u),
/// u = |x| / √2, and erfc(u) = t·P(t)·e^(−u²) with t = 1 / (1 + 0.3u): P of degree 8 interpolates
/// at Chebyshev's nodes for u up to 9.5, within 2.4e-8 relative.
template <class D, class V = hn::Vec<D>>
struct Normal {
  V distribution;
  V density;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Normal<D> normal(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exponential(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f)));
  const V t = hn::Div(one, hn::MulAdd(hn::Abs(x), hn::Set(d, 0.212132034356f), one));
  const V p = polynomial(d, t, -0.13049281551524444f, 0.49057159789996835f, -0.5233146558761069f,
                         0.5612462015935085f, -0.10471214062066926f, 0.2195671146057906f,
                         0.14704541915904012f, 0.17091415624573525f, 0.16917510260915716f);
  const V tail = hn::Mul(hn::Mul(hn::Mul(t, p), e), hn::Set(d, 0.5f));
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail)),
          hn::Mul(e, hn::Set(d, 0.398942280401432678f))};
}

}  // namespace HWY_NAMESPACE
}  // namespace thunderline::cerebros::train
HWY_AFTER_NAMESPACE();

#endif  // THUNDERLINE_TRAIN_MATH_INL_H_
