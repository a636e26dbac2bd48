#include "thunderline/thunderchief/model_record.h"

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/param_json.h"

namespace thunderline::thunderchief {

ModelRecord make_record(const Challenger* challenger, const Evaluation& evaluation,
                        const std::optional<Error>& error, const StageSeconds& seconds,
                        uint64_t at_event) {
  ModelRecord record;
  record.at_event = at_event;
  record.seconds = seconds;
  record.decision = error ? "failed" : evaluation.deploy ? "deployed" : "refused";
  record.reason = error ? to_string(*error) : evaluation.reason;
  record.brier = evaluation.brier;
  record.auc = evaluation.auc;
  record.champion_value = evaluation.champion_value;
  record.challenger_value = evaluation.challenger_value;
  if (!evaluation.figures_json.empty()) record.figures_json = evaluation.figures_json;
  if (challenger != nullptr) {
    const auto& study = challenger->study;
    record.version = challenger->curriculum.version;
    record.trained_on = challenger->dataset->training.size();
    record.trials = static_cast<int>(study.trials.size());
    record.params_json = params_json(study.trials[static_cast<size_t>(study.best_trial)].params);
  }
  return record;
}

std::string params_json(const cerebros::tpe::Params& params) {
  return dump_json(cerebros::tpe::json_of(params));
}

std::string to_json(const ModelRecord& record) {
  OrderedJson json;
  json["version"] = record.version;
  json["trained_on"] = record.trained_on;
  json["trials"] = record.trials;
  json["params"] = OrderedJson::parse(record.params_json);
  json["brier"] = record.brier;
  json["auc"] = record.auc;
  json["champion_value"] = record.champion_value;
  json["challenger_value"] = record.challenger_value;
  json["decision"] = record.decision;
  json["rolled_back_at"] =
      record.rolled_back_at ? OrderedJson(*record.rolled_back_at) : OrderedJson();
  json["reason"] = record.reason;
  json["at_event"] = record.at_event;
  json["figures"] = OrderedJson::parse(record.figures_json);
  const StageSeconds& s = record.seconds;
  json["seconds"] = {{"collect", s.collect},   {"feature", s.feature},
                     {"tpe_train", s.tpe_train}, {"evaluate", s.evaluate},
                     {"export", s.export_model}, {"deploy", s.deploy}};
  return dump_json(json);
}

Result<ModelRecord> model_record_from_json(const std::string& text, const std::string& where) {
  // The order of the parameters is kept.
  TL_ASSIGN_OR_RETURN(const OrderedJson ordered, parse_ordered_json(text, where));
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  ModelRecord record;
  TL_ASSIGN_OR_RETURN(const int64_t version, json_integer(json, "version", where));
  record.version = static_cast<int>(version);
  TL_ASSIGN_OR_RETURN(const int64_t trained_on, json_integer(json, "trained_on", where));
  record.trained_on = static_cast<uint64_t>(trained_on);
  TL_ASSIGN_OR_RETURN(const int64_t trials, json_integer(json, "trials", where));
  record.trials = static_cast<int>(trials);
  TL_ASSIGN_OR_RETURN(record.brier, json_number(json, "brier", where));
  TL_ASSIGN_OR_RETURN(record.auc, json_number(json, "auc", where));
  TL_ASSIGN_OR_RETURN(record.champion_value, json_number(json, "champion_value", where));
  TL_ASSIGN_OR_RETURN(record.challenger_value, json_number(json, "challenger_value", where));
  TL_ASSIGN_OR_RETURN(record.decision, json_string(json, "decision", where));
  TL_ASSIGN_OR_RETURN(record.reason, json_string(json, "reason", where));
  TL_ASSIGN_OR_RETURN(const int64_t at_event, json_integer(json, "at_event", where));
  record.at_event = static_cast<uint64_t>(at_event);
  if (!ordered.contains("params") || !ordered.contains("figures") || !json.contains("seconds")) {
    return fail(ErrorCode::kBadData, "params, figures or seconds are missing", where);
  }
  record.params_json = dump_json(ordered["params"]);
  record.figures_json = dump_json(ordered["figures"]);
  const Json& seconds = json["seconds"];
  const struct {
    const char* name;
    double& value;
  } stages[] = {{"collect", record.seconds.collect},     {"feature", record.seconds.feature},
                {"tpe_train", record.seconds.tpe_train}, {"evaluate", record.seconds.evaluate},
                {"export", record.seconds.export_model}, {"deploy", record.seconds.deploy}};
  for (const auto& stage : stages) {
    TL_ASSIGN_OR_RETURN(stage.value, json_number(seconds, stage.name, where));
  }
  return record;
}

}  // namespace thunderline::thunderchief
