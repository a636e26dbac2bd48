#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/service/agent_trainer.h"
#include "thunderline/thunderchief/bit_chief.h"
#include "thunderline/thunderchief/evaluation/gate.h"
#include "thunderline/thunderchief/orchestrator/training_schedule.h"
#include "thunderline/worlds/inbox/inbox_replay.h"

namespace thunderline::thunderchief {

/// Everything that decides what a run on the inbox does. The defaults are those of the world's
/// definition. `--set KEY=VALUE`, the configuration file and run.json know each by its dotted name.
struct RunSettings {
  worlds::inbox::InboxOptions world;
  double epsilon = 0.02;
  ActivationStrategy strategy = ActivationStrategy::kScore;
  int64_t checkpoint_every_ticks = 0;
  TrainingSchedule::Options schedule;
  cerebros::service::AgentTrainerOptions training;  ///< `jobs` decides nothing and is not kept.
  size_t hold_out = 400;
  GateOptions gate;
};

/// Sets one setting from its text. Errors: kInvalidArgument for an unknown key (it lists the known
/// ones) or a value of the wrong type or out of range.
Status set_setting(RunSettings& settings, const std::string& key, const std::string& value);

/// The dotted names, in order.
std::vector<std::string> setting_keys();

/// All settings as one JSON object by dotted name, and back. Errors: as `set_setting`.
std::string to_json(const RunSettings& settings);
Result<RunSettings> run_settings_from_json(const std::string& text, const std::string& where);

}  // namespace thunderline::thunderchief
