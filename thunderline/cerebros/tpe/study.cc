#include "thunderline/cerebros/tpe/study.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"
#include "thunderline/cerebros/tpe/tpe_sampler.h"

namespace thunderline::cerebros::tpe {
namespace {

std::string place(int number) { return "trial " + std::to_string(number); }

Result<StudyRecord> open_record(StudyStorage& storage, const Study::Options& options) {
  if (!options.load_if_exists) return storage.create_study(options.name, options.direction);
  Result<StudyRecord> found = storage.find_study(options.name);
  if (!found) {
    if (found.error().code != ErrorCode::kNotFound) return found;
    return storage.create_study(options.name, options.direction);
  }
  if (found->direction != options.direction) {
    return fail(ErrorCode::kRefused,
                std::string("the study's direction is ") + direction_name(found->direction),
                options.name, "go on in that direction or choose another name");
  }
  return found;
}

/// What a pruned trial is worth without a value of its own.
std::optional<double> last_intermediate(const FrozenTrial& trial) {
  if (trial.intermediate_values.empty()) return std::nullopt;
  const double last = trial.intermediate_values.rbegin()->second;
  return std::isnan(last) ? std::nullopt : std::optional(last);
}

Status check_outcome(int number, TrialState state, std::optional<double> value) {
  if (!is_finished(state)) {
    return fail(ErrorCode::kInvalidArgument,
                std::string("a trial cannot end as ") + state_name(state), place(number),
                "use complete, pruned or fail");
  }
  if (state == TrialState::kComplete && !value) {
    return fail(ErrorCode::kInvalidArgument, "a complete trial needs a value", place(number),
                "give the objective value");
  }
  if (state == TrialState::kFail && value) {
    return fail(ErrorCode::kInvalidArgument, "a failed trial has no value", place(number),
                "leave the value out");
  }
  if (value && std::isnan(*value)) {
    return fail(ErrorCode::kInvalidArgument, "the value is not a number", place(number),
                "tell the state fail instead");
  }
  return {};
}

/// The value of `name` where the distribution holds it; an enqueued 3 for a float becomes 3.0.
std::optional<ParamValue> fitting(const Params& params, const std::string& name,
                                  const Distribution& distribution) {
  const ParamValue* value = find_param(params, name);
  if (value == nullptr || !contains(distribution, *value)) return std::nullopt;
  return to_external(distribution, *to_internal(distribution, *value));
}

/// Ranges may move between two suggestions of one name, types and choices may not.
bool is_same_kind(const Distribution& a, const Distribution& b) {
  if (std::holds_alternative<CategoricalDistribution>(a)) return a == b;
  return a.index() == b.index();
}

}  // namespace

Result<std::unique_ptr<Study>> Study::create(Options options) {
  if (options.name.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a study needs a name", "name", "give one");
  }
  if (!options.storage) options.storage = std::make_shared<MemoryStorage>();
  TL_ASSIGN_OR_RETURN(StudyRecord record, open_record(*options.storage, options));
  return start(std::move(options), std::move(record));
}

Result<std::unique_ptr<Study>> Study::open(Options options) {
  TL_CHECK(options.storage != nullptr);
  TL_ASSIGN_OR_RETURN(StudyRecord record, options.storage->find_study(options.name));
  return start(std::move(options), std::move(record));
}

Result<std::unique_ptr<Study>> Study::start(Options options, StudyRecord record) {
  if (record.directions.size() > 1) {
    return fail(ErrorCode::kRefused,
                "the study has " + std::to_string(record.directions.size()) +
                    " objectives; only studies with one can be gone on with",
                record.name, "use Optuna for it; it can be listed, shown and exported here");
  }
  if (!options.sampler) options.sampler = std::make_unique<TpeSampler>(TpeSampler::Options{});
  if (!options.pruner) options.pruner = std::make_unique<NonePruner>();
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> trials, options.storage->trials(record.id));
  options.sampler->reseed(resume_seed(options.seed, trials.size()));
  return std::unique_ptr<Study>(
      new Study(std::move(options), std::move(record), static_cast<int>(trials.size())));
}

Study::Study(Options options, StudyRecord record, int trials)
    : record_(std::move(record)),
      seed_(options.seed),
      storage_(std::move(options.storage)),
      sampler_(std::move(options.sampler)),
      pruner_(std::move(options.pruner)),
      next_number_(trials),
      resumed_(trials > 0) {}

