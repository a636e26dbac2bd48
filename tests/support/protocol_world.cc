#include "tests/support/protocol_world.h"

#include <algorithm>

namespace thunderline::thunderchief::protocol {
namespace {

constexpr std::array kAllRoles = {Role::kPlanner, Role::kOrchestrator, Role::kTrainer,
                                  Role::kEvaluation, Role::kExport};
const std::array<std::string, 2> kModels = {"a", "b"};

}  // namespace

void ProtocolCounts::add(const ProtocolCounts& other) {
  steps += other.steps;
  crashes += other.crashes;
  lost += other.lost;
  duplicated += other.duplicated;
  swaps += other.swaps;
  rollbacks_done += other.rollbacks_done;
  for (const auto& [phase, count] : other.ends) ends[phase] += count;
}

std::string ProtocolCounts::to_string() const {
  std::string text = std::to_string(steps) + " steps, " + std::to_string(crashes) + " crashes, " +
                     std::to_string(lost) + " lost, " + std::to_string(duplicated) +
                     " duplicated, " + std::to_string(swaps) + " swaps, " +
                     std::to_string(rollbacks_done) + " rollbacks";
  for (const auto& [phase, count] : ends) {
    text += ", " + std::to_string(count) + " " + phase_name(phase);
  }
  return text;
}

ProtocolWorld::ProtocolWorld(uint64_t seed, RequestStore& store)
    : random_(seed), store_(store), gentle_(random_.below(3) == 0) {
  if (random_.below(2) == 0) begin_with_history();
  for (const Role role : kAllRoles) restart(role);
}

/// Two versions of each model passed and were live, so that there is something to go back to.
void ProtocolWorld::begin_with_history() {
  Changes history;
  for (const std::string& model : kModels) {
    passed_.insert({model, 1});
    passed_.insert({model, 2});
    history.models.push_back({model, 3, 2, {1}, 2, 2, 2});
    history.live.push_back({model, 2, 2});
    swapped_[model] = {model, 2, 2};
  }
  commit(history);
}

void ProtocolWorld::run() {
  const uint64_t steps = 60 + random_.below(160);
  for (uint64_t i = 0; i < steps && fault_.empty(); ++i) {
    (void)executor_.post([this] { chaos_step(); });
    executor_.step();
    ++counts_.steps;
  }
  calm();
  if (fault_.empty()) check_end();
}

void ProtocolWorld::chaos_step() {
  const uint64_t crash_dice = random_.below(gentle_ ? 400 : 40);
  const Crash crash_at = crash_dice == 0   ? Crash::kBeforeCommit
                         : crash_dice == 1 ? Crash::kAfterCommit
                                           : Crash::kNone;
  const uint64_t dice = random_.below(100);
  if (dice < 6) return client();
  if (dice < 18) {
    now_ms_ += static_cast<int64_t>(random_.below(400));
    return tick_all();
  }
  if (dice < (gentle_ ? 19u : 22u)) return crash(kAllRoles[random_.below(kRoles)]);
  if (dice < 30) return restart(kAllRoles[random_.below(kRoles)]);
  if (dice < 45 && !jobs_.empty()) return end_job(random_.below(jobs_.size()), crash_at);
  if (network_.empty()) return;
  const size_t at = random_.below(network_.size());
  if (dice < (gentle_ ? 46u : 51u)) {
    network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
    ++counts_.lost;
    return;
  }
  if (dice < 57) {
    const Signal copy = network_[at];
    network_.push_back(copy);
    ++counts_.duplicated;
    return;
  }
  deliver(at, crash_at);
}

void ProtocolWorld::calm() {
  for (int round = 0; round < 60 && fault_.empty(); ++round) {
    for (const Role role : kAllRoles) restart(role);
    now_ms_ += 250;
    tick_all();
    for (int i = 0; i < 200 && fault_.empty() && !(network_.empty() && jobs_.empty()); ++i) {
      if (!network_.empty()) {
        deliver(0, Crash::kNone);
      } else {
        end_job(0, Crash::kNone);
      }
    }
    const bool open = std::any_of(stored_.asks.begin(), stored_.asks.end(), [](const auto& ask) {
      return !is_end(ask.second.end);
    });
    if (!open && network_.empty() && jobs_.empty() && round > 4) return;
  }
}

void ProtocolWorld::client() {
  const uint64_t dice = random_.below(10);
  if (dice < 2 && next_request_ > 1) {
    feed(Role::kPlanner, {now_ms_, CancelAsk{1 + random_.below(next_request_ - 1)}}, Crash::kNone);
    return;
  }
  AskRecord ask;
  ask.id = next_request_++;
  ask.kind = dice < 5 ? RequestKind::kRollback : RequestKind::kTrain;
  ask.model = kModels[random_.below(kModels.size())];
  if (ask.kind == RequestKind::kRollback && random_.below(4) == 0) ask.version = kNoVersion;
  ask.deadline_ms = now_ms_ + 200 + static_cast<int64_t>(random_.below(6000));
  ask.cores = 1 + static_cast<int>(random_.below(4));  // 4: more than there are.
  feed(Role::kPlanner, {now_ms_, Ask{ask}}, Crash::kNone);
}

void ProtocolWorld::tick_all() {
  for (const Role role : kAllRoles) feed(role, {now_ms_, Tick{}}, Crash::kNone);
  if (orchestrator_) check_deadlines();
}

void ProtocolWorld::deliver(size_t at, Crash crash_at) {
  const Signal signal = network_[at];
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
  feed(signal.to, {now_ms_, signal}, crash_at);
}

void ProtocolWorld::end_job(size_t at, Crash crash_at) {
  const Running running = jobs_[at];
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(at));
  JobEnded ended{running.job, !running.stopped && random_.below(5) != 0, false, "the figures"};
  if (ended.ok) {
    stage_ok_.insert({running.role, running.job.request});
    ended.pass = running.role == Role::kEvaluation && random_.below(4) != 0;
    if (ended.pass) passed_.insert({running.job.model, running.job.version});
  }
  feed(running.role, {now_ms_, ended}, crash_at);
}

