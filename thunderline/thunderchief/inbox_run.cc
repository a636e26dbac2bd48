#include "thunderline/thunderchief/inbox_run.h"

#include <algorithm>
#include <set>
#include <thread>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/ml/model_repository.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"
#include "thunderline/thunderchief/governance/run_governance.h"
#include "thunderline/thunderchief/orchestrator/training_room.h"
#include "thunderline/thunderchief/plan_desk.h"
#include "thunderline/worlds/inbox/heuristic.h"
#include "thunderline/worlds/inbox/inbox_world.h"

namespace thunderline::thunderchief {
namespace {

using thunderbolt::FeatureSchema;
using thunderbolt::FeatureSchemaRef;

constexpr const char* kModel = "agent_scoring";

/// What the home remembers of the run in it.
struct Manifest {
  std::string run_id;
  int64_t started_ms = 0;
  std::string settings_json;
};

std::string manifest_path(const std::string& home) { return join_path(home, "run.json"); }

Result<Manifest> read_manifest(FileSystem& files, const std::string& home) {
  const std::string path = manifest_path(home);
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, path));
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, path));
  Manifest manifest;
  TL_ASSIGN_OR_RETURN(manifest.run_id, json_string(json, "run_id", path));
  TL_ASSIGN_OR_RETURN(manifest.started_ms, json_integer(json, "started_unix_ms", path));
  if (!json.contains("settings")) {
    return fail(ErrorCode::kBadData, "the field \"settings\" is missing", path);
  }
  TL_ASSIGN_OR_RETURN(const RunSettings settings,
                      run_settings_from_json(dump_json(json["settings"]), path));
  manifest.settings_json = to_json(settings);
  return manifest;
}

Result<Manifest> write_manifest(FileSystem& files, const Clock& clock, const std::string& home,
                                const std::string& settings_json) {
  Manifest manifest;
  manifest.started_ms = clock.unix_ms();
  manifest.run_id = UuidGenerator(entropy_seed()).next(manifest.started_ms).to_string();
  manifest.settings_json = settings_json;
  OrderedJson json;
  json["format"] = 1;
  json["world"] = "inbox";
  json["run_id"] = manifest.run_id;
  json["started_unix_ms"] = manifest.started_ms;
  json["settings"] = OrderedJson::parse(settings_json);
  TL_RETURN_IF_ERROR(
      write_file_atomically(files, manifest_path(home), dump_json(json, 1) + "\n"));
  return manifest;
}

/// Moves everything in the home to `archive/<time>`, but for older archives and the lock.
Status put_aside(FileSystem& files, const Clock& clock, const std::string& home) {
  TL_ASSIGN_OR_RETURN(const auto entries, files.list(home));
  const std::string target =
      join_path(home, "archive/" + std::to_string(clock.unix_ms()));
  for (const DirEntry& entry : entries) {
    if (entry.name == "archive" || entry.name == "LOCK") continue;
    TL_RETURN_IF_ERROR(files.create_folders(target));
    TL_RETURN_IF_ERROR(files.rename(join_path(home, entry.name), join_path(target, entry.name)));
  }
  return files.sync_folder(home);
}

Result<Manifest> open_home(const InboxRunOptions& options, FileSystem& files, const Clock& clock) {
  const std::string settings = to_json(options.settings);
  if (options.fresh) TL_RETURN_IF_ERROR(put_aside(files, clock, options.home));
  if (!files.exists(manifest_path(options.home))) {
    if (files.exists(join_path(options.home, "log"))) {
      return fail(ErrorCode::kRefused, "the home has a log but no run.json that says of what run",
                  options.home, "begin anew with --fresh, or take another --home");
    }
    return write_manifest(files, clock, options.home, settings);
  }
  TL_ASSIGN_OR_RETURN(Manifest manifest, read_manifest(files, options.home));
  if (manifest.settings_json != settings) {
    return fail(ErrorCode::kRefused, "the home holds a run with other settings",
                manifest_path(options.home),
                "give the same flags to go on with it, --fresh to put it aside, or another --home");
  }
  return manifest;
}

