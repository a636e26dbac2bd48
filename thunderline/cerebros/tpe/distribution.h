#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::tpe {

/// What a parameter can be set to. Float parameters hold a double, int parameters an int64_t,
/// categorical ones whatever their choice is; monostate is Python's None, null in JSON.
using ParamValue = std::variant<bool, int64_t, double, std::string, std::monostate>;

/// Values by name, in the order in which they were suggested.
using Params = std::vector<std::pair<std::string, ParamValue>>;

/// The value of `name`, or null.
const ParamValue* find_param(const Params& params, std::string_view name);

/// The value as people read it: numbers with as many digits as a round trip needs.
std::string to_string(const ParamValue& value);

/// Real numbers in [low, high]; on a grid from `low` when there is a `step`.
struct FloatDistribution {
  double low = 0;
  double high = 1;
  bool log = false;            ///< Equal ratios are equally likely. Needs low > 0 and no step.
  std::optional<double> step;  ///< > 0.

  bool operator==(const FloatDistribution&) const = default;
};

/// Whole numbers low, low + step, … up to high. Range: within ±2^53.
struct IntDistribution {
  int64_t low = 0;
  int64_t high = 1;
  bool log = false;  ///< Needs low >= 1 and step 1.
  int64_t step = 1;  ///< >= 1.

  bool operator==(const IntDistribution&) const = default;
};

/// One of a list, without order.
struct CategoricalDistribution {
  std::vector<ParamValue> choices;

  bool operator==(const CategoricalDistribution&) const = default;
};

using Distribution = std::variant<FloatDistribution, IntDistribution, CategoricalDistribution>;

/// Shared, because a thousand trials have the same few.
using DistributionPtr = std::shared_ptr<const Distribution>;

/// Checks a distribution and lowers `high` to the last point of its grid.
/// Errors: kInvalidArgument that names `name` and the field: low > high, bounds that are not
/// finite, log with low <= 0 (float) or low < 1 (int), log together with a step, step <= 0, no
/// choices, choices that repeat.
Result<Distribution> checked_distribution(const std::string& name, Distribution distribution);

/// Whether there is only one value to choose.
bool is_single(const Distribution& distribution);

/// Whether `value` has the right type and lies in the range. A step's grid is not checked, as in
/// Optuna: values from an older, finer grid stay usable.
bool contains(const Distribution& distribution, const ParamValue& value);

/// The number that stands for `value`: itself, or the index of a choice; nothing when the value
/// does not fit the distribution's type or choices.
std::optional<double> to_internal(const Distribution& distribution, const ParamValue& value);

/// The inverse of `to_internal`; ints take the integer part.
ParamValue to_external(const Distribution& distribution, double internal);

/// The interval in which a numeric distribution is modelled: widened by half a step at both ends,
/// then, with log, its logarithm.
struct Domain {
  double low = 0;
  double high = 0;
  double step = 0;  ///< 0: continuous.
  bool log = false;
  double bound_low = 0;   ///< The distribution's own bounds, neither widened nor logged.
  double bound_high = 0;

  double width() const { return high - low; }

  /// The value for a point of the interval: back from log, onto the grid (ties to even), in bounds.
  double value_at(double point) const;
};

/// Precondition: float or int.
Domain domain_of(const Distribution& distribution);

}  // namespace thunderline::cerebros::tpe
