#include "thunderline/cerebros/tpe/trial.h"

#include <utility>

#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {

Result<double> Trial::suggest_float(const std::string& name, double low, double high,
                                    FloatOptions options) {
  TL_ASSIGN_OR_RETURN(const ParamValue value,
                      suggest({name, FloatDistribution{low, high, options.log, options.step}}));
  return std::get<double>(value);
}

Result<int64_t> Trial::suggest_int(const std::string& name, int64_t low, int64_t high,
                                   IntOptions options) {
  TL_ASSIGN_OR_RETURN(const ParamValue value,
                      suggest({name, IntDistribution{low, high, options.log, options.step}}));
  return std::get<int64_t>(value);
}

Result<ParamValue> Trial::suggest_categorical(const std::string& name,
                                              std::vector<ParamValue> choices) {
  return suggest({name, CategoricalDistribution{std::move(choices)}});
}

Result<ParamValue> Trial::suggest(const Parameter& parameter) {
  return study_->suggest(number_, parameter);
}

Result<Params> Trial::suggest_all(const SearchSpace& space) {
  Params params;
  for (const Parameter& parameter : space.parameters()) {
    TL_ASSIGN_OR_RETURN(ParamValue value, suggest(parameter));
    params.emplace_back(parameter.name, std::move(value));
  }
  return params;
}

Status Trial::report(int64_t step, double value) { return study_->report(number_, step, value); }

Result<bool> Trial::should_prune() { return study_->should_prune(number_); }

Status Trial::set_constraints(const std::vector<double>& constraints) {
  return study_->set_constraints(number_, constraints);
}

}  // namespace thunderline::cerebros::tpe