/// Removes model versions that the log does not know to be deployed: left by a run that was killed
/// between storing a model and logging its deployment. That training is done again.
Status drop_unlogged_models(FileSystem& files, thunderbolt::TrajectoryLogger& log,
                            const thunderbolt::ModelRepository& repository) {
  std::set<int64_t> deployed;
  thunderbolt::ReplayOptions events;
  events.kinds = {thunderbolt::RecordKind::kEvent};
  TL_RETURN_IF_ERROR(log.replay(events, [&](uint64_t, const thunderbolt::LogRecord& record) {
    const auto& event = std::get<thunderbolt::LogEvent>(record);
    const auto parsed = model_record_from_json(event.json, event.kind);
    if (parsed && parsed->decision == "deployed") deployed.insert(parsed->version);
    return Status{};
  }));
  const auto versions = repository.versions(kModel);
  if (!versions) return {};  // No model was ever stored.
  for (const int64_t version : *versions) {
    if (deployed.contains(version)) continue;
    TL_RETURN_IF_ERROR(files.remove_tree(repository.folder(kModel, version)));
  }
  return files.sync_folder(repository.folder(kModel));
}

/// Carries deployment events to whoever watches the bus.
class BusSink final : public thunderbolt::DeployEventSink {
 public:
  explicit BusSink(thunderflow::EventBus& bus) : bus_(bus) {}
  void publish(const thunderbolt::DeployEvent& event) override {
    (void)bus_.publish(thunderflow::Topic<thunderbolt::DeployEvent>{event.name}, event);
  }

 private:
  thunderflow::EventBus& bus_;
};

std::shared_ptr<const Scorer> make_heuristic() {
  const auto rule = [](std::span<const float> row) {
    std::array<float, worlds::kChannels> channels;
    std::copy_n(row.begin() + thunderbolt::kFirstChannelFeature, channels.size(),
                channels.begin());
    return worlds::inbox::heuristic_score(channels);
  };
  return std::make_shared<HeuristicScorer>(rule,
                                           static_cast<int64_t>(thunderbolt::kFeatureCount));
}

RewardValues reward_values(const worlds::RewardTable& table) {
  return {table.deliver_ham, table.deliver_spam, table.quarantine_ham, table.quarantine_spam};
}

/// The parts of one run, made in the order in which they need one another.
class Run {
 public:
  Run(const InboxRunOptions& options, FileSystem& files, const Clock& clock)
      : options_(options), files_(files), clock_(clock), bus_(clock), events_(bus_) {}

  ~Run() {
    if (observed_) options_.observer->closed();
  }

  Status open();
  Result<RunReport> drive(const std::function<void(const RunProgress&)>& on_progress,
                          const std::stop_token& stop);

 private:
  Status open_models();
  Status open_plans();
  Status make_agents();
  Status make_loop();
  Status watch_messages(RunProgress& progress);
  void let_observe();
  Result<RunReport> report(double seconds) const;
  double threshold() const { return options_.settings.world.reward.threshold(); }

  const InboxRunOptions& options_;
  FileSystem& files_;
  const Clock& clock_;
  Manifest manifest_;
  std::unique_ptr<FileLock> lock_;
  worlds::inbox::Inbox inbox_;
  std::shared_ptr<worlds::inbox::InboxLedger> ledger_;
  std::unique_ptr<worlds::inbox::InboxWorld> world_;
  std::unique_ptr<thunderbolt::LogTrajectoryLogger> log_;
  std::optional<RunRecorder> recorder_;
  std::unique_ptr<thunderbolt::LogTrajectoryLogger> plan_log_;
  std::unique_ptr<PlanDesk> plans_;
  thunderflow::EventBus bus_;
  std::unique_ptr<RunGovernance> governance_;
  BusSink events_;
  FeatureSchemaRef schema_;
  std::optional<thunderbolt::ModelRepository> repository_;
  std::optional<thunderbolt::RepositoryLoader> loader_;
  std::optional<thunderbolt::ModelServer> server_;
  std::optional<thunderbolt::ModelDeployer> deployer_;
  std::shared_ptr<const Scorer> heuristic_ = make_heuristic();
  std::shared_ptr<PlannerState> planner_;
  std::unique_ptr<protocol::SqliteRequestStore> requests_;
  std::unique_ptr<TrialStore> trials_;
  std::optional<Trainer> trainer_;
  std::optional<Evaluator> evaluator_;
  std::optional<Exporter> exporter_;
  std::optional<TrainingRoom> agents_;
  std::unique_ptr<DecisionLoop> loop_;
  std::optional<thunderflow::Subscription<Message>> watched_;
  bool observed_ = false;
};

