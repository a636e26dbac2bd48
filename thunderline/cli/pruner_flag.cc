#include "thunderline/cli/pruner_flag.h"

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/hyperband_pruner.h"
#include "thunderline/cerebros/tpe/pruners/patient_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"
#include "thunderline/cerebros/tpe/pruners/threshold_pruner.h"
#include "thunderline/cli/key_values.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

constexpr const char* kFlag = "--pruner";

Status in_range(bool holds, const char* key, const char* range) {
  if (holds) return {};
  return fail(ErrorCode::kInvalidArgument, std::string(key) + " must be " + range, kFlag);
}

Result<std::unique_ptr<tpe::Pruner>> percentile_pruner(KeyValues values, double percentile,
                                                       bool may_change) {
  tpe::PercentilePruner::Options options{.percentile = percentile};
  if (may_change) TL_RETURN_IF_ERROR(values.take("percentile", options.percentile));
  TL_RETURN_IF_ERROR(values.take("n-startup-trials", options.startup_trials));
  TL_RETURN_IF_ERROR(values.take("n-warmup-steps", options.warmup_steps));
  TL_RETURN_IF_ERROR(values.take("interval-steps", options.interval_steps));
  TL_RETURN_IF_ERROR(values.take("n-min-trials", options.min_trials));
  TL_RETURN_IF_ERROR(values.finish());
  TL_RETURN_IF_ERROR(in_range(options.percentile >= 0 && options.percentile <= 100, "percentile",
                              "in [0, 100]"));
  TL_RETURN_IF_ERROR(in_range(options.startup_trials >= 0, "n-startup-trials", "0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.warmup_steps >= 0, "n-warmup-steps", "0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.interval_steps >= 1, "interval-steps", "1 or more"));
  TL_RETURN_IF_ERROR(in_range(options.min_trials >= 1, "n-min-trials", "1 or more"));
  return std::make_unique<tpe::PercentilePruner>(options);
}

