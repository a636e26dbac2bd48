#include "thunderline/cli/study_commands.h"

#include <charconv>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "thunderline/cerebros/tpe/importance.h"
#include "thunderline/cerebros/tpe/param_json.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/study_output.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

/// A study with its trials.
struct Loaded {
  std::shared_ptr<tpe::StudyStorage> storage;
  tpe::StudyRecord record;
  std::vector<tpe::TrialPtr> trials;
};

Result<Loaded> load(const Session& session, const StudyArguments& arguments) {
  Loaded loaded;
  TL_ASSIGN_OR_RETURN(loaded.storage, open_study_storage(session, arguments.storage, false));
  TL_ASSIGN_OR_RETURN(loaded.record, loaded.storage->find_study(arguments.name));
  TL_ASSIGN_OR_RETURN(loaded.trials, loaded.storage->trials(loaded.record.id));
  return loaded;
}

Result<std::unique_ptr<tpe::Study>> open_named(const Session& session,
                                               const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, arguments.storage, false));
  return open_study(storage, arguments.name, arguments.flags);
}

/// The document with --json, else the text.
Status print(const Session& session, const OrderedJson& json, const std::string& text) {
  return print_line(session.json ? dump_json(json) : text);
}

OrderedJson state_counts(const std::vector<tpe::TrialPtr>& trials) {
  std::map<tpe::TrialState, int> counts;
  for (const tpe::TrialPtr& trial : trials) ++counts[trial->state];
  OrderedJson json = OrderedJson::object();
  for (const auto state : {tpe::TrialState::kRunning, tpe::TrialState::kComplete,
                           tpe::TrialState::kPruned, tpe::TrialState::kFail,
                           tpe::TrialState::kWaiting}) {
    json[tpe::state_name(state)] = counts[state];
  }
  return json;
}

Result<double> number_from(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  return fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is no number", "VALUE",
              "write a number such as 0.25");
}

Result<tpe::TrialPtr> trial_of(const tpe::Study& study, int number) {
  TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, study.trials());
  if (number >= 0 && static_cast<size_t>(number) < trials.size()) {
    return trials[static_cast<size_t>(number)];
  }
  return fail(ErrorCode::kNotFound, "no such trial", "trial " + std::to_string(number),
              "the study has " + std::to_string(trials.size()) + " trials");
}

}  // namespace

Status list_studies(const Session& session, const StudyArguments& arguments) {
  OrderedJson list = OrderedJson::array();
  Table table({"STUDY", "DIRECTION", "TRIALS", "COMPLETE", "BEST"});
  const bool none_yet = !arguments.storage && !session.files.exists(session.home + "/studies.db");
  if (!none_yet) {
    TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, arguments.storage, false));
    TL_ASSIGN_OR_RETURN(const std::vector<tpe::StudyRecord> records, storage->list_studies());
    for (const tpe::StudyRecord& record : records) {
      TL_ASSIGN_OR_RETURN(const std::vector<tpe::TrialPtr> trials, storage->trials(record.id));
      const tpe::TrialPtr best = best_trial(record, trials);
      OrderedJson entry = {{"study", record.name},
                           {"direction", tpe::direction_name(record.direction)},
                           {"objectives", record.directions.size()},
                           {"trials", trials.size()},
                           {"states", state_counts(trials)}};
      entry["best"] = best == nullptr ? OrderedJson(nullptr) : trial_json(*best, false);
      table.add({record.name, directions_text(record), std::to_string(trials.size()),
                 dump_json(entry["states"]["complete"]),
                 best == nullptr ? "-" : number_text(*best->value)});
      list.push_back(std::move(entry));
    }
  }
  const std::string text = list.empty() ? "no studies" : table.text();
  return print(session, {{"studies", std::move(list)}}, text);
}

Status show_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const Loaded loaded, load(session, arguments));
  OrderedJson json = study_json(loaded.record, loaded.trials);
  std::string text = study_text(loaded.record, loaded.trials);
  if (loaded.record.directions.size() == 1) {
    json["importances"] = OrderedJson::object();
    text += "\nimportances:";
    for (const auto& [name, share] :
         tpe::parameter_importances(loaded.trials, loaded.record.direction)) {
      json["importances"][name] = share;
      text += " " + name + "=" + number_text(share);
    }
  }
  return print(session, json, text);
}

Status best_of_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const Loaded loaded, load(session, arguments));
  if (loaded.record.directions.size() > 1) {
    return fail(ErrorCode::kRefused, "a study with several objectives has no single best trial",
                loaded.record.name, "thunderline studies export " + loaded.record.name);
  }
  const tpe::TrialPtr best = best_trial(loaded.record, loaded.trials);
  if (best == nullptr) {
    return fail(ErrorCode::kNotFound, "no trial is complete and feasible yet", loaded.record.name,
                "tell a trial's value first");
  }
  OrderedJson json = {{"study", loaded.record.name}};
  json.update(trial_json(*best, false));
  return print(session, json,
               "trial " + std::to_string(best->number) + ", " + number_text(*best->value) + ", " +
                   params_text(best->values()));
}