Result<TrialPtr> Study::next_trial() {
  TL_ASSIGN_OR_RETURN(TrialPtr trial, storage_->claim_waiting_trial(record_.id));
  const bool claimed = trial != nullptr;
  if (!claimed) {
    TL_ASSIGN_OR_RETURN(trial, storage_->add_running_trial(record_.id));
  }
  if (claimed ? resumed_ : trial->number != next_number_) {
    sampler_->reseed(resume_seed(seed_, static_cast<uint64_t>(trial->number)));
  }
  resumed_ = false;
  if (!claimed) next_number_ = trial->number + 1;
  return trial;
}

Result<Trial> Study::ask() {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const TrialPtr trial, next_trial());
  return Trial(this, trial->number);
}

Result<Trial> Study::ask(const SearchSpace& space) {
  const std::lock_guard lock(mutex_);
  Trial trial(this, 0);
  Status asked = storage_->atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(const TrialPtr next, next_trial());
    trial.number_ = next->number;
    for (const Parameter& parameter : space.parameters()) {
      TL_RETURN_IF_ERROR(suggest_locked(next->number, parameter));
    }
    return {};
  });
  if (asked) return trial;
  drawn_.erase(trial.number_);
  return tl::unexpected<Error>(std::move(asked).error());
}

Result<Trial> Study::running_trial(int number) {
  TL_RETURN_IF_ERROR(find_running(number));
  return Trial(this, number);
}

Status Study::tell(int number, double value) {
  return tell(number, TrialState::kComplete, value);
}

Status Study::tell(int number, TrialState state, std::optional<double> value) {
  TL_RETURN_IF_ERROR(check_outcome(number, state, value));
  const std::lock_guard lock(mutex_);
  if (state == TrialState::kPruned && !value) {
    TL_ASSIGN_OR_RETURN(const TrialPtr trial, find_running(number));
    value = last_intermediate(*trial);
  }
  TL_RETURN_IF_ERROR(storage_->finish_trial(record_.id, number, state, value));
  drawn_.erase(number);
  return {};
}

Result<int> Study::enqueue(const Params& params) {
  std::set<std::string> names;
  for (const auto& [name, value] : params) {
    if (!names.insert(name).second) {
      return fail(ErrorCode::kInvalidArgument, "parameter \"" + name + "\" is there twice", name,
                  "remove one of them");
    }
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) {
      return fail(ErrorCode::kInvalidArgument, "parameter \"" + name + "\" is not a finite number",
                  name, "give a finite value");
    }
  }
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const TrialPtr trial, storage_->add_waiting_trial(record_.id, params));
  if (trial->number == next_number_) ++next_number_;
  return trial->number;
}

Result<std::vector<int>> Study::retry_stale_trials(std::chrono::milliseconds grace) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(std::vector<int> failed, storage_->retry_stale_trials(record_.id, grace));
  // Their successors took the next numbers, unless others took some too.
  next_number_ += static_cast<int>(failed.size());
  return failed;
}

Status Study::beat(int number) { return storage_->beat(record_.id, number); }

Result<TrialPtr> Study::best_trial() const {
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, trials());
  TrialPtr best = best_of(all, record_.direction);
  if (best) return best;
  return fail(ErrorCode::kNotFound, "no trial is complete and feasible yet", record_.name,
              "tell a trial's value first");
}

Result<std::vector<TrialPtr>> Study::trials() const { return storage_->trials(record_.id); }

void Study::reseed_sampler(uint64_t seed) {
  const std::lock_guard lock(mutex_);
  sampler_->reseed(fold_seed(seed));
}

Result<TrialPtr> Study::find_running(int number) const {
  TL_ASSIGN_OR_RETURN(TrialPtr trial, storage_->trial(record_.id, number));
  if (trial->state == TrialState::kRunning) return trial;
  return fail(ErrorCode::kRefused, std::string("the trial is ") + state_name(trial->state),
              place(number), "only running trials can be changed");
}

DistributionPtr Study::intern(const std::string& name, Distribution distribution) {
  DistributionPtr& newest = interned_[name];
  if (!newest || *newest != distribution) {
    newest = std::make_shared<const Distribution>(std::move(distribution));
  }
  return newest;
}

