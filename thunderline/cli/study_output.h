#pragma once

// For .cc files only: this header shows nlohmann::json, as json_util.h does.

#include <map>
#include <string>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"

namespace thunderline::cli {

/// A number; "NaN", "Infinity" or "-Infinity" where JSON has none.
OrderedJson number_json(double value);

/// Attributes, which are JSON texts, as an object; one that is broken stays a text.
OrderedJson attributes_json(const std::map<std::string, std::string>& attributes);

/// `{"number":…,"state":…,"value":…,"params":{…}}`; with several objectives "values" too.
OrderedJson trial_json(const cerebros::tpe::FrozenTrial& trial, bool with_state);

/// The above and all else that is known of the trial.
OrderedJson whole_trial_json(const cerebros::tpe::FrozenTrial& trial);

/// `{"study":…,"direction":…,"best":{…},"trials":[…]}`; with several objectives "directions" too, and
/// no best.
OrderedJson study_json(const cerebros::tpe::StudyRecord& record,
                       const std::vector<cerebros::tpe::TrialPtr>& trials);

/// The same for people: a table and the best trial.
std::string study_text(const cerebros::tpe::StudyRecord& record,
                       const std::vector<cerebros::tpe::TrialPtr>& trials);

/// "lr=0.1 units=64".
std::string params_text(const cerebros::tpe::Params& params);

/// The best trial; null without one and for studies with several objectives.
cerebros::tpe::TrialPtr best_trial(const cerebros::tpe::StudyRecord& record,
                                   const std::vector<cerebros::tpe::TrialPtr>& trials);

/// "minimize", or "minimize, maximize".
std::string directions_text(const cerebros::tpe::StudyRecord& record);

}  // namespace thunderline::cli