void ProtocolWorld::feed(Role role, const Input& input, Crash crash_at) {
  switch (role) {
    case Role::kPlanner:
      return feed_machine(planner_, role, input, crash_at);
    case Role::kOrchestrator:
      return feed_machine(orchestrator_, role, input, crash_at);
    case Role::kTrainer:
      return feed_machine(trainer_, role, input, crash_at);
    case Role::kEvaluation:
      return feed_machine(evaluation_, role, input, crash_at);
    case Role::kExport:
      return feed_machine(export_, role, input, crash_at);
  }
}

template <typename Machine>
void ProtocolWorld::feed_machine(std::optional<Machine>& machine, Role role, const Input& input,
                                 Crash crash_at) {
  if (!machine) return;  // What comes while nobody runs is lost.
  auto next = step(*std::move(machine), input);
  machine = std::move(next.state);
  if (crash_at == Crash::kBeforeCommit) return crash(role);
  commit(next.effects.changes);
  if (crash_at == Crash::kAfterCommit) return crash(role);
  for (const Job& job : next.effects.stop) {
    for (Running& running : jobs_) {
      if (running.role == role && running.job == job) running.stopped = true;
    }
  }
  for (const Job& job : next.effects.start) check_start(role, job);
  for (const LiveRecord& live : next.effects.activate) check_swap(live);
  network_.insert(network_.end(), next.effects.send.begin(), next.effects.send.end());
}

bool ProtocolWorld::alive(Role role) const {
  switch (role) {
    case Role::kPlanner:
      return planner_.has_value();
    case Role::kOrchestrator:
      return orchestrator_.has_value();
    case Role::kTrainer:
      return trainer_.has_value();
    case Role::kEvaluation:
      return evaluation_.has_value();
    case Role::kExport:
      return export_.has_value();
  }
  return false;
}

void ProtocolWorld::crash(Role role) {
  if (!alive(role)) return;
  ++counts_.crashes;
  ++crashes_[static_cast<size_t>(role)];
  std::erase_if(jobs_, [&](const Running& running) { return running.role == role; });
  if (role == Role::kPlanner) planner_.reset();
  if (role == Role::kOrchestrator) orchestrator_.reset();
  if (role == Role::kTrainer) trainer_.reset();
  if (role == Role::kEvaluation) evaluation_.reset();
  if (role == Role::kExport) export_.reset();
}

void ProtocolWorld::restart(Role role) {
  if (alive(role)) return;
  const Result<Snapshot> loaded = store_.load();
  if (!loaded) return fail(to_string(loaded.error()));
  if (*loaded != stored_) return fail("the store does not give back what was committed");
  if (role == Role::kPlanner) planner_ = PlannerMachine::from(*loaded);
  if (role == Role::kOrchestrator) {
    orchestrator_ = OrchestratorMachine::from(*loaded, OrchestratorMachine::Options{});
    orchestrator_up_ms_ = now_ms_;
  }
  if (role == Role::kTrainer) trainer_ = WorkerMachine{role, kTrainerCores, {}, {}};
  if (role == Role::kEvaluation) evaluation_ = WorkerMachine{role, 1, {}, {}};
  if (role == Role::kExport) export_ = ExportMachine::from(*loaded);
}

void ProtocolWorld::commit(const Changes& changes) {
  if (changes.empty()) return;
  for (const RequestRecord& row : changes.requests) {
    check_request(row);
    Changes one;
    one.requests.push_back(row);
    apply(one, stored_);
  }
  for (const AskRecord& ask : changes.asks) asked_.insert(ask.id);
  for (const ModelRecord& model : changes.models) {
    if (model.live != 0 && !passed_.contains({model.model, model.live})) {
      fail("version " + std::to_string(model.live) + " is live and did not pass the gate");
    }
  }
  Changes rest = changes;
  rest.requests.clear();
  apply(rest, stored_);
  if (const Status status = store_.commit(changes); !status) fail(to_string(status.error()));
}

