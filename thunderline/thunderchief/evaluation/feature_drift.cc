#include "thunderline/thunderchief/evaluation/feature_drift.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace thunderline::thunderchief {
namespace {

constexpr size_t kBins = 10;
constexpr double kSmallestShare = 1e-4;

/// Upper edges of all bins but the last; a value belongs to the first bin whose edge is not below it.
std::vector<float> decile_edges(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  std::vector<float> edges;
  for (size_t i = 1; i < kBins; ++i) edges.push_back(values[(values.size() - 1) * i / kBins]);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

std::vector<double> shares(std::span<const float> values, const std::vector<float>& edges) {
  std::vector<double> counts(edges.size() + 1, 0.0);
  for (const float value : values) {
    const auto bin = std::lower_bound(edges.begin(), edges.end(), value) - edges.begin();
    counts[static_cast<size_t>(bin)] += 1.0;
  }
  for (double& count : counts) {
    count = std::max(count / static_cast<double>(values.size()), kSmallestShare);
  }
  return counts;
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

}  // namespace

Result<double> population_stability(std::span<const float> reference,
                                    std::span<const float> recent) {
  if (reference.empty() || recent.empty()) {
    return fail(ErrorCode::kInvalidArgument, "both sides need values");
  }
  if (!all_finite(reference) || !all_finite(recent)) {
    return fail(ErrorCode::kInvalidArgument, "a value is not finite");
  }
  const std::vector<float> edges = decile_edges({reference.begin(), reference.end()});
  const std::vector<double> p = shares(reference, edges);
  const std::vector<double> q = shares(recent, edges);
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += (q[i] - p[i]) * std::log(q[i] / p[i]);
  return sum;
}

Result<std::vector<double>> feature_drift(std::span<const float> reference,
                                          std::span<const float> recent, size_t columns) {
  if (columns == 0 || reference.size() % columns != 0 || recent.size() % columns != 0) {
    return fail(ErrorCode::kInvalidArgument, "the rows are not of the given width",
                "columns=" + std::to_string(columns));
  }
  const auto column_of = [columns](std::span<const float> rows, size_t column) {
    std::vector<float> values;
    for (size_t i = column; i < rows.size(); i += columns) values.push_back(rows[i]);
    return values;
  };
  std::vector<double> drift;
  for (size_t column = 0; column < columns; ++column) {
    auto one = population_stability(column_of(reference, column), column_of(recent, column));
    if (!one) {
      one.error().where = "column " + std::to_string(column);
      return tl::unexpected<Error>(one.error());
    }
    drift.push_back(*one);
  }
  return drift;
}

}  // namespace thunderline::thunderchief