Result<std::unique_ptr<tpe::Pruner>> asha_pruner(KeyValues values) {
  tpe::AshaPruner::Options options;
  TL_RETURN_IF_ERROR(values.take("min-resource", options.min_resource));
  TL_RETURN_IF_ERROR(values.take("reduction-factor", options.reduction_factor));
  TL_RETURN_IF_ERROR(values.take("min-early-stopping-rate", options.min_early_stopping_rate));
  TL_RETURN_IF_ERROR(values.take("bootstrap-count", options.bootstrap_count));
  TL_RETURN_IF_ERROR(values.finish());
  TL_RETURN_IF_ERROR(in_range(options.min_resource.value_or(1) >= 1, "min-resource", "1 or more"));
  TL_RETURN_IF_ERROR(in_range(options.reduction_factor >= 2, "reduction-factor", "2 or more"));
  TL_RETURN_IF_ERROR(
      in_range(options.min_early_stopping_rate >= 0, "min-early-stopping-rate", "0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.bootstrap_count >= 0, "bootstrap-count", "0 or more"));
  return std::make_unique<tpe::AshaPruner>(options);
}

Result<std::unique_ptr<tpe::Pruner>> hyperband_pruner(KeyValues values) {
  tpe::HyperbandPruner::Options options;
  std::optional<std::string> most;
  TL_RETURN_IF_ERROR(values.take("min-resource", options.min_resource));
  TL_RETURN_IF_ERROR(values.take("max-resource", most));
  TL_RETURN_IF_ERROR(values.take("reduction-factor", options.reduction_factor));
  TL_RETURN_IF_ERROR(values.take("bootstrap-count", options.bootstrap_count));
  TL_RETURN_IF_ERROR(values.finish());
  if (most && *most != "auto") {
    TL_ASSIGN_OR_RETURN(KeyValues number, KeyValues::parse("max-resource=" + *most, kFlag));
    TL_RETURN_IF_ERROR(number.take("max-resource", options.max_resource));
  }
  TL_RETURN_IF_ERROR(in_range(options.min_resource >= 1, "min-resource", "1 or more"));
  TL_RETURN_IF_ERROR(in_range(options.max_resource.value_or(INT64_MAX) >= options.min_resource,
                              "max-resource", "min-resource or more"));
  TL_RETURN_IF_ERROR(in_range(options.reduction_factor >= 2, "reduction-factor", "2 or more"));
  TL_RETURN_IF_ERROR(in_range(options.bootstrap_count >= 0, "bootstrap-count", "0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.bootstrap_count == 0 || options.max_resource.has_value(),
                              "bootstrap-count", "0 without max-resource"));
  return std::make_unique<tpe::HyperbandPruner>(options);
}

Result<std::unique_ptr<tpe::Pruner>> threshold_pruner(KeyValues values) {
  tpe::ThresholdPruner::Options options;
  std::optional<double> lower;
  std::optional<double> upper;
  TL_RETURN_IF_ERROR(values.take("lower", lower));
  TL_RETURN_IF_ERROR(values.take("upper", upper));
  TL_RETURN_IF_ERROR(values.take("n-warmup-steps", options.warmup_steps));
  TL_RETURN_IF_ERROR(values.take("interval-steps", options.interval_steps));
  TL_RETURN_IF_ERROR(values.finish());
  TL_RETURN_IF_ERROR(in_range(lower || upper, "lower or upper", "given"));
  options.lower = lower.value_or(options.lower);
  options.upper = upper.value_or(options.upper);
  TL_RETURN_IF_ERROR(in_range(options.lower <= options.upper, "lower", "upper or less"));
  TL_RETURN_IF_ERROR(in_range(options.warmup_steps >= 0, "n-warmup-steps", "0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.interval_steps >= 1, "interval-steps", "1 or more"));
  return std::make_unique<tpe::ThresholdPruner>(options);
}

Result<std::unique_ptr<tpe::Pruner>> patient_pruner(KeyValues values) {
  tpe::PatientPruner::Options options;
  std::optional<int64_t> patience;
  std::string wrapped = "none";
  TL_RETURN_IF_ERROR(values.take("patience", patience));
  TL_RETURN_IF_ERROR(values.take("min-delta", options.min_delta));
  TL_RETURN_IF_ERROR(values.take("wrapped", wrapped));
  TL_RETURN_IF_ERROR(values.finish());
  TL_RETURN_IF_ERROR(in_range(patience.value_or(-1) >= 0, "patience", "given, 0 or more"));
  TL_RETURN_IF_ERROR(in_range(options.min_delta >= 0, "min-delta", "0 or more"));
  options.patience = *patience;
  std::unique_ptr<tpe::Pruner> inner;
  if (wrapped != "none") {
    TL_ASSIGN_OR_RETURN(inner, tpe::make_pruner(wrapped));
  }
  return std::make_unique<tpe::PatientPruner>(std::move(inner), options);
}

}  // namespace

Result<std::unique_ptr<tpe::Pruner>> parse_pruner(const std::string& text) {
  const size_t comma = text.find(',');
  const std::string name = text.substr(0, comma);
  TL_ASSIGN_OR_RETURN(KeyValues values,
                      KeyValues::parse(comma == text.npos ? "" : text.substr(comma + 1), kFlag));
  if (name == "median") return percentile_pruner(std::move(values), 50, false);
  if (name == "percentile") return percentile_pruner(std::move(values), 25, true);
  if (name == "asha") return asha_pruner(std::move(values));
  if (name == "hyperband") return hyperband_pruner(std::move(values));
  if (name == "threshold") return threshold_pruner(std::move(values));
  if (name == "patient") return patient_pruner(std::move(values));
  TL_RETURN_IF_ERROR(values.finish());
  return tpe::make_pruner(name);
}

}  // namespace thunderline::cli
