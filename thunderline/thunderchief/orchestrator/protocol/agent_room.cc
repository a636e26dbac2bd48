#include "thunderline/thunderchief/orchestrator/protocol/agent_room.h"

#include <condition_variable>
#include <mutex>

#include "thunderline/thunderchief/orchestrator/protocol/export_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/orchestrator_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/planner_machine.h"

namespace thunderline::thunderchief::protocol {
namespace {

/// More than ever waits; a full mailbox loses signals, which are said again.
constexpr size_t kMailboxCapacity = 4096;
constexpr std::chrono::milliseconds kBetweenTicks{250};

constexpr std::array kAllRoles = {Role::kOrchestrator, Role::kPlanner, Role::kTrainer,
                                  Role::kEvaluation, Role::kExport};

}  // namespace

const char* role_name(Role role) {
  static constexpr std::array kNames = {"planner", "orchestrator", "trainer", "evaluation",
                                        "export"};
  static_assert(kNames.size() == kRoles);
  return kNames[static_cast<size_t>(role)];
}

AgentRoom::AgentRoom(RequestStore& store, const Clock& clock, Deeds deeds, Options options)
    : store_(store), clock_(clock), deeds_(std::move(deeds)), options_(std::move(options)) {}

Result<std::unique_ptr<AgentRoom>> AgentRoom::start(RequestStore& store, const Clock& clock,
                                                    Deeds deeds, Options options) {
  std::unique_ptr<AgentRoom> room(
      new AgentRoom(store, clock, std::move(deeds), std::move(options)));
  TL_RETURN_IF_ERROR(room->set_up());
  return room;
}

AgentRoom::~AgentRoom() {
  if (ticker_.joinable()) {
    ticker_.request_stop();
    ticker_.join();
  }
  if (supervisor_) supervisor_->stop();
  for (const Seat& seat : seats_) seat.mailbox->close();
}

HostPorts AgentRoom::ports_of(Role role) {
  HostPorts ports;
  ports.store = &store_;
  ports.now_ms = [this] { return clock_.unix_ms(); };
  ports.send = [this](Signal signal) { return mailbox(signal.to)->push(std::move(signal)); };
  ports.tell_self = [to = mailbox(role)](AgentInput input) { return to->push(std::move(input)); };
  ports.work = [this, role](const JobContext& context) { return deeds_.work(role, context); };
  ports.activate = deeds_.activate;
  ports.on_ended = deeds_.on_ended;
  ports.jobs = options_.jobs;
  return ports;
}

template <typename Make>
thunderflow::ChildSpec AgentRoom::child(Role role, const Make& make) {
  using Actor = thunderflow::RedeliveringActor<AgentInput>;
  const Seat& seat = seats_[static_cast<size_t>(role)];
  using Made = Result<std::unique_ptr<thunderflow::Actor<AgentInput>>>;
  const auto factory = [this, role, make, memory = seat.memory]() -> Made {
    TL_ASSIGN_OR_RETURN(const Snapshot snapshot, store_.load());
    using Machine = decltype(make(snapshot));
    auto host = std::make_shared<MachineHost<Machine>>(make(snapshot), ports_of(role));
    const auto handle = [host](const AgentInput& input, const thunderflow::Lease& lease,
                               const std::stop_token&) { return host->handle(input, lease); };
    return std::make_unique<Actor>(memory, handle, clock_);
  };
  thunderflow::ActorOptions actor;
  actor.executor = options_.actors;
  thunderflow::ChildSpec spec = thunderflow::actor_child<AgentInput>(
      role_name(role), thunderflow::RestartPolicy::kPermanent, seat.mailbox, factory, actor);
  spec.lifeline = &seat.memory->lifeline;
  return spec;
}

Status AgentRoom::set_up() {
  for (Seat& seat : seats_) {
    seat.mailbox = std::make_shared<Mailbox>(kMailboxCapacity);
    seat.memory = std::make_shared<thunderflow::AgentMemory<AgentInput>>();
  }
  std::vector<thunderflow::ChildSpec> children;
  children.push_back(child(Role::kOrchestrator, [](const Snapshot& snapshot) {
    return OrchestratorMachine::from(snapshot, OrchestratorMachine::Options{});
  }));
  children.push_back(child(
      Role::kPlanner, [](const Snapshot& snapshot) { return PlannerMachine::from(snapshot); }));
  children.push_back(child(Role::kTrainer, [cores = options_.trainer_cores](const Snapshot&) {
    return WorkerMachine{Role::kTrainer, cores, {}, {}};
  }));
  children.push_back(child(Role::kEvaluation, [](const Snapshot&) {
    return WorkerMachine{Role::kEvaluation, 1, {}, {}};
  }));
  children.push_back(
      child(Role::kExport, [](const Snapshot& snapshot) { return ExportMachine::from(snapshot); }));
  TL_ASSIGN_OR_RETURN(supervisor_, thunderflow::Supervisor::create(std::move(children),
                                                                   options_.supervisor, clock_));
  TL_RETURN_IF_ERROR(supervisor_->start());
  if (!options_.own_ticks) return {};
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      tick();
      never.wait_for(lock, stop, kBetweenTicks, [] { return false; });
    }
  });
  return {};
}

void AgentRoom::tick() {
  // A mailbox that is full has enough to do without the tick.
  for (const Role role : kAllRoles) (void)mailbox(role)->push(Tick{});
}

std::vector<thunderflow::DeadLetter<AgentInput>> AgentRoom::dead_letters() const {
  std::vector<thunderflow::DeadLetter<AgentInput>> all;
  for (const Seat& seat : seats_) {
    for (auto& letter : seat.memory->redelivery.dead_letters()) all.push_back(std::move(letter));
  }
  return all;
}

}  // namespace thunderline::thunderchief::protocol
