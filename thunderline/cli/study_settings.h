#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"
#include "thunderline/cerebros/tpe/study.h"
#include "thunderline/cli/command.h"

namespace CLI {
class App;
}

namespace thunderline::cli {

/// How a study searches, as far as a command line says it. What is not given comes from the study,
/// where it is kept as the system attribute "thunderline:study", else from the defaults.
struct StudyFlags {
  std::optional<std::string> direction;
  std::optional<std::string> sampler;
  std::optional<int> startup_trials;
  std::optional<std::string> pruner;
  std::optional<uint32_t> seed;
  std::optional<int> trials;  ///< The study's total of finished trials.
};

/// Adds --direction, --sampler, --startup-trials, --pruner and --seed.
void add_study_flags(Command command, StudyFlags& flags);

/// Adds --storage.
void add_storage_flag(Command command, std::optional<std::string>& storage);

/// The storage that `url` names, else HOME/studies.db. `create`: make the file (and the home
/// folder) where it is missing. Errors: those of `tpe::open_storage`.
Result<std::shared_ptr<cerebros::tpe::StudyStorage>> open_study_storage(
    const Session& session, const std::optional<std::string>& url, bool create);

/// What a study keeps of its search.
struct StudySettings {
  std::string sampler = "tpe";
  int startup_trials = 10;
  std::string pruner = "none";
  uint32_t seed = 0;
  std::optional<int> trials;
};

/// The settings of a study; nothing where the study keeps none (Optuna made it). Errors: kBadData.
Result<std::optional<StudySettings>> kept_settings(const cerebros::tpe::StudyRecord& record);

/// Makes a study with the flags' settings. Errors: kRefused when there is one of the name.
Result<std::unique_ptr<cerebros::tpe::Study>> create_study(
    std::shared_ptr<cerebros::tpe::StudyStorage> storage, const std::string& name,
    const StudyFlags& flags);

/// Goes on with a study. Given flags count for this process; the kept seed and direction must not
/// differ. Errors: kNotFound; kRefused for another seed or direction, and several objectives.
Result<std::unique_ptr<cerebros::tpe::Study>> open_study(
    std::shared_ptr<cerebros::tpe::StudyStorage> storage, const std::string& name,
    const StudyFlags& flags);

}  // namespace thunderline::cli
