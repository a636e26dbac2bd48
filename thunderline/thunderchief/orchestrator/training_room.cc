#include "thunderline/thunderchief/orchestrator/training_room.h"

#include "thunderline/thunderchief/orchestrator/stopwatch.h"

namespace thunderline::thunderchief {

using protocol::AskRecord;
using protocol::JobContext;
using protocol::JobResult;
using protocol::Phase;
using protocol::RequestKind;
using protocol::Role;

namespace {

/// Longer than any training or answer to a hold takes: those have ends of their own.
constexpr int64_t kTrainingDeadlineMs = int64_t{365} * 24 * 3600 * 1000;
constexpr int64_t kRollbackDeadlineMs = 60'000;

/// Between two signs of life of who waits. Well below the supervisor's `hang_after`.
constexpr std::chrono::milliseconds kLook{250};

}  // namespace

TrainingRoom::~TrainingRoom() {
  std::shared_ptr<protocol::AgentRoom> closing;  // Goes outside the lock: jobs that end take it.
  MutexLock lock(mutex_);
  closing.swap(room_);
}

std::shared_ptr<protocol::AgentRoom> TrainingRoom::room() const {
  MutexLock lock(mutex_);
  return room_;
}

Result<uint64_t> TrainingRoom::begin(const protocol::LogFacts& facts,
                                     const std::optional<Curriculum>& in_flight) {
  TL_ASSIGN_OR_RETURN(const protocol::Snapshot stored, parts_.store.load());
  const protocol::Changes changes = follow_log(stored, facts, parts_.clock.unix_ms());
  if (!changes.empty()) TL_RETURN_IF_ERROR(parts_.store.commit(changes));

  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    live_ = facts.live.empty() ? 0 : facts.live.back();
    for (const auto& [known, ask] : stored.asks) last_id_ = std::max(last_id_, known);
    for (const auto& [known, ask] : stored.asks) {
      const bool goes_on = in_flight && ask.kind == RequestKind::kTrain && !is_end(ask.end) &&
                           ask.model == facts.model && ask.version == in_flight->version;
      if (!goes_on) continue;
      id = known;
      benches_[id].curriculum = *in_flight;  // Before its work can begin.
    }
  }
  protocol::AgentRoom::Options options;
  options.trainer_cores = options_.cores;
  protocol::AgentRoom::Deeds deeds;
  deeds.work = [this](Role role, const JobContext& context) { return do_job(role, context); };
  deeds.activate = [this](const protocol::LiveRecord& live) { return activate(live); };
  deeds.on_ended = [this](const AskRecord& ask) { on_ended(ask); };
  TL_ASSIGN_OR_RETURN(
      std::shared_ptr<protocol::AgentRoom> room,
      protocol::AgentRoom::start(parts_.store, parts_.clock, std::move(deeds), options));
  {
    MutexLock lock(mutex_);
    room_ = std::move(room);
  }
  if (!in_flight || id != 0) return id;
  return train(*in_flight);
}

uint64_t TrainingRoom::add(Bench bench) {
  MutexLock lock(mutex_);
  benches_[++last_id_] = std::move(bench);
  return last_id_;
}

Result<uint64_t> TrainingRoom::train(const Curriculum& curriculum) {
  Bench bench;
  bench.curriculum = curriculum;
  bench.cancelled = options_.cancelled && options_.cancelled(curriculum);
  const bool cancelled = bench.cancelled;
  const uint64_t id = add(std::move(bench));
  say(TrainingRequest{id, curriculum});
  AskRecord ask;
  ask.id = id;
  ask.model = options_.model;
  ask.version = curriculum.version;
  ask.deadline_ms = parts_.clock.unix_ms() + kTrainingDeadlineMs;
  ask.cores = options_.cores;
  TL_RETURN_IF_ERROR(room()->ask(ask));
  if (cancelled) TL_RETURN_IF_ERROR(room()->cancel(id));
  return id;
}

void TrainingRoom::cancel_unwanted() {
  if (!options_.cancelled) return;
  MutexLock lock(mutex_);
  for (auto& [id, bench] : benches_) {
    const bool studies = !bench.rollback && !bench.ended && bench.challenger == nullptr;
    if (!studies || bench.cancelled || !room_ || !options_.cancelled(bench.curriculum)) continue;
    bench.cancelled = room_->cancel(id).has_value();
  }
}

void TrainingRoom::resolve_hold(const HoldResolved& resolved) {
  MutexLock lock(mutex_);
  const auto found = benches_.find(resolved.id);
  if (found == benches_.end()) return;
  found->second.answer = resolved;
  changed_.notify_all();
}

