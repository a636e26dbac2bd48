#include "thunderline/thunderbolt/ml/observables/surrogates.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace thunderline::thunderbolt {
namespace {

constexpr double kTailShare = 0.005;

/// The indices of `values` from the smallest to the largest; equal ones in their order.
std::vector<size_t> order_of(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return values[a] < values[b] || (values[a] == values[b] && a < b);
  });
  return order;
}

/// `sorted` put into the order that the ranks of `like` have.
std::vector<double> in_order_of(std::span<const double> like, std::span<const double> sorted) {
  const std::vector<size_t> order = order_of(like);
  std::vector<double> arranged(sorted.size());
  for (size_t rank = 0; rank < order.size(); ++rank) arranged[order[rank]] = sorted[rank];
  return arranged;
}

}  // namespace

Result<AmplitudeAdjustedSurrogates> AmplitudeAdjustedSurrogates::create(
    const Fft& plan, std::span<const double> series, Random& random) {
  // Says what is wrong with the series, before chance is asked for anything.
  TL_RETURN_IF_ERROR(AnalyticWindow::create(plan, series));
  std::vector<double> normal(series.size());
  for (double& value : normal) value = random.normal();
  std::sort(normal.begin(), normal.end());
  TL_ASSIGN_OR_RETURN(AnalyticWindow gaussian,
                      AnalyticWindow::create(plan, in_order_of(series, normal)));
  std::vector<double> sorted(series.begin(), series.end());
  std::sort(sorted.begin(), sorted.end());
  return AmplitudeAdjustedSurrogates(std::move(gaussian), std::move(sorted));
}

std::vector<double> AmplitudeAdjustedSurrogates::next(Random& random) const {
  std::vector<double> shuffled;
  shuffled.reserve(sorted_.size());
  for (const std::complex<double>& value : gaussian_.surrogate(random)) {
    shuffled.push_back(value.real());
  }
  return in_order_of(shuffled, sorted_);
}

Band central_band(std::vector<double> values) {
  TL_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(kTailShare * static_cast<double>(values.size() + 1));
  const size_t skipped = std::max<size_t>(rank, 1) - 1;
  return {values[skipped], values[values.size() - 1 - skipped]};
}

}  // namespace thunderline::thunderbolt
