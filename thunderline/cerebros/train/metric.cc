#include "thunderline/cerebros/train/metric.h"

#include <algorithm>
#include <cmath>

namespace thunderline::cerebros::train {
namespace {

using Row = std::span<const float>;

bool hit(Row prediction, Row target) {
  if (prediction.size() == 1) return (prediction[0] > 0.5f ? 1.0f : 0.0f) == target[0];
  return std::max_element(prediction.begin(), prediction.end()) - prediction.begin() ==
         std::max_element(target.begin(), target.end()) - target.begin();
}

double value_of(MetricKind kind, Row prediction, Row target) {
  if (kind == MetricKind::kAccuracy) return hit(prediction, target) ? 1.0 : 0.0;
  double sum = 0;
  for (size_t j = 0; j < prediction.size(); ++j) {
    const double difference = static_cast<double>(prediction[j]) - target[j];
    sum += kind == MetricKind::kMeanSquaredError ? difference * difference : std::abs(difference);
  }
  return sum / static_cast<double>(prediction.size());
}

}  // namespace

Result<MetricKind> parse_metric(const std::string& name) {
  if (name == "accuracy" || name == "acc") return MetricKind::kAccuracy;
  if (name == "mse" || name == "mean_squared_error") return MetricKind::kMeanSquaredError;
  if (name == "mae" || name == "mean_absolute_error") return MetricKind::kMeanAbsoluteError;
  return fail(ErrorCode::kInvalidArgument, "unknown metric \"" + name + "\"", "metrics",
              "known are accuracy, mse and mae");
}

bool rises(MetricKind kind) { return kind == MetricKind::kAccuracy; }

Result<Metrics> Metrics::create(const std::vector<std::string>& names) {
  Metrics metrics;
  for (const std::string& name : names) {
    TL_ASSIGN_OR_RETURN(const MetricKind kind, parse_metric(name));
    metrics.entries_.push_back({name, kind});
  }
  return metrics;
}

void Metrics::add(std::span<const float> predictions, std::span<const float> targets,
                  int64_t outputs) {
  const size_t width = static_cast<size_t>(outputs);
  const size_t rows = predictions.size() / width;
  for (Entry& entry : entries_) {
    for (size_t i = 0; i < rows; ++i) {
      entry.sum += value_of(entry.kind, predictions.subspan(i * width, width),
                            targets.subspan(i * width, width));
    }
  }
  rows_ += static_cast<int64_t>(rows);
}

void Metrics::reset() {
  for (Entry& entry : entries_) entry.sum = 0;
  rows_ = 0;
}

void Metrics::write(const std::string& prefix, std::map<std::string, double>& values) const {
  for (const Entry& entry : entries_) {
    values[prefix + entry.name] = rows_ == 0 ? 0.0 : entry.sum / static_cast<double>(rows_);
  }
}

}  // namespace thunderline::cerebros::train