bool TrainingRoom::claim_deploy(uint64_t id) {
  MutexLock lock(mutex_);
  Bench& bench = benches_[id];
  bench.claimed = !bench.cancelled && !bench.ended;
  return bench.claimed;
}

Result<double> TrainingRoom::deploy(uint64_t id) {
  Stopwatch watch(parts_.clock);
  say(DeployApproved{id, copy(id).curriculum.version});
  {
    MutexLock lock(mutex_);
    benches_[id].approved = true;
    changed_.notify_all();
  }
  TL_RETURN_IF_ERROR(await_end(id));
  return watch.lap();
}

Status TrainingRoom::roll_back(int version, const std::string& reason) {
  Bench bench;
  bench.rollback = true;
  const uint64_t id = add(std::move(bench));
  {
    MutexLock lock(mutex_);
    rollback_reason_ = reason;
  }
  AskRecord ask;
  ask.id = id;
  ask.kind = RequestKind::kRollback;
  ask.model = options_.model;
  ask.version = version == 0 ? protocol::kNoVersion : version;
  ask.deadline_ms = parts_.clock.unix_ms() + kRollbackDeadlineMs;
  TL_RETURN_IF_ERROR(room()->ask(ask));
  TL_RETURN_IF_ERROR(await_end(id));
  return {};
}

Result<TrainingRoom::Bench> TrainingRoom::await_end(uint64_t id) {
  while (true) {
    TL_RETURN_IF_ERROR(status());
    MutexLock lock(mutex_);
    if (!benches_[id].ended) changed_.wait_until(mutex_, deadline_after(kLook));
    const Bench& bench = benches_[id];
    if (!bench.ended) continue;
    if (bench.end == Phase::kDone) return bench;
    return fail(ErrorCode::kInternal,
                "what the log says is live could not be made live: " + bench.reason, options_.model,
                "run again: the next run begins from the log");
  }
}

Status TrainingRoom::status() const {
  const auto agents = room();
  return agents ? agents->supervisor().status() : Status{};
}

std::vector<thunderflow::ChildInfo> TrainingRoom::agents() const {
  const auto agents = room();
  return agents ? agents->supervisor().children() : std::vector<thunderflow::ChildInfo>{};
}

TrainingRoom::Bench TrainingRoom::copy(uint64_t id) const {
  MutexLock lock(mutex_);
  const auto found = benches_.find(id);
  return found == benches_.end() ? Bench{} : found->second;
}

Status TrainingRoom::await(const Work& work, const std::function<bool(const Bench&)>& done) {
  while (!work.stop.stop_requested()) {
    work.beat();
    MutexLock lock(mutex_);
    if (done(benches_[work.id])) return {};
    changed_.wait_until(mutex_, deadline_after(kLook));
  }
  return fail(ErrorCode::kInterrupted, "the work was stopped");
}

JobResult TrainingRoom::do_job(Role role, const JobContext& context) {
  Work work{context.job.request, context.stop, context.beat, [this, &context](Message message) {
              context.commit([&] { say(std::move(message)); });
            }};
  Result<JobResult> done = do_stage(role, work);
  if (done) return *std::move(done);
  if (!work.stop.stop_requested()) work.say(TrainingFailed{work.id, done.error()});
  return {false, false, to_string(done.error())};
}

Status TrainingRoom::introduce(const Work& work) {
  Bench known;
  {
    MutexLock lock(mutex_);
    const auto found = benches_.find(work.id);
    if (found == benches_.end()) return fail(ErrorCode::kInternal, "nobody knows the request");
    known = found->second;
    found->second.introduced = true;
  }
  if (!known.introduced) work.say(TrainingGranted{work.id, known.curriculum});
  return {};
}

/// Does a stage, and what it needs of the stages before where this process has not done it.
Result<JobResult> TrainingRoom::do_stage(Role role, const Work& work) {
  TL_RETURN_IF_ERROR(introduce(work));
  TL_RETURN_IF_ERROR(trained(work));
  if (role == Role::kTrainer) return JobResult{true, false, ""};
  TL_ASSIGN_OR_RETURN(const Evaluation evaluation, evaluated(work));
  if (role == Role::kEvaluation) return JobResult{true, evaluation.deploy, evaluation.reason};
  TL_RETURN_IF_ERROR(exported(work));
  return JobResult{true, false, ""};
}

