#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/distribution.h"
#include "thunderline/thunderchief/orchestrator/messages.h"

namespace thunderline::thunderchief {

/// What became of one training: a line of the report, and an event of the log.
struct ModelRecord {
  int version = 0;
  uint64_t trained_on = 0;  ///< Rows.
  int trials = 0;
  std::string params_json = "{}";  ///< Of the best trial.
  double brier = 0.0;
  double auc = 0.0;
  double champion_value = 0.0;
  double challenger_value = 0.0;
  std::string decision;  ///< "deployed", "refused" or "failed".
  std::string reason;
  std::string figures_json = "{}";
  uint64_t at_event = 0;  ///< Events that had come in.
  std::optional<uint64_t> rolled_back_at;
  StageSeconds seconds;
};

/// A record of a challenger, which may be null when there was none.
ModelRecord make_record(const Challenger* challenger, const Evaluation& evaluation,
                        const std::optional<Error>& error, const StageSeconds& seconds,
                        uint64_t at_event);

std::string to_json(const ModelRecord& record);
/// Errors: kBadData naming `where` and the field.
Result<ModelRecord> model_record_from_json(const std::string& text, const std::string& where);

/// Parameters as a JSON object.
std::string params_json(const cerebros::tpe::Params& params);

}  // namespace thunderline::thunderchief
