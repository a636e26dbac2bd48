#include "thunderline/cerebros/train/network_metric.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/train/confusion.h"
#include "thunderline/cerebros/train/network_loss.h"

namespace thunderline::cerebros::train {
namespace {

using graph::Array;
using graph::Shape;

/// Σ w · value / Σ w over samples, where a sample's value is the mean over its positions.
/// Source: keras.metrics.Mean, reduce_to_samplewise_values.
class MeanMetric : public NetworkMetric {
 public:
  using Values = std::function<Result<Array>(const Array& target, const Array& prediction)>;

  MeanMetric(Values values, bool root) : values_(std::move(values)), root_(root) {}

  Status add(const Array& target, const Array& prediction, const Array* weights) override {
    TL_ASSIGN_OR_RETURN(const Array values, values_(target, prediction));
    const size_t rows = values.shape.empty() ? 1 : static_cast<size_t>(values.shape[0]);
    if (rows == 0) return {};
    const size_t width = values.data.size() / rows;
    const size_t weight_width = weights == nullptr ? 1 : weights->data.size() / rows;
    for (size_t row = 0; row < rows; ++row) {
      double sum = 0, weight_sum = 0;
      for (size_t i = 0; i < width; ++i) {
        const size_t at = weight_width == width ? row * width + i : row * weight_width;
        const double weight = weights == nullptr ? 1.0 : weights->data[at];
        sum += weight * values.data[row * width + i];
        weight_sum += weight;
      }
      total_ += sum / static_cast<double>(width);
      count_ += weight_sum / static_cast<double>(width);
    }
    return {};
  }
  double result() const override {
    const double mean = count_ == 0 ? 0.0 : total_ / count_;
    return root_ ? std::sqrt(mean) : mean;
  }
  void reset() override { total_ = count_ = 0; }

