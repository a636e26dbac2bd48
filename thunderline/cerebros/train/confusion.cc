#include "thunderline/cerebros/train/confusion.h"

#include <algorithm>
#include <cmath>

#include "thunderline/base/json_util.h"

namespace thunderline::cerebros::train {
namespace {

using graph::Array;

double divided(double a, double b) { return b == 0 ? 0.0 : a / b; }

/// Counts of true and false positives and negatives, one of each a threshold.
class ConfusionMetric : public NetworkMetric {
 public:
  explicit ConfusionMetric(std::vector<float> thresholds) : thresholds_(std::move(thresholds)) {
    ConfusionMetric::reset();
  }

  Status add(const Array& target, const Array& prediction, const Array* weights) override {
    if (target.data.size() != prediction.data.size()) {
      return fail(ErrorCode::kInvalidArgument, "targets and predictions differ in shape",
                  "metrics");
    }
    const size_t size = prediction.data.size();
    const size_t share =
        weights == nullptr || weights->data.empty() ? 1 : size / weights->data.size();
    for (size_t i = 0; i < size; ++i) {
      const double weight = weights == nullptr ? 1.0 : weights->data[i / share];
      // float32, as Keras: thresholds and predictions meet exactly where they do there.
      const float score = static_cast<float>(logits_ ? 1 / (1 + std::exp(-prediction.data[i]))
                                                     : prediction.data[i]);
      const auto passed = static_cast<size_t>(
          std::lower_bound(thresholds_.begin(), thresholds_.end(), score) - thresholds_.begin());
      (target.data[i] != 0 ? hits_ : misses_)[passed] += weight;
    }
    return {};
  }
  void reset() override {
    hits_.assign(thresholds_.size() + 1, 0.0);
    misses_.assign(thresholds_.size() + 1, 0.0);
  }

 protected:
  struct Counts {
    double true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
  };
  /// For each threshold; a score above it is positive.
  std::vector<Counts> counts() const {
    std::vector<Counts> all(thresholds_.size());
    for (size_t t = 0; t < all.size(); ++t) {
      for (size_t passed = 0; passed < hits_.size(); ++passed) {
        const bool positive = passed > t;
        (positive ? all[t].true_positives : all[t].false_negatives) += hits_[passed];
        (positive ? all[t].false_positives : all[t].true_negatives) += misses_[passed];
      }
    }
    return all;
  }
  bool logits_ = false;

 private:
  std::vector<float> thresholds_;
  std::vector<double> hits_, misses_;  // By the number of thresholds that a score lies above.
};

class CountMetric : public ConfusionMetric {
 public:
  CountMetric(std::string kind, float threshold)
      : ConfusionMetric({threshold}), kind_(std::move(kind)) {}
  double result() const override {
    const Counts now = counts()[0];
    if (kind_ == "precision") {
      return divided(now.true_positives, now.true_positives + now.false_positives);
    }
    if (kind_ == "recall") {
      return divided(now.true_positives, now.true_positives + now.false_negatives);
    }
    if (kind_ == "truepositives") return now.true_positives;
    if (kind_ == "falsepositives") return now.false_positives;
    if (kind_ == "truenegatives") return now.true_negatives;
    return now.false_negatives;
  }

 private:
  std::string kind_;
};

class AucMetric : public ConfusionMetric {
 public:
  enum class Sum { kInterpolation, kMinoring, kMajoring };

  AucMetric(std::vector<float> thresholds, bool roc, Sum sum, bool logits)
      : ConfusionMetric(std::move(thresholds)), roc_(roc), sum_(sum) {
    logits_ = logits;
  }
  double result() const override {
    const std::vector<Counts> all = counts();
    if (!roc_ && sum_ == Sum::kInterpolation) return interpolated(all);
    double area = 0;
    for (size_t t = 0; t + 1 < all.size(); ++t) {
      const double left = height(all[t]), right = height(all[t + 1]);
      double middle = (left + right) / 2;
      if (sum_ == Sum::kMinoring) middle = std::min(left, right);
      if (sum_ == Sum::kMajoring) middle = std::max(left, right);
      area += (place(all[t]) - place(all[t + 1])) * middle;
    }
    return area;
  }