void ProtocolWorld::check_request(const RequestRecord& row) {
  const std::string name = "request " + std::to_string(row.id) + " ";
  const auto before = stored_.requests.find(row.id);
  if (before != stored_.requests.end()) {
    const RequestRecord& old = before->second;
    if (is_end(old.phase)) return fail(name + "ended and then changed");
    if (old.epoch != 0 && old.epoch != row.epoch) fail(name + "was deployed twice");
    if (!is_end(row.phase) && row.phase < old.phase) fail(name + "went back");
  }
  if (row.kind == RequestKind::kTrain) {
    if (row.phase >= Phase::kEvaluating && row.phase <= Phase::kDone &&
        !stage_ok_.contains({Role::kTrainer, row.id})) {
      fail(name + "was judged without a training");
    }
    if (row.phase >= Phase::kExporting && row.phase <= Phase::kDone &&
        !passed_.contains({row.model, row.version})) {
      fail(name + "overtook its evaluation");
    }
    if ((row.phase == Phase::kSwitching || row.phase == Phase::kDone) &&
        !stage_ok_.contains({Role::kExport, row.id})) {
      fail(name + "was deployed without an export");
    }
  }
  if (row.phase == Phase::kDone && swapped_[row.model].epoch < row.epoch) {
    fail(name + "is done and its version was never live");
  }
  if (!is_end(row.phase)) return;
  ++counts_.ends[row.phase];
  if (row.reason.empty()) fail(name + "ended without a reason");
  const bool late = row.ended_ms > std::max(row.deadline_ms, orchestrator_up_ms_) + 400;
  if (late && row.order != 0) fail(name + "ended late");
  if (row.phase == Phase::kDone && row.kind == RequestKind::kRollback) {
    ++counts_.rollbacks_done;
    rolled_back_epoch_[row.model] = row.epoch;
  }
}

void ProtocolWorld::check_start(Role role, const Job& job) {
  int cores = job.cores;
  for (const Running& running : jobs_) {
    if (running.role != role) continue;
    cores += running.job.cores;
    if (running.job.model == job.model) fail("two jobs of model " + job.model + " at once");
  }
  const int budget = role == Role::kTrainer ? kTrainerCores : 1;
  if (cores > budget) fail(std::to_string(cores) + " cores in use of " + std::to_string(budget));
  int& starts = starts_[{role, job.request, job.attempt}];
  if (++starts > 1 + crashes_[static_cast<size_t>(role)]) {
    fail("request " + std::to_string(job.request) + " was worked on twice");
  }
  jobs_.push_back({role, job, false});
}

void ProtocolWorld::check_swap(const LiveRecord& live) {
  ++counts_.swaps;
  LiveRecord& now = swapped_[live.model];
  if (live.epoch < now.epoch) fail("an older switch undid a newer one");
  if (live.epoch == now.epoch && now.epoch != 0 && live.version != now.version) {
    fail("one switch made two versions live");
  }
  if (live.version != 0 && !passed_.contains({live.model, live.version})) {
    fail("version " + std::to_string(live.version) + " was swapped in and did not pass the gate");
  }
  if (live.epoch < rolled_back_epoch_[live.model]) fail("a deploy beat a rollback");
  now = live;
}

void ProtocolWorld::check_deadlines() {
  std::map<std::string, int> open;
  for (const auto& [id, row] : stored_.requests) {
    if (is_end(row.phase)) continue;
    if (++open[row.model] > 1) fail("two open requests of model " + row.model);
    if (row.deadline_ms <= now_ms_) {
      fail("request " + std::to_string(id) + " is open after its deadline");
    }
  }
}

void ProtocolWorld::check_end() {
  if (!jobs_.empty()) return fail("work goes on for ever");
  for (const uint64_t id : asked_) {
    const AskRecord& ask = stored_.asks[id];
    const auto request = stored_.requests.find(id);
    if (!is_end(ask.end) || request == stored_.requests.end()) {
      return fail("request " + std::to_string(id) + " was lost");
    }
    if (ask.end != request->second.phase) {
      return fail("request " + std::to_string(id) + " was told another end than it had");
    }
  }
  for (const auto& [id, request] : stored_.requests) {
    const bool undone = request.kind == RequestKind::kTrain && request.version != 0 &&
                        request.phase != Phase::kDone;
    if (undone && stored_.models[request.model].live == request.version) {
      return fail("request " + std::to_string(id) + " is not done and its version is live");
    }
  }
  for (const auto& [name, model] : stored_.models) {
    if (model.confirmed_epoch != model.wanted_epoch) return fail("a switch was never confirmed");
    const int swapped = swapped_[name].version;
    if (model.live != swapped) {
      return fail("model " + name + ": version " + std::to_string(swapped) +
                  " is live, the store says " + std::to_string(model.live));
    }
  }
}

void ProtocolWorld::fail(const std::string& what) {
  if (fault_.empty()) fault_ = what + " (at " + std::to_string(now_ms_) + " ms)";
}

}  // namespace thunderline::thunderchief::protocol
