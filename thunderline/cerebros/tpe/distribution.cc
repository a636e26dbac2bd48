#include "thunderline/cerebros/tpe/distribution.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace thunderline::cerebros::tpe {
namespace {

constexpr int64_t kLargestInt = int64_t{1} << 53;  // beyond it a double skips whole numbers

std::string shown(double value) { return to_string(ParamValue(value)); }
std::string shown(int64_t value) { return to_string(ParamValue(value)); }

tl::unexpected<Error> invalid(const std::string& name, const std::string& what,
                              const std::string& hint) {
  return fail(ErrorCode::kInvalidArgument, "parameter \"" + name + "\": " + what, name, hint);
}

template <typename T>
tl::unexpected<Error> empty_range(const std::string& name, T low, T high) {
  return invalid(name, "low " + shown(low) + " is greater than high " + shown(high),
                 "swap low and high");
}

/// The nearest double that people would write with 15 digits: 0.3 rather than 0.30000000000000004.
double decimal(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return std::strtod(text, nullptr);
}

double last_grid_point(double low, double high, double step) {
  const double steps = (high - low) / step;
  const double whole = std::floor(steps + 1e-9 * std::max(1.0, steps));
  const bool on_grid = std::abs(steps - whole) <= 1e-9 * std::max(1.0, steps);
  return on_grid ? high : std::min(high, decimal(low + whole * step));
}

Result<Distribution> checked(const std::string& name, FloatDistribution d) {
  if (!std::isfinite(d.low) || !std::isfinite(d.high) || !std::isfinite(d.high - d.low)) {
    return invalid(name, "low, high and their distance must be finite", "narrow the range");
  }
  if (d.low > d.high) return empty_range(name, d.low, d.high);
  if (d.log && d.low <= 0) {
    return invalid(name, "log needs low > 0, got low " + shown(d.low), "raise low or drop log");
  }
  if (!d.step) return d;
  if (d.log) return invalid(name, "log and step exclude each other", "drop one of them");
  if (!std::isfinite(*d.step) || *d.step <= 0) {
    return invalid(name, "step must be > 0, got " + shown(*d.step), "give a positive step");
  }
  d.high = last_grid_point(d.low, d.high, *d.step);
  return d;
}

Result<Distribution> checked(const std::string& name, IntDistribution d) {
  if (d.low > d.high) return empty_range(name, d.low, d.high);
  if (d.low < -kLargestInt || d.high > kLargestInt) {
    return invalid(name, "bounds must lie within ±2^53", "narrow the range");
  }
  if (d.step < 1) {
    return invalid(name, "step must be at least 1, got " + shown(d.step), "give a positive step");
  }
  if (d.log && d.low < 1) {
    return invalid(name, "log needs low >= 1, got low " + shown(d.low), "raise low or drop log");
  }
  if (d.log && d.step != 1) {
    return invalid(name, "log needs step 1, got step " + shown(d.step), "drop log or step");
  }
  d.high = d.low + (d.high - d.low) / d.step * d.step;
  return d;
}

Result<Distribution> checked(const std::string& name, CategoricalDistribution d) {
  if (d.choices.empty()) {
    return invalid(name, "choices must not be empty", "give at least one choice");
  }
  for (size_t i = 0; i < d.choices.size(); ++i) {
    const auto* number = std::get_if<double>(&d.choices[i]);
    if (number != nullptr && !std::isfinite(*number)) {
      return invalid(name, "a choice is not a finite number", "remove it");
    }
    if (std::find(d.choices.begin(), d.choices.begin() + i, d.choices[i]) !=
        d.choices.begin() + i) {
      return invalid(name, "the choice " + to_string(d.choices[i]) + " is there twice",
                     "remove one of them");
    }
  }
  return d;
}

std::optional<double> as_number(const ParamValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  return std::nullopt;
}

}  // namespace

const ParamValue* find_param(const Params& params, std::string_view name) {
  for (const auto& [key, value] : params) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string to_string(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (std::holds_alternative<std::monostate>(value)) return "null";
  char text[32];
  const auto end =
      std::holds_alternative<int64_t>(value)
          ? std::to_chars(text, text + sizeof text, std::get<int64_t>(value))
          : std::to_chars(text, text + sizeof text, std::get<double>(value));
  return std::string(text, end.ptr);
}

Result<Distribution> checked_distribution(const std::string& name, Distribution distribution) {
  if (name.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a parameter has no name", "", "give it a name");
  }
  return std::visit([&](auto& d) { return checked(name, std::move(d)); }, distribution);
}

bool is_single(const Distribution& distribution) {
  if (const auto* choice = std::get_if<CategoricalDistribution>(&distribution)) {
    return choice->choices.size() == 1;
  }
  const Domain domain = domain_of(distribution);
  if (domain.bound_low == domain.bound_high) return true;
  // Neighbouring doubles can share a logarithm; a domain without width cannot be modelled.
  return domain.width() <= 0;
}

bool contains(const Distribution& distribution, const ParamValue& value) {
  const std::optional<double> number = to_internal(distribution, value);
  if (!number) return false;
  if (std::holds_alternative<CategoricalDistribution>(distribution)) return true;
  const Domain domain = domain_of(distribution);
  return domain.bound_low <= *number && *number <= domain.bound_high;
}

std::optional<double> to_internal(const Distribution& distribution, const ParamValue& value) {
  if (const auto* d = std::get_if<CategoricalDistribution>(&distribution)) {
    const auto it = std::find(d->choices.begin(), d->choices.end(), value);
    if (it == d->choices.end()) return std::nullopt;
    return static_cast<double>(it - d->choices.begin());
  }
  const std::optional<double> number = as_number(value);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  const bool whole = std::floor(*number) == *number;
  if (std::holds_alternative<IntDistribution>(distribution) && !whole) return std::nullopt;
  return number;
}

ParamValue to_external(const Distribution& distribution, double internal) {
  if (const auto* d = std::get_if<CategoricalDistribution>(&distribution)) {
    return d->choices[static_cast<size_t>(internal)];
  }
  if (std::holds_alternative<IntDistribution>(distribution)) return static_cast<int64_t>(internal);
  return internal;
}

double Domain::value_at(double point) const {
  double value = log ? std::exp(point) : point;
  if (step > 0) value = bound_low + std::nearbyint((value - bound_low) / step) * step;
  return std::clamp(value, bound_low, bound_high);
}

Domain domain_of(const Distribution& distribution) {
  Domain domain;
  if (const auto* d = std::get_if<FloatDistribution>(&distribution)) {
    domain = {.step = d->step.value_or(0.0), .log = d->log, .bound_low = d->low,
              .bound_high = d->high};
  } else {
    const auto& whole = std::get<IntDistribution>(distribution);
    domain = {.step = static_cast<double>(whole.step), .log = whole.log,
              .bound_low = static_cast<double>(whole.low),
              .bound_high = static_cast<double>(whole.high)};
  }
  domain.low = domain.bound_low - domain.step / 2;
  domain.high = domain.bound_high + domain.step / 2;
  if (domain.log) {
    domain.low = std::log(domain.low);
    domain.high = std::log(domain.high);
  }
  return domain;
}

}  // namespace thunderline::cerebros::tpe