Result<TrialPtr> Study::with_relative_params(TrialPtr trial, const StudyView& view) {
  if (!drawn_.insert(trial->number).second || !trial->relative_params.empty()) return trial;
  const Params drawn = sampler_->sample_relative(view, *trial);
  if (drawn.empty()) return trial;
  // Published before any value is used: workers elsewhere see the whole draw.
  TL_RETURN_IF_ERROR(storage_->set_relative_params(record_.id, trial->number, drawn));
  return storage_->trial(record_.id, trial->number);
}

Result<ParamValue> Study::choose(const TrialPtr& trial, const std::string& name,
                                 const Distribution& distribution) {
  if (const auto fixed = fitting(trial->fixed_params, name, distribution)) return *fixed;
  if (is_single(distribution)) {
    if (const auto* d = std::get_if<CategoricalDistribution>(&distribution)) return d->choices[0];
    return to_external(distribution, domain_of(distribution).bound_low);
  }
  if (const auto drawn = fitting(trial->relative_params, name, distribution)) return *drawn;
  TL_ASSIGN_OR_RETURN(std::vector<TrialPtr> all, storage_->trials(record_.id));
  const std::vector<TrialPtr> rivals = pruner_->rivals(std::move(all), record_.name, *trial);
  const StudyView view{record_.direction, rivals, record_.name};
  TL_ASSIGN_OR_RETURN(const TrialPtr current, with_relative_params(trial, view));
  if (const auto drawn = fitting(current->relative_params, name, distribution)) return *drawn;
  return sampler_->sample_independent(view, *current, name, distribution);
}

Result<ParamValue> Study::suggest(int number, const Parameter& parameter) {
  const std::lock_guard lock(mutex_);
  ParamValue value;
  // The first suggestion publishes the joint draw with it.
  const bool drawn = drawn_.contains(number);
  Status suggested = storage_->atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(value, suggest_locked(number, parameter));
    return {};
  });
  if (suggested) return value;
  if (!drawn) drawn_.erase(number);
  return tl::unexpected<Error>(std::move(suggested).error());
}

Result<ParamValue> Study::suggest_locked(int number, const Parameter& parameter) {
  TL_ASSIGN_OR_RETURN(Distribution distribution,
                      checked_distribution(parameter.name, parameter.distribution));
  TL_ASSIGN_OR_RETURN(const TrialPtr trial, find_running(number));
  if (const TrialParam* known = trial->find(parameter.name)) {
    if (is_same_kind(*known->distribution, distribution)) return known->value;
    return fail(ErrorCode::kInvalidArgument,
                "parameter \"" + parameter.name + "\" was suggested with another type or choices",
                place(number), "use one type for a name");
  }
  TrialParam param{.name = parameter.name, .value = {}, .distribution = nullptr};
  TL_ASSIGN_OR_RETURN(param.value, choose(trial, parameter.name, distribution));
  param.distribution = intern(parameter.name, std::move(distribution));
  TL_RETURN_IF_ERROR(storage_->set_param(record_.id, number, param));
  return param.value;
}

Status Study::report(int number, int64_t step, double value) {
  if (step < 0) {
    return fail(ErrorCode::kInvalidArgument, "step must be >= 0, got " + std::to_string(step),
                place(number), "count steps from 0");
  }
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const TrialPtr trial, find_running(number));
  if (trial->intermediate_values.contains(step)) return {};
  return storage_->set_intermediate_value(record_.id, number, step, value);
}

Result<bool> Study::should_prune(int number) {
  const std::lock_guard lock(mutex_);
  TL_ASSIGN_OR_RETURN(const TrialPtr trial, find_running(number));
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> all, storage_->trials(record_.id));
  const PruneDecision decision = pruner_->judge({record_.direction, all, record_.name}, *trial);
  if (!decision.new_rungs.empty()) {
    std::vector<double> rungs = trial->rung_values;
    rungs.insert(rungs.end(), decision.new_rungs.begin(), decision.new_rungs.end());
    TL_RETURN_IF_ERROR(storage_->set_rung_values(record_.id, number, rungs));
  }
  return decision.prune;
}

Status Study::set_constraints(int number, const std::vector<double>& constraints) {
  const bool has_nan = std::any_of(constraints.begin(), constraints.end(),
                                   [](double c) { return std::isnan(c); });
  if (has_nan) {
    return fail(ErrorCode::kInvalidArgument, "a constraint is not a number", place(number),
                "give numbers; > 0 means violated");
  }
  return storage_->set_constraints(record_.id, number, constraints);
}

}  // namespace thunderline::cerebros::tpe
