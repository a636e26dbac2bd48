#include "thunderline/cerebros/train/network_loss.h"

#include <cmath>
#include <map>
#include <set>

#include "thunderline/base/json_util.h"

namespace thunderline::cerebros::train {
namespace {

using graph::Binary;
using graph::DType;
using graph::GraphBuilder;
using graph::Reduction;
using graph::Ref;
using graph::Unary;

constexpr double kEpsilon = 1e-7;

const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> kNames = {
      {"mse", "mean_squared_error"},
      {"MSE", "mean_squared_error"},
      {"MeanSquaredError", "mean_squared_error"},
      {"mae", "mean_absolute_error"},
      {"MAE", "mean_absolute_error"},
      {"MeanAbsoluteError", "mean_absolute_error"},
      {"mape", "mean_absolute_percentage_error"},
      {"MAPE", "mean_absolute_percentage_error"},
      {"MeanAbsolutePercentageError", "mean_absolute_percentage_error"},
      {"msle", "mean_squared_logarithmic_error"},
      {"MSLE", "mean_squared_logarithmic_error"},
      {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"},
      {"Huber", "huber"},
      {"logcosh", "log_cosh"},
      {"LogCosh", "log_cosh"},
      {"Hinge", "hinge"},
      {"SquaredHinge", "squared_hinge"},
      {"CategoricalHinge", "categorical_hinge"},
      {"bce", "binary_crossentropy"},
      {"BCE", "binary_crossentropy"},
      {"BinaryCrossentropy", "binary_crossentropy"},
      {"CategoricalCrossentropy", "categorical_crossentropy"},
      {"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"},
      {"BinaryFocalCrossentropy", "binary_focal_crossentropy"},
      {"CategoricalFocalCrossentropy", "categorical_focal_crossentropy"},
      {"kld", "kl_divergence"},
      {"KLD", "kl_divergence"},
      {"KLDivergence", "kl_divergence"},
      {"kullback_leibler_divergence", "kl_divergence"},
      {"Poisson", "poisson"},
      {"CosineSimilarity", "cosine_similarity"}};
  return kNames;
}

std::string supported() {
  std::set<std::string> functions;
  for (const auto& [alias, function] : names()) functions.insert(function);
  std::string text;
  for (const std::string& name : functions) text += (text.empty() ? "supported: " : ", ") + name;
  return text;
}

Result<std::string> function_of(const std::string& name) {
  std::string function = loss_function_name(name);
  if (!function.empty()) return function;
  return fail(ErrorCode::kBadData, "the loss \"" + name + "\" is not supported", "compile_config",
              supported());
}

Status take_setting(NetworkLoss& loss, const std::string& key, const Json& value) {
  if (value.is_null() || key == "name" || key == "dtype" || key == "fn") return {};
  if (key == "reduction" && value.is_string() &&
      (value == "sum_over_batch_size" || value == "mean" || value == "sum" ||
       value == "mean_with_sample_weight")) {
    loss.reduction = value;
  } else if (key == "axis" && value == -1) {
    // The last axis is the only one that is built below.
  } else if (key == "delta" && value.is_number()) {
    loss.delta = value;
  } else if (key == "alpha" && value.is_number()) {
    loss.alpha = value;
  } else if (key == "gamma" && value.is_number()) {
    loss.gamma = value;
  } else if (key == "label_smoothing" && value.is_number()) {
    loss.label_smoothing = value;
  } else if (key == "from_logits" && value.is_boolean()) {
    loss.from_logits = value;
  } else if (key == "apply_class_balancing" && value.is_boolean()) {
    loss.apply_class_balancing = value;
  } else if (key == "ignore_class" && value.is_number_integer()) {
    loss.ignore_class = value.get<int64_t>();
  } else {
    return fail(ErrorCode::kBadData,
                "the setting " + key + " " + dump_json(value) + " is not supported",
                "compile_config: loss " + loss.function);
  }
  return {};
}

Ref less(GraphBuilder& g, double number, Ref x) {
  return g.f(Binary::kSubtract, g.number(number), x);
}
Ref times(GraphBuilder& g, Ref a, Ref b) { return g.f(Binary::kMultiply, a, b); }
Ref square(GraphBuilder& g, Ref x) { return times(g, x, x); }
Ref mean(GraphBuilder& g, Ref x) { return g.total(Reduction::kMean, x, {-1}, false); }
Ref sum(GraphBuilder& g, Ref x) { return g.total(Reduction::kSum, x, {-1}, false); }
Ref clip(GraphBuilder& g, Ref x, double low, double high) {
  return g.f(Binary::kMinimum, g.f(Binary::kMaximum, x, low), high);
}
Ref everything(GraphBuilder& g, Reduction kind, Ref x) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < g.rank(x); ++i) axes.push_back(static_cast<int64_t>(i));
  return axes.empty() ? x : g.total(kind, x, axes, false);
}
Ref ones_like(GraphBuilder& g, Ref x) {
  std::vector<int64_t> extents;
  for (size_t i = 0; i < g.rank(x); ++i) extents.push_back(-1 - static_cast<int64_t>(i));
  return g.add(graph::fill(DType::kFloat32, 1.0, extents), {x});
}

