#include "thunderline/thunderbolt/training/tpe_client.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"

namespace thunderline::thunderbolt {
namespace {

namespace tpe = cerebros::tpe;
using tpe::FrozenTrial;
using tpe::TrialPtr;
using tpe::TrialState;

TpeClient::BestTrial best_trial(const FrozenTrial& trial) {
  return {.trial = trial.number, .value = *trial.value, .params = trial.values()};
}

bool has_exactly(const FrozenTrial& trial, const tpe::Params& params) {
  if (trial.params.size() != params.size()) return false;
  return std::all_of(params.begin(), params.end(), [&](const auto& param) {
    const tpe::TrialParam* known = trial.find(param.first);
    return known != nullptr && known->value == param.second;
  });
}

Result<TpeClient::Suggestion> suggestion(tpe::Trial trial, const tpe::SearchSpace& space) {
  TpeClient::Suggestion result{.trial = trial.number(), .params = {}};
  TL_ASSIGN_OR_RETURN(result.params, trial.suggest_all(space));
  return result;
}

Result<bool> is_best(tpe::Study& study, int trial) {
  const Result<TrialPtr> best = study.best_trial();
  if (best) return (*best)->number == trial;
  if (best.error().code == ErrorCode::kNotFound) return false;
  return tl::unexpected(best.error());
}

/// What `Study::tell` would refuse, found before anything is told.
Status check_outcome(tpe::Study& study, const TpeClient::Outcome& outcome) {
  TL_RETURN_IF_ERROR(study.running_trial(outcome.trial));
  const bool needs_value = outcome.state == TrialState::kComplete;
  const bool may_have_value = needs_value || outcome.state == TrialState::kPruned;
  const bool is_number = !outcome.value || !std::isnan(*outcome.value);
  if (tpe::is_finished(outcome.state) && is_number && (!needs_value || outcome.value) &&
      (may_have_value || !outcome.value)) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              std::string("the outcome ") + tpe::state_name(outcome.state) +
                  (outcome.value ? " with value " + tpe::to_string(*outcome.value) : "") +
                  " cannot be recorded",
              "trial " + std::to_string(outcome.trial),
              "complete needs a number, pruned may have one, fail has none");
}

}  // namespace

TpeClient::TpeClient() : TpeClient(std::make_shared<tpe::MemoryStorage>()) {}

TpeClient::TpeClient(std::shared_ptr<tpe::StudyStorage> storage) : storage_(std::move(storage)) {}

Status TpeClient::init_study(const std::string& name, tpe::SearchSpace space) {
  return init_study(name, std::move(space), StudyOptions{});
}

Status TpeClient::init_study(const std::string& name, tpe::SearchSpace space,
                             StudyOptions options) {
  if (space.parameters().empty()) {
    return fail(ErrorCode::kInvalidArgument, "the search space is empty", name,
                "give at least one parameter");
  }
  tpe::Study::Options study{.name = name,
                            .direction = options.direction,
                            .seed = options.seed,
                            .storage = storage_,
                            .load_if_exists = options.load_if_exists};
  TL_ASSIGN_OR_RETURN(
      study.sampler,
      tpe::make_sampler(options.sampler, {.startup_trials = options.startup_trials}));
  TL_ASSIGN_OR_RETURN(study.pruner, tpe::make_pruner(options.pruner));
  TL_ASSIGN_OR_RETURN(std::unique_ptr<tpe::Study> made, tpe::Study::create(std::move(study)));
  const std::lock_guard lock(mutex_);
  studies_[name] = {std::move(made), std::make_shared<const tpe::SearchSpace>(std::move(space))};
  return {};
}

Result<TpeClient::Entry> TpeClient::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto it = studies_.find(name);
  if (it != studies_.end()) return it->second;
  return fail(ErrorCode::kNotFound, "no such study", name, "call init_study first");
}

Result<std::shared_ptr<tpe::Study>> TpeClient::study(const std::string& name) const {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  return entry.study;
}

Result<TpeClient::Suggestion> TpeClient::suggest(const std::string& name) {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  TL_ASSIGN_OR_RETURN(const tpe::Trial trial, entry.study->ask());
  return suggestion(trial, *entry.space);
}

