#include "thunderline/cerebros/train/weight_rules.h"

#include <algorithm>
#include <cmath>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/train/network_loss.h"

namespace thunderline::cerebros::train {
namespace {

using graph::Binary;
using graph::GraphBuilder;
using graph::Reduction;
using graph::Ref;
using graph::Unary;

constexpr double kEpsilon = 1e-7;

/// A class and its settings, written as a name or as an object.
struct Named {
  std::string name;
  Json settings = Json::object();
};

Result<Named> named(const std::string& text, const char* where) {
  TL_ASSIGN_OR_RETURN(const Json config, parse_json(text, where));
  Named result;
  if (config.is_string()) result.name = config;
  if (config.is_object()) {
    result.name = json_string(config, "class_name", where).value_or("");
    result.settings = config.value("config", Json::object());
    if (!result.settings.is_object()) result.settings = Json::object();
  }
  // Names are written in either of Keras's two ways: MaxNorm, max_norm.
  std::erase(result.name, '_');
  std::transform(result.name.begin(), result.name.end(), result.name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

double number(const Json& settings, const char* key, double fallback) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_number() ? found->get<double>() : fallback;
}

Ref norm_penalty(GraphBuilder& g, Ref x, double l1, double l2) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < g.rank(x); ++i) axes.push_back(static_cast<int64_t>(i));
  const auto whole = [&](Ref value) {
    return axes.empty() ? value : g.total(Reduction::kSum, value, axes, false);
  };
  const Ref sizes = g.f(Binary::kMultiply, whole(g.f(Unary::kAbs, x)), l1);
  const Ref squares = g.f(Binary::kMultiply, whole(g.f(Binary::kMultiply, x, x)), l2);
  if (l2 == 0) return sizes;
  return l1 == 0 ? squares : g.f(Binary::kAdd, sizes, squares);
}

Ref orthogonal_penalty(GraphBuilder& g, Ref x, double factor, bool rows) {
  const Ref unit = unit_length(g, x, rows ? 1 : 0);
  const Ref turned = g.add(graph::transpose({1, 0}), {unit});
  const Ref product = g.add(graph::matmul(),
                            rows ? std::vector<Ref>{unit, turned} : std::vector<Ref>{turned, unit});
  const int64_t size = g.extent(x, rows ? 0 : 1);
  graph::Array others = graph::zeros({size, size});
  for (int64_t i = 0; i < size * size; ++i) {
    others.data[static_cast<size_t>(i)] = i % (size + 1) == 0 ? 0.0 : 1.0;
  }
  const Ref apart = g.f(Binary::kMultiply, product, g.constant(graph::DType::kFloat32, others));
  const double pairs = static_cast<double>(size) * static_cast<double>(size - 1) / 2.0;
  return g.f(Binary::kMultiply, g.total(Reduction::kSum, g.f(Unary::kAbs, apart), {0, 1}, false),
             factor * 0.5 / std::max(pairs, 1.0));
}

}  // namespace

Result<graph::Ref> weight_penalty(GraphBuilder& g, const std::string& config, Ref weights) {
  TL_ASSIGN_OR_RETURN(const Named rule, named(config, "regularizer"));
  if (rule.name == "l1") return norm_penalty(g, weights, number(rule.settings, "l1", 0.01), 0);
  if (rule.name == "l2") return norm_penalty(g, weights, 0, number(rule.settings, "l2", 0.01));
  if (rule.name == "l1l2") {
    return norm_penalty(g, weights, number(rule.settings, "l1", 0), number(rule.settings, "l2", 0));
  }
  if (rule.name == "orthogonalregularizer" && g.rank(weights) == 2) {
    return orthogonal_penalty(g, weights, number(rule.settings, "factor", 0.01),
                              rule.settings.value("mode", Json("rows")) == "rows");
  }
  return fail(ErrorCode::kBadData, "the regularizer " + config + " is not supported", "",
              "supported: L1, L2, L1L2, OrthogonalRegularizer (of matrices)");
}

Result<WeightConstraint> WeightConstraint::parse(const std::string& config) {
  WeightConstraint constraint;
  if (config.empty()) return constraint;
  TL_ASSIGN_OR_RETURN(const Named rule, named(config, "constraint"));
  static constexpr std::pair<const char*, Kind> kKinds[] = {{"maxnorm", Kind::kMaxNorm},
                                                            {"nonneg", Kind::kNonNegative},
                                                            {"unitnorm", Kind::kUnitNorm},
                                                            {"minmaxnorm", Kind::kMinMaxNorm}};
  for (const auto& [name, kind] : kKinds) {
    if (rule.name == name) constraint.kind_ = kind;
  }
  if (constraint.kind_ == Kind::kNone) {
    return fail(ErrorCode::kBadData, "the constraint " + config + " is not supported", "",
                "supported: MaxNorm, NonNeg, UnitNorm, MinMaxNorm");
  }
  const bool both = constraint.kind_ == Kind::kMinMaxNorm;
  constraint.low_ = number(rule.settings, "min_value", 0);
  constraint.high_ = number(rule.settings, "max_value", both ? 1 : 2);
  constraint.rate_ = number(rule.settings, "rate", 1);
  const Json axis = rule.settings.value("axis", Json(0));
  if (axis.is_number_integer()) constraint.axes_ = {axis.get<int64_t>()};
  if (axis.is_array()) {
    constraint.axes_.clear();
    for (const Json& one : axis) {
      if (one.is_number_integer()) constraint.axes_.push_back(one.get<int64_t>());
    }
  }
  return constraint;
}

double WeightConstraint::scale(double norm) const {
  const double desired = std::clamp(norm, low_, std::max(low_, high_));
  if (kind_ == Kind::kMaxNorm) return std::min(norm, high_) / (kEpsilon + norm);
  if (kind_ == Kind::kUnitNorm) return 1.0 / (kEpsilon + norm);
  return (rate_ * desired + (1 - rate_) * norm) / (kEpsilon + norm);
}

void WeightConstraint::apply(keras::Tensor& weights) const {
  if (kind_ == Kind::kNone) return;
  if (kind_ == Kind::kNonNegative) {
    for (float& value : weights.data) value = std::max(value, 0.0f);
    return;
  }
  graph::Shape kept = weights.shape;
  for (const int64_t axis : axes_) {
    const auto normal = graph::normal_axis(axis, kept.size());
    if (normal) kept[static_cast<size_t>(*normal)] = 1;
  }
  graph::Array norms = graph::zeros(kept);
  const auto strides = graph::broadcast_strides(kept, kept.size());
  graph::for_each_element(weights.shape, {strides}, [&](int64_t i, const std::vector<int64_t>& at) {
    const double value = weights.data[static_cast<size_t>(i)];
    norms.data[static_cast<size_t>(at[0])] += value * value;
  });
  for (double& norm : norms.data) norm = scale(std::sqrt(norm));
  graph::for_each_element(weights.shape, {strides}, [&](int64_t i, const std::vector<int64_t>& at) {
    float& value = weights.data[static_cast<size_t>(i)];
    value = static_cast<float>(value * norms.data[static_cast<size_t>(at[0])]);
  });
}

}  // namespace thunderline::cerebros::train