Result<std::shared_ptr<const Challenger>> TrainingRoom::trained(const Work& work) {
  const Bench known = copy(work.id);
  if (known.challenger) return known.challenger;
  TL_ASSIGN_OR_RETURN(const Trainer::Trained made, parts_.trainer.train(known.curriculum, work));
  {
    MutexLock lock(mutex_);
    benches_[work.id].challenger = made.challenger;
    benches_[work.id].seconds = made.seconds;
  }
  work.say(TrainingFinished{work.id, made.challenger, made.seconds});
  return made.challenger;
}

Result<Evaluation> TrainingRoom::evaluated(const Work& work) {
  const Bench known = copy(work.id);
  if (known.evaluation) return *known.evaluation;
  Stopwatch watch(parts_.clock);
  work.beat();
  TL_ASSIGN_OR_RETURN(Evaluation evaluation, parts_.evaluator.evaluate(*known.challenger));
  StageSeconds seconds = known.seconds;
  seconds.evaluate = watch.lap();
  work.say(EvaluationComplete{work.id, known.challenger, evaluation, seconds});
  if (!evaluation.held_request.empty()) {
    TL_ASSIGN_OR_RETURN(evaluation, resolved(work, std::move(evaluation)));
  }
  MutexLock lock(mutex_);
  benches_[work.id].seconds = seconds;
  benches_[work.id].evaluation = evaluation;
  return evaluation;
}

/// A challenger on hold waits until a person or the deadline has answered.
Result<Evaluation> TrainingRoom::resolved(const Work& work, Evaluation evaluation) {
  TL_RETURN_IF_ERROR(await(work, [](const Bench& bench) { return bench.answer.has_value(); }));
  const HoldResolved answer = *copy(work.id).answer;
  evaluation.held_request.clear();
  evaluation.deploy = answer.approved;
  evaluation.reason += " " + answer.reason;
  return evaluation;
}

Status TrainingRoom::exported(const Work& work) {
  Bench known = copy(work.id);
  if (!known.evaluation->deploy) {
    return fail(ErrorCode::kRefused, "the challenger does not pass: " + known.evaluation->reason);
  }
  work.say(ExportRequest{work.id, known.challenger, *known.evaluation, known.seconds});
  if (!known.staged) {
    Stopwatch watch(parts_.clock);
    work.beat();
    TL_RETURN_IF_ERROR(parts_.exporter.stage(*known.challenger, *known.evaluation));
    known.seconds.export_model = watch.lap();
    MutexLock lock(mutex_);
    benches_[work.id].staged = true;
    benches_[work.id].seconds = known.seconds;
  }
  const int version = known.curriculum.version;
  work.say(ExportReady{work.id, options_.model + " version " + std::to_string(version), version,
                       known.challenger, *known.evaluation, known.seconds});
  return await(work, [](const Bench& bench) { return bench.approved; });
}

Status TrainingRoom::activate(const protocol::LiveRecord& live) {
  int before = 0;
  std::string reason;
  {
    MutexLock lock(mutex_);
    before = live_;
    reason = rollback_reason_;
  }
  if (live.version == before) return {};
  // Versions rise with time: a lower one is one to go back to.
  TL_RETURN_IF_ERROR(live.version > before
                         ? parts_.deployer.activate(live.model, live.version)
                         : parts_.deployer.roll_back_to(live.model, live.version, reason));
  MutexLock lock(mutex_);
  live_ = live.version;
  return {};
}

void TrainingRoom::on_ended(const AskRecord& ask) {
  Bench bench;
  {
    MutexLock lock(mutex_);
    const auto found = benches_.find(ask.id);
    if (found == benches_.end() || found->second.ended) return;
    found->second.ended = true;
    found->second.end = ask.end;
    found->second.reason = ask.reason;
    bench = found->second;
    changed_.notify_all();
  }
  if (bench.rollback) return;
  if (ask.end == Phase::kDone) {
    return say(ModelDeployed{ask.id, options_.model, bench.curriculum.version, 0.0});
  }
  ChallengerDropped dropped{ask.id, bench.challenger, {}, std::nullopt, bench.seconds};
  if (bench.evaluation) dropped.evaluation = *bench.evaluation;
  if (bench.cancelled) {
    dropped.error = Error{ErrorCode::kRefused, "the training was cancelled",
                          options_.model + " " + std::to_string(bench.curriculum.version), ""};
  } else if (ask.end != Phase::kRefused || !bench.evaluation) {
    dropped.error = Error{ErrorCode::kUnavailable, ask.reason, "", ""};
  }
  say(std::move(dropped));
}

}  // namespace thunderline::thunderchief