Status Run::open() {
  TL_RETURN_IF_ERROR(files_.create_folders(options_.home));
  TL_ASSIGN_OR_RETURN(lock_, files_.lock(join_path(options_.home, "LOCK")));
  TL_ASSIGN_OR_RETURN(
      inbox_, worlds::inbox::open_inbox(files_, options_.corpus_folder, options_.settings.world));
  TL_ASSIGN_OR_RETURN(manifest_, open_home(options_, files_, clock_));
  ledger_ = worlds::inbox::make_ledger(inbox_.replay);
  world_ = std::make_unique<worlds::inbox::InboxWorld>(inbox_.replay, ledger_);

  thunderbolt::LogTrajectoryOptions log;
  log.folder = join_path(options_.home, "log");
  TL_ASSIGN_OR_RETURN(log_, thunderbolt::LogTrajectoryLogger::open(files_, clock_, log));
  TL_ASSIGN_OR_RETURN(recorder_, RunRecorder::create(*log_));
  TL_ASSIGN_OR_RETURN(
      governance_, RunGovernance::open({options_.home, manifest_.run_id, kModel,
                                        options_.settings.gate},
                                       files_, clock_, *recorder_, bus_));
  TL_RETURN_IF_ERROR(open_models());
  TL_RETURN_IF_ERROR(open_plans());
  TL_RETURN_IF_ERROR(make_agents());
  return make_loop();
}

Status Run::open_models() {
  TL_ASSIGN_OR_RETURN(const FeatureSchema schema,
                      FeatureSchema::v1(world_->spec().channel_names));
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(schema.hash()));
  schema_ = {schema.version(), static_cast<int64_t>(schema.width()), hash};
  repository_.emplace(files_, join_path(options_.home, "models"));
  TL_RETURN_IF_ERROR(drop_unlogged_models(files_, *log_, *repository_));
  loader_.emplace(*repository_, thunderbolt::LoadOptions{}, clock_);
  server_.emplace(*loader_, thunderbolt::ModelServer::Options{});
  thunderbolt::ModelDeployer::Options deploy;
  deploy.required_schema = schema_;
  deployer_.emplace(*repository_, *server_, events_, clock_, deploy);
  return {};
}

/// The steps of the plans' chiefs have a log of their own: when an agent's message comes is not the
/// same in every run, and the run's log must be.
Status Run::open_plans() {
  thunderbolt::LogTrajectoryOptions log;
  log.folder = join_path(options_.home, "plan_log");
  TL_ASSIGN_OR_RETURN(plan_log_, thunderbolt::LogTrajectoryLogger::open(files_, clock_, log));
  TL_ASSIGN_OR_RETURN(plans_, PlanDesk::open(join_path(options_.home, "state.db"), clock_,
                                             [this](const thunderbolt::ChiefStep& step) {
                                               return plan_log_->log_chief_step(step);
                                             }));
  return {};
}

/// They begin when the loop has caught up with its log.
Status Run::make_agents() {
  const RunSettings& settings = options_.settings;
  const std::string state = join_path(options_.home, "state.db");
  Curriculum plan;
  plan.model = kModel;
  plan.training = settings.training;
  plan.hold_out = settings.hold_out;
  planner_ = std::make_shared<PlannerState>(settings.schedule, plan, settings.world.seed);
  TL_ASSIGN_OR_RETURN(requests_, protocol::SqliteRequestStore::open(state));
  TL_ASSIGN_OR_RETURN(trials_, TrialStore::open(state));

  Trainer::Options trainer;
  trainer.state_width = schema_.width;
  trainer.table = settings.world.reward;
  trainer_.emplace(trainer, *log_, *trials_, clock_);
  const auto champion = [this]() -> Result<std::shared_ptr<const Scorer>> {
    auto live = server_->acquire(kModel);
    if (!live) return heuristic_;  // No model is live yet.
    return std::make_shared<ModelScorer>(*std::move(live));
  };
  evaluator_.emplace(
      Evaluator::Options{reward_values(settings.world.reward), governance_->rule()}, champion);
  exporter_.emplace(Exporter::Options{kModel, schema_}, *deployer_, clock_);

  TrainingRoom::Options room;
  room.model = kModel;
  room.cores = settings.training.jobs;
  room.cancelled = [this](const Curriculum& curriculum) {
    return plans_->cancelled(curriculum.model, curriculum.version);
  };
  agents_.emplace(room, TrainingRoom::Parts{*requests_, *trainer_, *evaluator_, *exporter_, *deployer_,
                                            bus_, clock_});
  return {};
}