/// Makes the ranks of two values agree where the longer one ends in an extent of 1.
/// Source: keras.losses.loss.squeeze_or_expand_to_same_rank, 3.15.1.
void agree(GraphBuilder& g, Ref& a, Ref& b) {
  Ref& longer = g.rank(a) > g.rank(b) ? a : b;
  Ref& shorter = g.rank(a) > g.rank(b) ? b : a;
  if (g.rank(longer) != g.rank(shorter) + 1 || g.extent(longer, -1) != 1) return;
  if (g.rank(shorter) == 1) {
    shorter = g.expand(shorter, -1);
  } else {
    longer = g.squeeze(longer, -1);
  }
}

/// 0 and 1 become -1 and 1 where a batch has nothing else.
Ref hinge_labels(GraphBuilder& g, Ref y) {
  const Ref known = g.f(Binary::kOr, g.f(Binary::kEqual, y, 0.0), g.f(Binary::kEqual, y, 1.0));
  const Ref all = everything(g, Reduction::kMin, g.to(DType::kFloat32, known));
  const Ref spread = g.f(Binary::kSubtract, g.f(Binary::kMultiply, y, 2.0), 1.0);
  return g.f(Binary::kAdd, y, times(g, all, g.f(Binary::kSubtract, spread, y)));
}

Ref hinge(GraphBuilder& g, Ref y, Ref p) {
  return g.f(Unary::kRelu, less(g, 1.0, times(g, hinge_labels(g, y), p)));
}

Ref categorical_hinge(GraphBuilder& g, Ref y, Ref p) {
  const Ref positive = sum(g, times(g, y, p));
  const Ref negative = g.total(Reduction::kMax, times(g, less(g, 1.0, y), p), {-1}, false);
  return g.f(Unary::kRelu, g.f(Binary::kAdd, g.f(Binary::kSubtract, negative, positive), 1.0));
}

Ref huber(GraphBuilder& g, Ref error, double delta) {
  const Ref size = g.f(Unary::kAbs, error);
  const Ref near = g.f(Binary::kMultiply, square(g, error), 0.5);
  const Ref far = g.f(Binary::kSubtract, g.f(Binary::kMultiply, size, delta), 0.5 * delta * delta);
  return mean(g, g.either(g.f(Binary::kLessEqual, size, delta), near, far));
}

Ref log_cosh(GraphBuilder& g, Ref error) {
  const Ref bend = g.f(Unary::kSoftplus, g.f(Binary::kMultiply, error, -2.0));
  return mean(g, g.f(Binary::kSubtract, g.f(Binary::kAdd, error, bend), std::log(2.0)));
}

Ref logarithmic(GraphBuilder& g, Ref x) {
  return g.f(Unary::kLog, g.f(Binary::kAdd, g.f(Binary::kMaximum, x, kEpsilon), 1.0));
}

Ref binary_elements(GraphBuilder& g, Ref y, Ref p, std::optional<Ref> logits) {
  if (logits) {
    return g.f(Binary::kSubtract, g.f(Unary::kSoftplus, *logits), times(g, *logits, y));
  }
  p = clip(g, p, kEpsilon, 1.0 - kEpsilon);
  const Ref yes = times(g, y, g.f(Unary::kLog, p));
  const Ref no = times(g, less(g, 1.0, y), g.f(Unary::kLog, less(g, 1.0, p)));
  return g.f(Unary::kNegative, g.f(Binary::kAdd, yes, no));
}

Ref binary_focal(GraphBuilder& g, const NetworkLoss& loss, Ref y, Ref p,
                 std::optional<Ref> logits) {
  if (loss.from_logits) {
    logits = p;
    p = g.f(Unary::kSigmoid, p);
  }
  const Ref other = less(g, 1.0, y);
  const Ref hit = g.f(Binary::kAdd, times(g, y, p), times(g, other, less(g, 1.0, p)));
  Ref values = times(g, g.f(Binary::kPower, less(g, 1.0, hit), loss.gamma),
                     binary_elements(g, y, p, logits));
  if (loss.apply_class_balancing) {
    values = times(g, values,
                   g.f(Binary::kAdd, g.f(Binary::kMultiply, y, loss.alpha),
                       g.f(Binary::kMultiply, other, 1.0 - loss.alpha)));
  }
  return mean(g, values);
}