 private:
  Values values_;
  bool root_;
  double total_ = 0;
  double count_ = 0;
};

size_t largest(const double* row, size_t width) {
  return static_cast<size_t>(std::max_element(row, row + width) - row);
}

/// One value for each row of the last axis.
Result<Array> by_row(const Array& prediction, const std::function<bool(size_t)>& hit) {
  Array values = graph::zeros({prediction.shape.begin(), prediction.shape.end() - 1});
  for (size_t row = 0; row < values.data.size(); ++row) values.data[row] = hit(row) ? 1.0 : 0.0;
  return values;
}

MeanMetric::Values equal_values(std::optional<double> threshold) {
  return [threshold](const Array& y, const Array& p) -> Result<Array> {
    Array values = p;
    if (y.data.size() != p.data.size()) {
      return fail(ErrorCode::kInvalidArgument, "targets and predictions differ in shape",
                  "metrics");
    }
    for (size_t i = 0; i < p.data.size(); ++i) {
      const double got = !threshold ? p.data[i] : (p.data[i] > *threshold ? 1.0 : 0.0);
      values.data[i] = got == y.data[i] ? 1.0 : 0.0;
    }
    return values;
  };
}

/// Whether the class of a row is among the `k` largest predictions; k = 1: is the first of them.
MeanMetric::Values class_values(bool sparse, size_t k) {
  return [sparse, k](const Array& y, const Array& p) -> Result<Array> {
    const size_t width = static_cast<size_t>(p.shape.back());
    return by_row(p, [&](size_t row) {
      const double* scores = p.data.data() + row * width;
      const double label =
          sparse ? y.data[row] : static_cast<double>(largest(y.data.data() + row * width, width));
      if (k == 0) return static_cast<double>(largest(scores, width)) == label;
      if (label < 0 || label >= static_cast<double>(width)) return false;
      const double own = scores[static_cast<size_t>(label)];
      const auto above = std::count_if(scores, scores + width, [&](double s) { return s > own; });
      return static_cast<size_t>(above) < k;
    });
  };
}

/// The values of a loss, unreduced.
Result<MeanMetric::Values> loss_metric(const NetworkLoss& loss, const Shape& target,
                                       const Shape& prediction, bool negative) {
  graph::GraphBuilder g("metric");
  const graph::Ref y = g.input("y", {graph::DType::kFloat32, target});
  const graph::Ref p = g.input("p", {graph::DType::kFloat32, prediction});
  const LossValues values = loss_values(g, loss, y, p, std::nullopt);
  g.output(negative ? g.f(graph::Unary::kNegative, values.values) : values.values, "values");
  TL_ASSIGN_OR_RETURN(graph::Graph made, g.finish());
  auto graph = std::make_shared<const graph::Graph>(std::move(made));
  return MeanMetric::Values(
      [graph](const Array& target_batch, const Array& predicted) -> Result<Array> {
        TL_ASSIGN_OR_RETURN(graph::Trace trace,
                            graph::run(*graph, {&target_batch, &predicted}, {}, {}));
        return std::move(trace.values[graph->outputs[0]]);
      });
}

struct Named {
  std::string kind;
  std::string name;
  Json settings = Json::object();
};

Named named(const Json& config) {
  Named result;
  if (config.is_string()) {
    result.kind = result.name = config;
  } else if (config.is_object()) {
    result.kind = json_string(config, "class_name", "metrics").value_or("");
    const Json settings = config.value("config", Json());
    if (settings.is_string()) result.kind = settings;
    if (settings.is_object()) result.settings = settings;
    result.name = json_string(result.settings, "name", "metrics").value_or(result.kind);
  }
  return result;
}

/// "BinaryAccuracy" and "binary_accuracy" are one.
std::string plain(std::string text) {
  std::erase(text, '_');
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string accuracy_for(const Shape& target, const Shape& prediction) {
  if (prediction.back() == 1) return "binaryaccuracy";
  const bool sparse = target.size() < prediction.size() || target.back() == 1;
  return sparse ? "sparsecategoricalaccuracy" : "categoricalaccuracy";
}

double number(const Json& settings, const char* key, double fallback) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_number() ? found->get<double>() : fallback;
}

using Made = Result<std::unique_ptr<NetworkMetric>>;

Made mean_of(MeanMetric::Values values, bool root = false) {
  return std::make_unique<MeanMetric>(std::move(values), root);
}

Made accuracy(const std::string& kind, const Json& settings) {
  const auto k = static_cast<size_t>(std::max(1.0, number(settings, "k", 5)));
  if (kind == "accuracy") return mean_of(equal_values(std::nullopt));
  if (kind == "binaryaccuracy") return mean_of(equal_values(number(settings, "threshold", 0.5)));
  if (kind == "categoricalaccuracy") return mean_of(class_values(false, 0));
  if (kind == "sparsecategoricalaccuracy") return mean_of(class_values(true, 0));
  if (kind == "topkcategoricalaccuracy") return mean_of(class_values(false, k));
  if (kind == "sparsetopkcategoricalaccuracy") return mean_of(class_values(true, k));
  return nullptr;
}

Made from_loss(const Named& metric, const Shape& target, const Shape& prediction) {
  std::string function = loss_function_name(metric.kind);
  if (metric.kind == "LogCoshError") function = "log_cosh";
  if (function.empty()) return nullptr;
  Json config = {{"class_name", function}, {"config", metric.settings}};
  TL_ASSIGN_OR_RETURN(const NetworkLoss loss, parse_network_loss(dump_json(config)));
  TL_ASSIGN_OR_RETURN(auto values,
                      loss_metric(loss, target, prediction, function == "cosine_similarity"));
  return mean_of(std::move(values));
}

Made root_mean(const Shape& target, const Shape& prediction) {
  NetworkLoss loss;
  loss.function = "mean_squared_error";
  TL_ASSIGN_OR_RETURN(auto values, loss_metric(loss, target, prediction, false));
  return mean_of(std::move(values), true);
}

}  // namespace

Result<std::unique_ptr<NetworkMetric>> NetworkMetric::create(const std::string& text,
                                                             const Shape& target,
                                                             const Shape& prediction) {
  TL_ASSIGN_OR_RETURN(const Json config, parse_json(text, "compile_config: metrics"));
  const Named metric = named(config);
  std::string kind = plain(metric.kind);
  if (config.is_string() && (kind == "accuracy" || kind == "acc")) {
    kind = accuracy_for(target, prediction);
  }
  TL_ASSIGN_OR_RETURN(auto made, accuracy(kind, metric.settings));
  const bool rises = made != nullptr || kind == "auc" || kind == "precision" || kind == "recall" ||
                     kind == "cosinesimilarity";
  if (!made && kind == "rootmeansquarederror") {
    TL_ASSIGN_OR_RETURN(made, root_mean(target, prediction));
  }
  if (!made) {
    TL_ASSIGN_OR_RETURN(made, confusion_metric(kind, dump_json(metric.settings)));
  }
  if (!made) {
    TL_ASSIGN_OR_RETURN(made, from_loss(metric, target, prediction));
  }
  if (!made) {
    return fail(ErrorCode::kBadData, "the metric \"" + metric.kind + "\" is not supported",
                "compile_config: metrics",
                "supported: accuracy (binary, categorical, sparse, top k), AUC, Precision, Recall, "
                "TruePositives …, RootMeanSquaredError, CosineSimilarity, and every loss");
  }
  made->name_ = metric.name;
  made->rises_ = rises;
  return made;
}

}  // namespace thunderline::cerebros::train
