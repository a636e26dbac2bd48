#include "thunderline/cerebros/keras/layers/layer.h"

#include <algorithm>

namespace thunderline::cerebros::keras {
namespace {

/// Settings that every layer may have and that change no result.
bool says_nothing(const std::string& key, const Json& value) {
  static const std::set<std::string> kKnown = {
      "name", "trainable", "dtype", "seed", "build_config", "batch_input_shape", "synchronized",
      "renorm_momentum", "unroll", "autocast", "lora_rank", "lora_alpha"};
  return value.is_null() || value == false || kKnown.contains(key) ||
         key.ends_with("_initializer") || key.ends_with("_regularizer") ||
         key.ends_with("_constraint");
}

std::string json_or_empty(const Json& config, const std::string& key) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? "" : dump_json(*found);
}

}  // namespace

Call::Call(Assembly& assembly, const Json& config, std::string name, std::string group_,
           std::vector<int64_t> order_)
    : group(std::move(group_)), order(std::move(order_)), assembly_(assembly), config_(config),
      name_(std::move(name)) {
  const auto trainable = config_.find("trainable");
  trainable_ = trainable == config_.end() || *trainable != false;
  const auto activity = config_.find("activity_regularizer");
  if (activity != config_.end() && !activity->is_null() && assembly_.losses) {
    g().fail_with({ErrorCode::kBadData, "activity_regularizer is not supported in training", name_,
                   "use ActivityRegularization"});
  }
}

void Call::fail(std::string message, std::string hint) {
  g().fail_with({ErrorCode::kBadData, std::move(message), "", std::move(hint)});
}

void Call::refuse(const char* key) {
  fail(std::string(key) + " " + dump_json(setting(key)) + " is not supported");
}

const Json& Call::setting(const char* key) {
  static const Json kNull;
  read_.insert(key);
  const auto found = config_.find(key);
  return found == config_.end() ? kNull : *found;
}

bool Call::has(const char* key) { return !setting(key).is_null(); }

double Call::number(const char* key, double fallback) {
  const Json& value = setting(key);
  if (value.is_null()) return fallback;
  if (value.is_number()) return value.get<double>();
  fail(std::string(key) + " must be a number, got " + dump_json(value));
  return fallback;
}

int64_t Call::integer(const char* key, int64_t fallback) {
  constexpr double kMost = 16777216;
  const Json& value = setting(key);
  if (value.is_null()) return fallback;
  if (value.is_number_integer() && std::abs(value.get<double>()) <= kMost) {
    return value.get<int64_t>();
  }
  fail(std::string(key) + " must be a whole number, got " + dump_json(value));
  return fallback;
}

bool Call::flag(const char* key, bool fallback) {
  const Json& value = setting(key);
  if (value.is_null()) return fallback;
  if (value.is_boolean()) return value.get<bool>();
  fail(std::string(key) + " must be true or false, got " + dump_json(value));
  return fallback;
}

std::string Call::text(const char* key, const std::string& fallback) {
  const Json& value = setting(key);
  if (value.is_null()) return fallback;
  if (value.is_string()) return value.get<std::string>();
  fail(std::string(key) + " must be a text, got " + dump_json(value));
  return fallback;
}

std::vector<int64_t> Call::integers(const char* key, std::vector<int64_t> fallback) {
  const Json& value = setting(key);
  if (value.is_null()) return fallback;
  if (value.is_number_integer()) return {integer(key, 0)};
  std::vector<int64_t> list;
  const bool whole = value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& v) {
                       return v.is_number_integer() && std::abs(v.get<double>()) < 1e7;
                     });
  if (!whole) {
    fail(std::string(key) + " must be whole numbers, got " + dump_json(value));
    return fallback;
  }
  return value.get<std::vector<int64_t>>();
}

std::vector<int64_t> Call::by_axis(const char* key, size_t axes, std::vector<int64_t> fallback) {
  std::vector<int64_t> values = integers(key, std::move(fallback));
  if (values.size() == 1) values.resize(axes, values[0]);
  bool sane = values.size() == axes;
  for (const int64_t value : values) sane = sane && value >= 1 && value <= 1 << 16;
  if (sane) return values;
  refuse(key);
  return std::vector<int64_t>(axes, 1);
}

Status Call::check_all_read() const {
  for (const auto& [key, value] : config_.items()) {
    if (!read_.contains(key) && !says_nothing(key, value)) {
      return thunderline::fail(ErrorCode::kBadData,
                               "the setting " + key + " " + dump_json(value) + " is not supported");
    }
  }
  return {};
}

Ref Call::variable(const std::string& role, graph::Shape shape, bool trainable) {
  const int64_t place = next_variable_++;
  const std::string path = group + "/vars/" + std::to_string(place);
  const auto known = assembly_.numbers.find(path);
  if (known != assembly_.numbers.end()) {
    if (assembly_.variables[known->second].value.shape != shape) {
      fail("a shared layer is called on inputs that need other weights: " +
           graph::shape_text(shape) + " for " + role);
    }
    return g().parameter(known->second, std::move(shape));
  }
  if (graph::element_count(shape) < 0) {
    fail("the shape of " + role + " depends on a free axis: " + graph::shape_text(shape));
    return {};
  }
  if (const Status fits = graph::check_size(shape); !fits) g().fail_with(fits.error());
  if (g().failed()) return {};
  auto value = assembly_.source.read(path, shape);
  if (!value) {
    g().fail_with(value.error());
    return {};
  }
  Variable variable;
  variable.path = path;
  variable.name = name_ + "/" + role;
  variable.value = *std::move(value);
  variable.trainable = trainable && trainable_;
  variable.regularizer = json_or_empty(config_, role + "_regularizer");
  variable.constraint = json_or_empty(config_, role + "_constraint");
  variable.order = order;
  variable.order.push_back(-1000 + place);  // A layer's own come before those of inner layers.
  assembly_.numbers[path] = assembly_.variables.size();
  assembly_.variables.push_back(std::move(variable));
  return g().parameter(assembly_.variables.size() - 1, std::move(shape));
}

void Call::update(Ref variable, Ref value) { g().update_parameter(variable, value); }

Call Call::inner(const Json& config, const std::string& attribute) {
  std::vector<int64_t> place = order;
  place.push_back(next_inner_++);
  const auto named_in_config = config.find("name");
  const std::string own = named_in_config != config.end() && named_in_config->is_string()
                              ? named_in_config->get<std::string>()
                              : attribute;
  Call call(assembly_, config, name_ + "/" + own, group + "/" + attribute, std::move(place));
  if (!trainable_) call.trainable_ = false;
  return call;
}

}  // namespace thunderline::cerebros::keras