Ref log_softmax(GraphBuilder& g, Ref logits) {
  const Ref shifted = g.f(Binary::kSubtract, logits, g.total(Reduction::kMax, logits, {-1}, true));
  const Ref whole = g.total(Reduction::kSum, g.f(Unary::kExp, shifted), {-1}, true);
  return g.f(Binary::kSubtract, shifted, g.f(Unary::kLog, whole));
}

Ref shares(GraphBuilder& g, Ref p) {
  p = g.f(Binary::kDivide, p, g.total(Reduction::kSum, p, {-1}, true));
  return clip(g, p, kEpsilon, 1.0 - kEpsilon);
}

Ref categorical(GraphBuilder& g, Ref y, Ref p, std::optional<Ref> logits) {
  const Ref logs = logits ? log_softmax(g, *logits) : g.f(Unary::kLog, shares(g, p));
  return g.f(Unary::kNegative, sum(g, times(g, y, logs)));
}

Ref categorical_focal(GraphBuilder& g, const NetworkLoss& loss, Ref y, Ref p) {
  p = shares(g, loss.from_logits ? g.add(graph::softmax(-1), {p}) : p);
  const Ref factor =
      g.f(Binary::kMultiply, g.f(Binary::kPower, less(g, 1.0, p), loss.gamma), loss.alpha);
  return g.f(Unary::kNegative, sum(g, times(g, times(g, factor, y), g.f(Unary::kLog, p))));
}

/// Class numbers as columns of zeros and a one.
Ref one_hot(GraphBuilder& g, Ref numbers, int64_t classes) {
  graph::Array range = graph::zeros({classes});
  for (size_t i = 0; i < range.data.size(); ++i) range.data[i] = static_cast<double>(i);
  const Ref columns = g.constant(DType::kFloat32, std::move(range));
  return g.to(DType::kFloat32, g.f(Binary::kEqual, g.expand(numbers, -1), columns));
}

LossValues sparse_categorical(GraphBuilder& g, const NetworkLoss& loss, Ref y, Ref p,
                              std::optional<Ref> logits) {
  if (g.rank(y) == g.rank(p) && g.extent(y, -1) == 1) y = g.squeeze(y, -1);
  // Without logits, Keras takes the logarithms of clipped probabilities for logits.
  const Ref scores = logits ? *logits : g.f(Unary::kLog, clip(g, p, kEpsilon, 1.0 - kEpsilon));
  const Ref hits = one_hot(g, y, g.extent(p, -1));
  const Ref values = g.f(Unary::kNegative, sum(g, times(g, hits, log_softmax(g, scores))));
  if (!loss.ignore_class) return {values, {}};
  // A class that is ignored has no column, or one that must not count.
  const Ref kept =
      g.f(Unary::kNot, g.f(Binary::kEqual, y, static_cast<double>(*loss.ignore_class)));
  return {times(g, values, g.to(DType::kFloat32, kept)), kept};
}

Ref smoothed(GraphBuilder& g, const NetworkLoss& loss, Ref y, double share) {
  if (loss.label_smoothing == 0) return y;
  return g.f(Binary::kAdd, g.f(Binary::kMultiply, y, 1.0 - loss.label_smoothing),
             loss.label_smoothing * share);
}

Ref differences(GraphBuilder& g, const NetworkLoss& loss, Ref y, Ref p) {
  const std::string& name = loss.function;
  const Ref error = g.f(Binary::kSubtract, p, y);
  if (name == "mean_squared_error") return mean(g, square(g, error));
  if (name == "mean_absolute_error") return mean(g, g.f(Unary::kAbs, error));
  if (name == "huber") return huber(g, error, loss.delta);
  if (name == "log_cosh") return log_cosh(g, error);
  if (name == "mean_absolute_percentage_error") {
    const Ref size = g.f(Binary::kMaximum, g.f(Unary::kAbs, y), kEpsilon);
    const Ref part = g.f(Unary::kAbs, g.f(Binary::kDivide, error, size));
    return g.f(Binary::kMultiply, mean(g, part), 100.0);
  }
  return mean(g, square(g, g.f(Binary::kSubtract, logarithmic(g, p), logarithmic(g, y))));
}

Ref divergences(GraphBuilder& g, const std::string& name, Ref y, Ref p) {
  if (name == "poisson") {
    const Ref logs = g.f(Unary::kLog, g.f(Binary::kAdd, p, kEpsilon));
    return mean(g, g.f(Binary::kSubtract, p, times(g, y, logs)));
  }
  if (name == "cosine_similarity") {
    return g.f(Unary::kNegative, sum(g, times(g, unit_length(g, y, -1), unit_length(g, p, -1))));
  }
  y = clip(g, y, kEpsilon, 1.0);
  p = clip(g, p, kEpsilon, 1.0);
  return sum(g, times(g, y, g.f(Unary::kLog, g.f(Binary::kDivide, y, p))));
}

}  // namespace