Status Run::make_loop() {
  const RunSettings& settings = options_.settings;
  DecisionLoop::Options options;
  options.seed = settings.world.seed;
  options.start_ms = manifest_.started_ms;
  options.wait_for_gate = options_.rate <= 0;
  options.rule = {threshold(), settings.epsilon};
  options.chief.strategy = settings.strategy;
  options.chief.energy_per_tick = settings.world.energy_per_tick;
  options.chief.energy_cap = settings.world.energy_cap;
  options.chief.energy_cost = settings.world.energy_cost;
  options.chief.checkpoint_every_ticks = settings.checkpoint_every_ticks;
  options.chief.checkpoint_path = join_path(options_.home, "field.json");
  options.model = kModel;
  DecisionLoop::Parts parts{*world_, *ledger_,  *recorder_, *server_, *deployer_,
                            bus_,    *planner_, files_,     *agents_,
                            *governance_};
  TL_ASSIGN_OR_RETURN(loop_, DecisionLoop::create(options, std::move(parts), heuristic_));
  TL_RETURN_IF_ERROR(loop_->conductor().register_chief(governance_->make_chief()));
  TL_ASSIGN_OR_RETURN(auto watched, bus_.subscribe(kOrchestratorTopic));
  watched_.emplace(std::move(watched));
  return {};
}

Status Run::watch_messages(RunProgress& progress) {
  while (auto event = watched_->try_pop()) {
    const Message& message = **event;
    TL_RETURN_IF_ERROR(plans_->follow(message));
    if (const auto* training = std::get_if<TrainingProgress>(&message)) {
      progress.trial = training->trial;
      progress.trials = training->trials;
      progress.best_val_loss = training->best;
    } else if (std::holds_alternative<TrainingStarted>(message)) {
      progress.stage = "tpe + train";
      progress.trial = 0;
    } else if (std::holds_alternative<TrainingFinished>(message)) {
      progress.stage = "evaluate";
    } else if (const auto* complete = std::get_if<EvaluationComplete>(&message)) {
      const std::string& held = complete->evaluation.held_request;
      if (!held.empty()) progress.stage = "waits for: thunderline policies approve " + held;
    } else if (std::holds_alternative<ExportRequest>(message)) {
      progress.stage = "export";
    } else if (std::holds_alternative<DeployApproved>(message)) {
      progress.stage = "deploy";
    } else if (std::holds_alternative<ModelDeployed>(message) ||
               std::holds_alternative<ChallengerDropped>(message)) {
      progress.stage = "collect";
      progress.trials = 0;
    }
  }
  TL_RETURN_IF_ERROR(plans_->follow(kModel, loop_->state().models));
  TL_RETURN_IF_ERROR(plans_->tick());
  agents_->cancel_unwanted();
  return {};
}

void Run::let_observe() {
  if (options_.observer == nullptr) return;
  options_.observer->opened({manifest_.run_id, "inbox", options_.settings.world.seed, options_.rate,
                             inbox_.replay.size(), bus_, *log_, *loop_, loop_->conductor(),
                             [this] { return agents_->agents(); },
                             join_path(options_.home, "state.db"),
                             [this](const ModelWish& wish) { return loop_->ask_for_model(wish); }});
  observed_ = true;
}

Result<RunReport> Run::drive(const std::function<void(const RunProgress&)>& on_progress,
                             const std::stop_token& stop) {
  const auto start = clock_.now();
  RunProgress progress;
  progress.stage = "collect";
  progress.events_in_all = inbox_.replay.size();
  Status plans;
  const auto show = [&] {
    if (plans) plans = watch_messages(progress);
    progress.loop = loop_->state();
    progress.recovering = recorder_->recovering();
    on_progress(progress);
    if (observed_) options_.observer->advanced(progress);
  };
  let_observe();
  loop_->on_wait(show);
  const auto one_tick = [&]() -> Result<bool> {
    show();
    TL_RETURN_IF_ERROR(plans);
    return loop_->tick(stop);
  };
  const Status done = loop_->conductor().run(options_.rate, one_tick, stop);
  // What was decided is kept, also when the run ends early.
  TL_RETURN_IF_ERROR(log_->flush());
  TL_RETURN_IF_ERROR(done);
  show();
  TL_RETURN_IF_ERROR(plans);
  auto report = this->report(std::chrono::duration<double>(clock_.now() - start).count());
  if (report && observed_) options_.observer->finished(*report);
  return report;
}

