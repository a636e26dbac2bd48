#pragma once

// A world around the machines for protocol_model_test: a network that loses, doubles and reorders,
// agents that crash, jobs that fail, people who cancel and roll back; and what must never happen.

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/single_step_executor.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderchief/orchestrator/protocol/export_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/orchestrator_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/planner_machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/request_store.h"

namespace thunderline::thunderchief::protocol {

struct ProtocolCounts {
  uint64_t steps = 0, crashes = 0, lost = 0, duplicated = 0, swaps = 0, rollbacks_done = 0;
  std::map<Phase, uint64_t> ends;

  void add(const ProtocolCounts& other);
  std::string to_string() const;
};

class ProtocolWorld {
 public:
  ProtocolWorld(uint64_t seed, RequestStore& store);

  /// Runs the schedule, then a calm time in which nothing is lost, and checks what must be then.
  void run();

  /// The first broken promise, or nothing.
  const std::string& fault() const { return fault_; }
  const ProtocolCounts& counts() const { return counts_; }

 private:
  static constexpr int kTrainerCores = 3;

  enum class Crash { kNone, kBeforeCommit, kAfterCommit };

  void begin_with_history();
  void chaos_step();
  void calm();
  void client();
  void tick_all();
  void deliver(size_t at, Crash crash);
  void end_job(size_t at, Crash crash);
  void feed(Role role, const Input& input, Crash crash);
  template <typename Machine>
  void feed_machine(std::optional<Machine>& machine, Role role, const Input& input, Crash crash);
  void crash(Role role);
  void restart(Role role);
  bool alive(Role role) const;

  void commit(const Changes& changes);
  void check_request(const RequestRecord& row);
  void check_start(Role role, const Job& job);
  void check_swap(const LiveRecord& live);
  void check_deadlines();
  void check_end();
  void fail(const std::string& what);

  struct Running {
    Role role;
    Job job;
    bool stopped = false;
  };

  Random random_;
  RequestStore& store_;
  const bool gentle_;  // A third of the schedules lose and crash little, and so get further.
  testing::SingleStepExecutor executor_;
  int64_t now_ms_ = 1000;
  std::optional<PlannerMachine> planner_;
  std::optional<OrchestratorMachine> orchestrator_;
  std::optional<WorkerMachine> trainer_;
  std::optional<WorkerMachine> evaluation_;
  std::optional<ExportMachine> export_;
  std::vector<Signal> network_;
  std::vector<Running> jobs_;
  uint64_t next_request_ = 1;

  // What is true, told by nobody but this world.
  Snapshot stored_;                                   // What was committed.
  std::set<std::pair<Role, uint64_t>> stage_ok_;      // A stage of a request did its work.
  std::set<std::pair<std::string, int>> passed_;      // The gate let it through.
  std::map<std::tuple<Role, uint64_t, int>, int> starts_;
  std::array<int, kRoles> crashes_{};
  std::map<std::string, LiveRecord> swapped_;
  std::map<std::string, uint64_t> rolled_back_epoch_;  // Of the newest rollback that is done.
  std::set<uint64_t> asked_;
  int64_t orchestrator_up_ms_ = 0;
  std::string fault_;
  ProtocolCounts counts_;
};

}  // namespace thunderline::thunderchief::protocol