std::string loss_function_name(const std::string& name) {
  const auto found = names().find(name);
  if (found != names().end()) return found->second;
  for (const auto& [alias, function] : names()) {
    if (function == name) return name;
  }
  return "";
}

Result<NetworkLoss> parse_network_loss(const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json config, parse_json(text, "compile_config"));
  NetworkLoss loss;
  if (config.is_string()) {
    TL_ASSIGN_OR_RETURN(loss.function, function_of(config));
    return loss;
  }
  const std::string class_name = json_string(config, "class_name", "compile_config").value_or("");
  const Json settings = config.is_object() ? config.value("config", Json()) : Json();
  if (class_name == "function" && settings.is_string()) {
    TL_ASSIGN_OR_RETURN(loss.function, function_of(settings));
    return loss;
  }
  TL_ASSIGN_OR_RETURN(loss.function, function_of(class_name.empty() ? text : class_name));
  if (!settings.is_object()) return loss;
  for (const auto& [key, value] : settings.items()) {
    TL_RETURN_IF_ERROR(take_setting(loss, key, value));
  }
  return loss;
}

graph::Ref unit_length(GraphBuilder& g, Ref x, int64_t axis) {
  const Ref squares = g.total(Reduction::kSum, square(g, x), {axis}, true);
  return g.f(Binary::kDivide, x, g.f(Unary::kSqrt, g.f(Binary::kMaximum, squares, 1e-14)));
}

LossValues loss_values(GraphBuilder& g, const NetworkLoss& loss, Ref y, Ref p,
                       std::optional<Ref> logits) {
  const std::string& name = loss.function;
  y = g.to(DType::kFloat32, y);
  if (loss.from_logits && !logits) logits = p;
  if (loss.sparse()) return sparse_categorical(g, loss, y, p, logits);
  const Ref before = p;
  agree(g, y, p);
  if (logits && p.id != before.id) logits = g.squeeze(*logits, -1);
  if (name == "binary_crossentropy") {
    return {mean(g, binary_elements(g, smoothed(g, loss, y, 0.5), p, logits)), {}};
  }
  if (name == "binary_focal_crossentropy") {
    return {binary_focal(g, loss, smoothed(g, loss, y, 0.5), p, logits), {}};
  }
  const double share = 1.0 / static_cast<double>(std::max<int64_t>(g.extent(p, -1), 1));
  if (name == "categorical_crossentropy") {
    return {categorical(g, smoothed(g, loss, y, share), p, logits), {}};
  }
  if (name == "categorical_focal_crossentropy") {
    return {categorical_focal(g, loss, smoothed(g, loss, y, share), p), {}};
  }
  if (name == "hinge") return {mean(g, hinge(g, y, p)), {}};
  if (name == "squared_hinge") return {mean(g, square(g, hinge(g, y, p))), {}};
  if (name == "categorical_hinge") return {categorical_hinge(g, y, p), {}};
  if (name == "kl_divergence" || name == "poisson" || name == "cosine_similarity") {
    return {divergences(g, name, y, p), {}};
  }
  return {differences(g, loss, y, p), {}};
}

graph::Ref reduce_loss(GraphBuilder& g, const LossValues& loss, std::optional<Ref> weight,
                       std::optional<Ref> mask, const std::string& reduction) {
  Ref values = loss.values;
  if (mask && loss.mask) mask = g.f(Binary::kAnd, *mask, *loss.mask);
  if (!mask) mask = loss.mask;
  if (mask) {
    Ref kept = g.to(DType::kFloat32, *mask);
    if (reduction == "sum_over_batch_size" || reduction == "mean") {
      const Ref valid = everything(g, Reduction::kSum, kept);
      const Ref all = everything(g, Reduction::kSum, ones_like(g, kept));
      kept = times(g, kept, g.f(Binary::kDivide, all, g.f(Binary::kMaximum, valid, 1.0)));
    }
    while (weight && g.rank(*weight) < g.rank(kept)) weight = g.expand(*weight, -1);
    weight = weight ? times(g, *weight, kept) : kept;
  }
  if (weight) {
    while (g.rank(*weight) < g.rank(values)) weight = g.expand(*weight, -1);
    if (g.rank(*weight) == g.rank(values) + 1 && g.extent(*weight, -1) == 1) {
      weight = g.squeeze(*weight, -1);
    }
    values = times(g, values, *weight);
  }
  const Ref whole = everything(g, Reduction::kSum, values);
  if (reduction == "sum") return whole;
  if (reduction == "mean_with_sample_weight" && weight) {
    const Ref weights = everything(g, Reduction::kSum, *weight);
    return g.either(g.f(Binary::kEqual, weights, 0.0), g.number(0.0),
                    g.f(Binary::kDivide, whole, weights));
  }
  return everything(g, Reduction::kMean, values);
}

}  // namespace thunderline::cerebros::train
