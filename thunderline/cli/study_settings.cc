#include "thunderline/cli/study_settings.h"

#include <utility>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cli/pruner_flag.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

constexpr const char* kAttribute = "thunderline:study";

std::string json_of(const StudySettings& settings) {
  OrderedJson json = {{"sampler", settings.sampler},
                      {"startup_trials", settings.startup_trials},
                      {"pruner", settings.pruner},
                      {"seed", settings.seed}};
  if (settings.trials) json["trials"] = *settings.trials;
  return dump_json(json);
}

Status keep(tpe::StudyStorage& storage, int64_t study, const StudySettings& settings) {
  return storage.set_study_attribute(study, tpe::AttributeOwner::kSystem, kAttribute,
                                     json_of(settings));
}

void apply(const StudyFlags& flags, StudySettings& settings) {
  settings.sampler = flags.sampler.value_or(settings.sampler);
  settings.startup_trials = flags.startup_trials.value_or(settings.startup_trials);
  settings.pruner = flags.pruner.value_or(settings.pruner);
  settings.seed = flags.seed.value_or(settings.seed);
  if (flags.trials) settings.trials = flags.trials;
}

Result<tpe::Study::Options> options_of(std::shared_ptr<tpe::StudyStorage> storage,
                                       const std::string& name, const StudySettings& settings) {
  tpe::Study::Options options;
  options.name = name;
  options.seed = settings.seed;
  options.storage = std::move(storage);
  tpe::SamplerOptions sampler;
  sampler.startup_trials = settings.startup_trials;
  TL_ASSIGN_OR_RETURN(options.sampler, tpe::make_sampler(settings.sampler, sampler));
  TL_ASSIGN_OR_RETURN(options.pruner, parse_pruner(settings.pruner));
  return options;
}

Status check_unchanged(const tpe::StudyRecord& record, const StudyFlags& flags,
                       const std::optional<StudySettings>& kept) {
  const std::string direction = tpe::direction_name(record.direction);
  if (flags.direction && *flags.direction != direction) {
    return fail(ErrorCode::kRefused, "the study's direction is " + direction, record.name,
                "leave --direction out, or choose another name");
  }
  if (kept && flags.seed && *flags.seed != kept->seed) {
    return fail(ErrorCode::kRefused, "the study's seed is " + std::to_string(kept->seed),
                record.name, "leave --seed out, or choose another name");
  }
  return {};
}

}  // namespace

void add_study_flags(Command command, StudyFlags& flags) {
  command.add_option("--direction", flags.direction, "minimize (default) or maximize")
      .one_of({"minimize", "maximize"});
  command.add_option("--sampler", flags.sampler, "tpe (default), tpe-univariate or random")
      .one_of({"tpe", "tpe-univariate", "random"});
  command.add_option("--startup-trials", flags.startup_trials, "Random trials at first (10)")
      .range(0, 1'000'000);
  command
      .add_option("--pruner", flags.pruner,
                  "none (default), median, percentile, asha, hyperband, threshold or patient, "
                  "key=value…")
      .type_name("NAME[,KEY=VALUE…]");
  command.add_option("--seed", flags.seed, "0 to 4294967295 (else from the system)");
}

void add_storage_flag(Command command, std::optional<std::string>& storage) {
  command.add_option("--storage", storage, "sqlite:///FILE.db or memory (HOME/studies.db)")
      .type_name("URL");
}

Result<std::shared_ptr<tpe::StudyStorage>> open_study_storage(const Session& session,
                                                              const std::optional<std::string>& url,
                                                              bool create) {
  if (url) return tpe::open_storage(*url, session.clock, create);
  if (create) TL_RETURN_IF_ERROR(session.files.create_folders(session.home));
  return tpe::open_storage("sqlite:///" + session.home + "/studies.db", session.clock, create);
}

Result<std::optional<StudySettings>> kept_settings(const tpe::StudyRecord& record) {
  const auto it = record.system_attributes.find(kAttribute);
  if (it == record.system_attributes.end()) return std::nullopt;
  const std::string where = "study " + record.name + ", attribute " + kAttribute;
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(it->second, where));
  StudySettings settings;
  TL_ASSIGN_OR_RETURN(settings.sampler, json_string(json, "sampler", where));
  TL_ASSIGN_OR_RETURN(settings.pruner, json_string(json, "pruner", where));
  TL_ASSIGN_OR_RETURN(const int64_t startup, json_integer(json, "startup_trials", where));
  TL_ASSIGN_OR_RETURN(const int64_t seed, json_integer(json, "seed", where));
  settings.startup_trials = static_cast<int>(startup);
  settings.seed = static_cast<uint32_t>(seed);
  if (json.contains("trials")) {
    TL_ASSIGN_OR_RETURN(const int64_t trials, json_integer(json, "trials", where));
    settings.trials = static_cast<int>(trials);
  }
  return settings;
}

Result<std::unique_ptr<tpe::Study>> create_study(std::shared_ptr<tpe::StudyStorage> storage,
                                                 const std::string& name, const StudyFlags& flags) {
  StudySettings settings;
  settings.seed = static_cast<uint32_t>(entropy_seed());
  apply(flags, settings);
  TL_ASSIGN_OR_RETURN(tpe::Study::Options options, options_of(storage, name, settings));
  options.direction =
      flags.direction == "maximize" ? tpe::Direction::kMaximize : tpe::Direction::kMinimize;
  std::unique_ptr<tpe::Study> study;
  Status done = storage->atomically([&]() -> Status {
    TL_ASSIGN_OR_RETURN(study, tpe::Study::create(std::move(options)));
    return keep(*storage, study->storage_id(), settings);
  });
  TL_RETURN_IF_ERROR(std::move(done));
  return study;
}

Result<std::unique_ptr<tpe::Study>> open_study(std::shared_ptr<tpe::StudyStorage> storage,
                                               const std::string& name, const StudyFlags& flags) {
  TL_ASSIGN_OR_RETURN(const tpe::StudyRecord record, storage->find_study(name));
  TL_ASSIGN_OR_RETURN(const std::optional<StudySettings> kept, kept_settings(record));
  TL_RETURN_IF_ERROR(check_unchanged(record, flags, kept));
  StudySettings settings = kept.value_or(StudySettings{});
  if (!kept) settings.seed = static_cast<uint32_t>(entropy_seed());
  apply(flags, settings);
  TL_ASSIGN_OR_RETURN(tpe::Study::Options options, options_of(storage, name, settings));
  TL_ASSIGN_OR_RETURN(auto study, tpe::Study::open(std::move(options)));
  // A study that Optuna made gets its seed here; a new total is for the workers to see.
  if (!kept || (flags.trials && flags.trials != kept->trials)) {
    StudySettings renewed = kept.value_or(settings);
    renewed.trials = settings.trials;
    TL_RETURN_IF_ERROR(keep(*storage, record.id, renewed));
  }
  return study;
}

}  // namespace thunderline::cli
