#include "thunderline/cli/pruner_flag.h"

#include "thunderline/cerebros/tpe/pruners/asha_pruner.h"
#include "thunderline/cerebros/tpe/pruners/percentile_pruner.h"
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

}  // namespace

Result<std::unique_ptr<tpe::Pruner>> parse_pruner(const std::string& text) {
  const size_t comma = text.find(',');
  const std::string name = text.substr(0, comma);
  TL_ASSIGN_OR_RETURN(KeyValues values,
                      KeyValues::parse(comma == text.npos ? "" : text.substr(comma + 1), kFlag));
  if (name == "median") return percentile_pruner(std::move(values), 50, false);
  if (name == "percentile") return percentile_pruner(std::move(values), 25, true);
  if (name == "asha") return asha_pruner(std::move(values));
  for (const char* later : {"hyperband", "threshold", "patient"}) {
    if (name != later) continue;
    return fail(ErrorCode::kInvalidArgument, "the pruner " + name + " is not built yet", kFlag,
                "use none, median, percentile or asha");
  }
  TL_RETURN_IF_ERROR(values.finish());
  return tpe::make_pruner(name);
}

}  // namespace thunderline::cli