Result<std::vector<TpeClient::Suggestion>> TpeClient::suggest_batch(const std::string& name,
                                                                    int count) {
  if (count < 1) {
    return fail(ErrorCode::kInvalidArgument, "count must be >= 1, got " + std::to_string(count),
                "count");
  }
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  std::vector<tpe::Trial> trials;
  for (int i = 0; i < count; ++i) {
    TL_ASSIGN_OR_RETURN(const tpe::Trial trial, entry.study->ask());
    trials.push_back(trial);
  }
  std::vector<Suggestion> suggestions;
  for (const tpe::Trial& trial : trials) {
    TL_ASSIGN_OR_RETURN(Suggestion next, suggestion(trial, *entry.space));
    suggestions.push_back(std::move(next));
  }
  return suggestions;
}

Result<bool> TpeClient::record(const std::string& name, int trial, double value) {
  return record(name, Outcome{.trial = trial, .value = value});
}

Result<bool> TpeClient::record(const std::string& name, const Outcome& outcome) {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  TL_RETURN_IF_ERROR(entry.study->tell(outcome.trial, outcome.state, outcome.value));
  return is_best(*entry.study, outcome.trial);
}

Result<bool> TpeClient::record(const std::string& name, const Params& params, double value) {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> trials, entry.study->trials());
  for (const TrialPtr& trial : trials) {
    if (trial->state != TrialState::kRunning || !has_exactly(*trial, params)) continue;
    return record(name, trial->number, value);
  }
  return fail(ErrorCode::kNotFound, "no running trial has these parameters", name,
              "record what suggest gave, once");
}

Status TpeClient::record_batch(const std::string& name, std::span<const Outcome> outcomes) {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  std::vector<Outcome> ordered(outcomes.begin(), outcomes.end());
  std::sort(ordered.begin(), ordered.end(),
            [](const Outcome& a, const Outcome& b) { return a.trial < b.trial; });
  for (size_t i = 0; i < ordered.size(); ++i) {
    TL_RETURN_IF_ERROR(check_outcome(*entry.study, ordered[i]));
    if (i > 0 && ordered[i].trial == ordered[i - 1].trial) {
      return fail(ErrorCode::kInvalidArgument, "the trial is there twice",
                  "trial " + std::to_string(ordered[i].trial), "give each trial one outcome");
    }
  }
  for (const Outcome& outcome : ordered) {
    TL_RETURN_IF_ERROR(entry.study->tell(outcome.trial, outcome.state, outcome.value));
  }
  return {};
}

Result<TpeClient::BestTrial> TpeClient::best_params(const std::string& name) const {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  TL_ASSIGN_OR_RETURN(const TrialPtr best, entry.study->best_trial());
  return best_trial(*best);
}

Result<TpeClient::StudyStatus> TpeClient::get_status(const std::string& name) const {
  TL_ASSIGN_OR_RETURN(const Entry entry, find(name));
  TL_ASSIGN_OR_RETURN(const std::vector<TrialPtr> trials, entry.study->trials());
  StudyStatus status{.name = name, .direction = entry.study->direction(),
                     .trials = static_cast<int>(trials.size())};
  for (const TrialPtr& trial : trials) {
    switch (trial->state) {
      case TrialState::kRunning: ++status.running; break;
      case TrialState::kComplete: ++status.complete; break;
      case TrialState::kPruned: ++status.pruned; break;
      case TrialState::kFail: ++status.failed; break;
      case TrialState::kWaiting: ++status.waiting; break;
    }
  }
  const TrialPtr best = tpe::best_of(trials, status.direction);
  if (best) status.best = best_trial(*best);
  return status;
}

Result<std::vector<std::string>> TpeClient::list_studies() const {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::StudyRecord> records, storage_->list_studies());
  std::vector<std::string> names;
  for (const tpe::StudyRecord& record : records) names.push_back(record.name);
  return names;
}

Status TpeClient::delete_study(const std::string& name) {
  TL_ASSIGN_OR_RETURN(const tpe::StudyRecord record, storage_->find_study(name));
  TL_RETURN_IF_ERROR(storage_->delete_study(record.id));
  const std::lock_guard lock(mutex_);
  const auto it = studies_.find(name);
  // Another thread may have made a new study of this name by now.
  if (it != studies_.end() && it->second.study->storage_id() == record.id) studies_.erase(it);
  return {};
}

}  // namespace thunderline::thunderbolt