Result<RunReport> Run::report(double seconds) const {
  RunReport report;
  report.run_id = manifest_.run_id;
  report.seed = options_.settings.world.seed;
  report.figures = worlds::inbox::make_report(inbox_.replay, *ledger_);
  report.loop = loop_->state();
  TL_ASSIGN_OR_RETURN(const thunderbolt::LogStats stats, log_->stats());
  report.steps_logged = stats.records.steps;
  report.skipped = worlds::inbox::group_by_reason(inbox_.skipped);
  report.total_seconds = seconds;
  report.ledger = ledger_;
  report.replay = inbox_.replay;
  return report;
}

OrderedJson figures_json(const worlds::inbox::PolicyFigures& figures) {
  return {{"mean", figures.mean}, {"mean_tail", figures.mean_tail}};
}

}  // namespace

std::string RunReport::to_json() const {
  OrderedJson json;
  json["world"] = "inbox";
  json["seed"] = seed;
  json["run_id"] = run_id;
  json["events"] = figures.events;
  json["decisions"] = figures.decisions;
  json["forced"] = figures.forced;
  json["steps_logged"] = steps_logged;
  json["ticks"] = loop.ticks;
  json["reward"] = figures_json(figures.reward);
  json["reward"]["tail_fraction"] = worlds::inbox::kTailFraction;
  json["baseline"] = {{"name", "heuristic"}};
  json["baseline"].update(figures_json(figures.baseline));
  json["references"] = {{"deliver_all", figures_json(figures.deliver_all)},
                        {"oracle", figures_json(figures.oracle)}};
  json["uplift_tail"] = {{"mean", figures.uplift_tail.mean},
                         {"ci95", {figures.uplift_tail.low, figures.uplift_tail.high}}};
  const auto& quality = figures.quality_tail;
  json["quality_tail"] = {{"auc", quality.auc},
                          {"brier", quality.brier},
                          {"caught", quality.caught},
                          {"lost", quality.lost},
                          {"caught_at_half_percent", quality.caught_at_half_percent}};
  json["skipped"] = OrderedJson::array();
  for (const auto& group : skipped) {
    json["skipped"].push_back({{"count", group.count}, {"reason", group.reason}});
  }
  json["models"] = OrderedJson::array();
  StageSeconds seconds;
  for (const ModelRecord& record : loop.models) {
    OrderedJson model = OrderedJson::parse(thunderchief::to_json(record));
    model.erase("seconds");
    json["models"].push_back(std::move(model));
    seconds.collect += record.seconds.collect;
    seconds.feature += record.seconds.feature;
    seconds.tpe_train += record.seconds.tpe_train;
    seconds.evaluate += record.seconds.evaluate;
    seconds.export_model += record.seconds.export_model;
    seconds.deploy += record.seconds.deploy;
  }
  json["degradation"] = OrderedJson::array();
  for (const DegradationAlarm& alarm : loop.degradation) {
    json["degradation"].push_back({{"at_event", alarm.at_event}, {"statistic", alarm.statistic}});
  }
  json["observables"] = OrderedJson::parse(observables_json(loop.observables, loop.alarms));
  json["seconds"] = {{"total", total_seconds},          {"collect", seconds.collect},
                     {"feature", seconds.feature},      {"tpe_train", seconds.tpe_train},
                     {"evaluate", seconds.evaluate},    {"export", seconds.export_model},
                     {"deploy", seconds.deploy}};
  return dump_json(json, 1);
}

Result<RunReport> run_inbox(const InboxRunOptions& options, FileSystem& files, const Clock& clock,
                            const std::function<void(const RunProgress&)>& on_progress,
                            const std::stop_token& stop) {
  Run run(options, files, clock);
  TL_RETURN_IF_ERROR(run.open());
  return run.drive(on_progress, stop);
}

}  // namespace thunderline::thunderchief
