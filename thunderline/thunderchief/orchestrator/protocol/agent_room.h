#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/thunderchief/orchestrator/protocol/machine_host.h"
#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderchief::protocol {

/// The stable name of a role, e.g. "orchestrator".
const char* role_name(Role role);

/// The five machines, each in a supervised actor with a mailbox: a life that fails, is killed or
/// hangs is followed by another, which begins from the store and gets the message that the one
/// before ended within; one that ends three lives is put aside. Thread-safety: any thread.
class AgentRoom {
 public:
  struct Options {
    int trainer_cores = 1;
    thunderflow::Supervisor::Options supervisor = {};
    thunderflow::Executor* actors = nullptr;  ///< Null: a thread each.
    thunderflow::Executor* jobs = nullptr;    ///< Null: a thread each.
    bool own_ticks = true;                    ///< False: `tick` is called by the owner.
  };

  /// What the agents do to the world beside their signals.
  struct Deeds {
    std::function<JobResult(Role, const JobContext&)> work;
    std::function<Status(const LiveRecord&)> activate;
    /// A request has ended. May be told more than once.
    std::function<void(const AskRecord&)> on_ended;
  };

  /// Store and clock must outlive the room. Errors: those of the store and the supervisor.
  static Result<std::unique_ptr<AgentRoom>> start(RequestStore& store, const Clock& clock,
                                                  Deeds deeds, Options options);
  ~AgentRoom();
  AgentRoom(const AgentRoom&) = delete;
  AgentRoom& operator=(const AgentRoom&) = delete;

  /// Has the planner carry a request to its end. Its id is new. Errors: the mailbox is full or
  /// closed.
  Status ask(const AskRecord& ask) { return mailbox(Role::kPlanner)->push(Ask{ask}); }
  Status cancel(uint64_t id) { return mailbox(Role::kPlanner)->push(CancelAsk{id}); }

  /// Tells every machine that time has passed.
  void tick();

  thunderflow::Supervisor& supervisor() { return *supervisor_; }
  const thunderflow::Supervisor& supervisor() const { return *supervisor_; }

  /// Messages that ended three lives, of all agents.
  std::vector<thunderflow::DeadLetter<AgentInput>> dead_letters() const;

 private:
  using Mailbox = thunderflow::Mailbox<AgentInput>;
  struct Seat {
    std::shared_ptr<Mailbox> mailbox;
    std::shared_ptr<thunderflow::AgentMemory<AgentInput>> memory;
  };

  AgentRoom(RequestStore& store, const Clock& clock, Deeds deeds, Options options);

  Status set_up();
  const std::shared_ptr<Mailbox>& mailbox(Role role) const {
    return seats_[static_cast<size_t>(role)].mailbox;
  }
  HostPorts ports_of(Role role);
  template <typename Make>
  thunderflow::ChildSpec child(Role role, const Make& make);

  RequestStore& store_;
  const Clock& clock_;
  const Deeds deeds_;
  const Options options_;
  std::array<Seat, kRoles> seats_;
  std::unique_ptr<thunderflow::Supervisor> supervisor_;
  std::jthread ticker_;
};

}  // namespace thunderline::thunderchief::protocol