Status export_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const Loaded loaded, load(session, arguments));
  OrderedJson json = study_json(loaded.record, {});
  const tpe::TrialPtr best = best_trial(loaded.record, loaded.trials);
  if (best != nullptr) json["best"] = trial_json(*best, false);
  for (const tpe::TrialPtr& trial : loaded.trials) {
    json["trials"].push_back(whole_trial_json(*trial));
  }
  json["user_attributes"] = attributes_json(loaded.record.user_attributes);
  json["system_attributes"] = attributes_json(loaded.record.system_attributes);
  return print_line(dump_json(json, session.json ? -1 : 2));
}

Status create_named_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, arguments.storage, true));
  TL_ASSIGN_OR_RETURN(const auto study, create_study(storage, arguments.name, arguments.flags));
  return print(session,
               {{"study", study->name()},
                {"direction", tpe::direction_name(study->direction())},
                {"seed", study->seed()}},
               "created " + study->name());
}

Status delete_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const auto storage, open_study_storage(session, arguments.storage, false));
  TL_ASSIGN_OR_RETURN(const tpe::StudyRecord record, storage->find_study(arguments.name));
  TL_RETURN_IF_ERROR(storage->delete_study(record.id));
  return print(session, {{"deleted", record.name}}, "deleted " + record.name);
}

Status enqueue_trials(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, arguments.file));
  TL_ASSIGN_OR_RETURN(const OrderedJson json, parse_ordered_json(text, arguments.file));
  TL_ASSIGN_OR_RETURN(const auto study, open_named(session, arguments));
  std::vector<tpe::Params> all;
  for (const OrderedJson& entry : json.is_array() ? json : OrderedJson::array({json})) {
    TL_ASSIGN_OR_RETURN(tpe::Params params, tpe::params_from(entry, arguments.file));
    all.push_back(std::move(params));
  }
  OrderedJson numbers = OrderedJson::array();
  for (const tpe::Params& params : all) {
    TL_ASSIGN_OR_RETURN(const int number, study->enqueue(params));
    numbers.push_back(number);
  }
  OrderedJson document = {{"study", study->name()}};
  if (!json.is_array()) document["number"] = numbers[0];
  document["numbers"] = numbers;
  return print(session, document, "queued " + dump_json(numbers));
}

Status ask_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, arguments.file));
  TL_ASSIGN_OR_RETURN(const tpe::SearchSpace space, tpe::SearchSpace::parse(text, arguments.file));
  TL_ASSIGN_OR_RETURN(const auto study, open_named(session, arguments));
  TL_ASSIGN_OR_RETURN(const tpe::Trial asked, study->ask(space));
  TL_ASSIGN_OR_RETURN(const tpe::TrialPtr trial, trial_of(*study, asked.number()));
  return print(session,
               {{"study", study->name()},
                {"number", trial->number},
                {"params", tpe::json_of(trial->values())}},
               std::to_string(trial->number) + " " + params_text(trial->values()));
}

Status tell_study(const Session& session, const StudyArguments& arguments) {
  tpe::TrialState state = tpe::TrialState::kComplete;
  if (arguments.state) {
    state = *arguments.state == "fail" ? tpe::TrialState::kFail : tpe::TrialState::kPruned;
  }
  if (!arguments.value && !arguments.state) {
    return fail(ErrorCode::kInvalidArgument, "say how the trial ended", "VALUE, --state",
                "give the value, or --state fail or pruned");
  }
  std::optional<double> value;
  if (arguments.value) {
    TL_ASSIGN_OR_RETURN(value, number_from(*arguments.value));
  }
  TL_ASSIGN_OR_RETURN(const auto study, open_named(session, arguments));
  TL_RETURN_IF_ERROR(study->tell(arguments.trial, state, value));
  TL_ASSIGN_OR_RETURN(const tpe::TrialPtr trial, trial_of(*study, arguments.trial));
  OrderedJson json = {{"study", study->name()}};
  json.update(trial_json(*trial, true));
  return print(session, json,
               "trial " + std::to_string(trial->number) + " is " + tpe::state_name(trial->state));
}

Status report_to_study(const Session& session, const StudyArguments& arguments) {
  TL_ASSIGN_OR_RETURN(const double value, number_from(arguments.value.value_or("")));
  TL_ASSIGN_OR_RETURN(const auto study, open_named(session, arguments));
  TL_ASSIGN_OR_RETURN(tpe::Trial trial, study->running_trial(arguments.trial));
  TL_RETURN_IF_ERROR(trial.report(arguments.step, value));
  TL_ASSIGN_OR_RETURN(const bool prune, trial.should_prune());
  return print(session,
               {{"study", study->name()}, {"number", arguments.trial}, {"prune", prune}},
               prune ? "prune" : "continue");
}

}  // namespace thunderline::cli