 private:
  static double recall(const Counts& c) {
    return divided(c.true_positives, c.true_positives + c.false_negatives);
  }
  double place(const Counts& c) const {
    return roc_ ? divided(c.false_positives, c.false_positives + c.true_negatives) : recall(c);
  }
  double height(const Counts& c) const {
    return roc_ ? recall(c) : divided(c.true_positives, c.true_positives + c.false_positives);
  }
  /// Davis and Goadrich 2006, as Keras has it.
  static double interpolated(const std::vector<Counts>& all) {
    double area = 0;
    for (size_t t = 0; t + 1 < all.size(); ++t) {
      const Counts &here = all[t], &next = all[t + 1];
      const double p = here.true_positives + here.false_positives;
      const double q = next.true_positives + next.false_positives;
      const double rise = here.true_positives - next.true_positives;
      const double slope = divided(rise, std::max(p - q, 0.0));
      const double intercept = next.true_positives - slope * q;
      const double ratio = p > 0 && q > 0 ? p / q : 1.0;
      area += divided(slope * (rise + intercept * std::log(ratio)),
                      next.true_positives + next.false_negatives);
    }
    return area;
  }

  bool roc_;
  Sum sum_;
};

tl::unexpected<Error> refused(const std::string& key, const Json& value) {
  return fail(ErrorCode::kBadData,
              "the setting " + key + " " + dump_json(value) + " is not supported",
              "compile_config: metrics");
}

Result<std::unique_ptr<NetworkMetric>> make_auc(const Json& settings) {
  int64_t count = 200;
  bool roc = true, logits = false;
  auto sum = AucMetric::Sum::kInterpolation;
  for (const auto& [key, value] : settings.items()) {
    if (value.is_null() || key == "name" || key == "dtype" || value == false) continue;
    if (key == "num_thresholds" && value.is_number_integer() && value > 1 && value < 100000) {
      count = value;
    } else if (key == "curve" && (value == "ROC" || value == "PR")) {
      roc = value == "ROC";
    } else if (key == "summation_method" && value == "minoring") {
      sum = AucMetric::Sum::kMinoring;
    } else if (key == "summation_method" && value == "majoring") {
      sum = AucMetric::Sum::kMajoring;
    } else if (key == "from_logits" && value == true) {
      logits = true;
    } else if (!(key == "summation_method" && value == "interpolation")) {
      return refused(key, value);
    }
  }
  std::vector<float> thresholds = {-1e-7f};
  for (int64_t i = 1; i + 1 < count; ++i) {
    thresholds.push_back(
        static_cast<float>(static_cast<double>(i) / static_cast<double>(count - 1)));
  }
  thresholds.push_back(1.0f + 1e-7f);
  return std::make_unique<AucMetric>(std::move(thresholds), roc, sum, logits);
}

}  // namespace

Result<std::unique_ptr<NetworkMetric>> confusion_metric(const std::string& kind,
                                                        const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json settings, parse_json(text, "compile_config: metrics"));
  if (kind == "auc") return make_auc(settings);
  static constexpr const char* kKinds[] = {"precision",      "recall",        "truepositives",
                                           "falsepositives", "truenegatives", "falsenegatives"};
  if (std::find(std::begin(kKinds), std::end(kKinds), kind) == std::end(kKinds)) return nullptr;
  float threshold = 0.5f;
  for (const auto& [key, value] : settings.items()) {
    if (value.is_null() || key == "name" || key == "dtype") continue;
    const Json one = value.is_array() && value.size() == 1 ? value[0] : value;
    if (key != "thresholds" || !one.is_number()) return refused(key, value);
    threshold = one.get<float>();
  }
  return std::make_unique<CountMetric>(kind, threshold);
}

}  // namespace thunderline::cerebros::train
