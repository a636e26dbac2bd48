#include "thunderline/cerebros/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "thunderline/base/json_util.h"

namespace thunderline::cerebros::train {
namespace {

constexpr const char* kWhere = "compile_config: learning_rate";

tl::unexpected<Error> bad(const std::string& message) {
  return fail(ErrorCode::kBadData, message, kWhere);
}

Status take(const Json& config, const char* key, double& value) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return {};
  if (!found->is_number())
    return bad(std::string(key) + " must be a number, got " + dump_json(*found));
  value = found->get<double>();
  return {};
}

Status take(const Json& config, const char* key, bool& value) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return {};
  if (!found->is_boolean()) return bad(std::string(key) + " must be true or false");
  value = found->get<bool>();
  return {};
}

Status take(const Json& config, const char* key, std::vector<double>& values) {
  const Json list = config.value(key, Json());
  if (!list.is_array()) return bad(std::string(key) + " must be a list of numbers");
  for (const Json& value : list) {
    if (!value.is_number()) return bad(std::string(key) + " must be a list of numbers");
    values.push_back(value.get<double>());
  }
  return {};
}

}  // namespace

Result<LearningRate> LearningRate::parse(const std::string& text) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, kWhere));
  LearningRate rate;
  if (json.is_number()) {
    rate.initial_ = json.get<double>();
    return rate;
  }
  const std::string name = json_string(json, "class_name", kWhere).value_or("");
  const Json config = json.is_object() ? json.value("config", Json::object()) : Json::object();
  static constexpr std::pair<const char*, Kind> kKinds[] = {
      {"ExponentialDecay", Kind::kExponential}, {"PiecewiseConstantDecay", Kind::kPiecewise},
      {"PolynomialDecay", Kind::kPolynomial},   {"InverseTimeDecay", Kind::kInverseTime},
      {"CosineDecay", Kind::kCosine},           {"CosineDecayRestarts", Kind::kRestarts}};
  const auto* known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const auto& kind) { return name == kind.first; });
  if (known == std::end(kKinds) || !config.is_object()) {
    return fail(ErrorCode::kBadData,
                "the schedule " + (name.empty() ? text : name) + " is not supported", kWhere,
                "supported: a number, ExponentialDecay, PiecewiseConstantDecay, PolynomialDecay, "
                "InverseTimeDecay, CosineDecay, CosineDecayRestarts");
  }
  rate.kind_ = known->second;
  if (rate.kind_ == Kind::kPiecewise) {
    TL_RETURN_IF_ERROR(take(config, "boundaries", rate.boundaries_));
    TL_RETURN_IF_ERROR(take(config, "values", rate.values_));
    if (rate.boundaries_.empty() || rate.values_.size() != rate.boundaries_.size() + 1) {
      return bad("values must be one more than boundaries");
    }
    return rate;
  }
  TL_RETURN_IF_ERROR(take(config, "initial_learning_rate", rate.initial_));
  TL_RETURN_IF_ERROR(take(config, "decay_steps", rate.steps_));
  TL_RETURN_IF_ERROR(take(config, "first_decay_steps", rate.steps_));
  TL_RETURN_IF_ERROR(take(config, "decay_rate", rate.rate_));
  TL_RETURN_IF_ERROR(take(config, "staircase", rate.staircase_));
  TL_RETURN_IF_ERROR(take(config, "end_learning_rate", rate.end_));
  TL_RETURN_IF_ERROR(take(config, "power", rate.power_));
  TL_RETURN_IF_ERROR(take(config, "cycle", rate.cycle_));
  TL_RETURN_IF_ERROR(take(config, "alpha", rate.alpha_));
  TL_RETURN_IF_ERROR(take(config, "t_mul", rate.t_mul_));
  TL_RETURN_IF_ERROR(take(config, "m_mul", rate.m_mul_));
  TL_RETURN_IF_ERROR(take(config, "warmup_steps", rate.warmup_steps_));
  TL_RETURN_IF_ERROR(take(config, "warmup_target", rate.warmup_target_));
  rate.warms_ = config.contains("warmup_target") && !config["warmup_target"].is_null();
  if (!(rate.steps_ > 0)) return bad("decay_steps must be positive");
  return rate;
}

double LearningRate::cosine(double step) const {
  if (warms_ && step < warmup_steps_) {
    return (warmup_target_ - initial_) * step / warmup_steps_ + initial_;
  }
  const double from = warms_ ? warmup_target_ : initial_;
  const double done = std::min(warms_ ? step - warmup_steps_ : step, steps_) / steps_;
  return from * ((1 - alpha_) * 0.5 * (1 + std::cos(std::numbers::pi * done)) + alpha_);
}

double LearningRate::restarts(double step) const {
  double done = step / steps_;
  double restart = std::floor(done);
  if (t_mul_ == 1.0) {
    done -= restart;
  } else {
    // float32, as Keras: at a restart, the logarithm's rounding decides on which side it falls.
    const float inside = static_cast<float>(1.0 - done * (1.0 - t_mul_));
    restart = std::floor(std::log(inside) / std::log(static_cast<float>(t_mul_)));
    const double before = (1.0 - std::pow(t_mul_, restart)) / (1.0 - t_mul_);
    done = (done - before) / std::pow(t_mul_, restart);
  }
  const double wave = 0.5 * std::pow(m_mul_, restart) * (1 + std::cos(std::numbers::pi * done));
  return initial_ * ((1 - alpha_) * wave + alpha_);
}

double LearningRate::at(int64_t number) const {
  const double step = static_cast<double>(number);
  double value = initial_;
  double done = step / steps_;
  if (staircase_) done = std::floor(done);
  if (kind_ == Kind::kExponential) value = initial_ * std::pow(rate_, done);
  if (kind_ == Kind::kInverseTime) value = initial_ / (1 + rate_ * done);
  if (kind_ == Kind::kPolynomial) {
    const double rounds = cycle_ ? std::max(1.0, std::ceil(step / steps_)) : 1.0;
    const double part = std::min(step / (steps_ * rounds), 1.0);
    value = (initial_ - end_) * std::pow(1 - part, power_) + end_;
  }
  if (kind_ == Kind::kCosine) value = cosine(step);
  if (kind_ == Kind::kRestarts) value = restarts(step);
  if (kind_ == Kind::kPiecewise) {
    size_t place = 0;
    while (place < boundaries_.size() && step > std::trunc(boundaries_[place])) ++place;
    value = values_[place];
  }
  return static_cast<double>(static_cast<float>(value));
}

}  // namespace thunderline::cerebros::train
