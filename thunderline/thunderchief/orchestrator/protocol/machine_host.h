#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/orchestrator/protocol/machine.h"
#include "thunderline/thunderchief/orchestrator/protocol/request_store.h"
#include "thunderline/thunderflow/executor.h"
#include "thunderline/thunderflow/redelivery.h"

namespace thunderline::thunderchief::protocol {

/// What is in an agent's mailbox.
using AgentInput = decltype(Input::what);

/// A job's side of the world. Copyable; valid as long as the job's worker.
struct JobContext {
  Job job;
  std::stop_token stop;
  /// A sign of life, wanted more often than the supervisor's `hang_after`.
  std::function<void()> beat;
  /// Runs what is to be said or handed over unless the worker's life is over; tells whether.
  std::function<bool(const std::function<void()>&)> commit;
};

struct JobResult {
  bool ok = false;
  bool pass = false;  ///< Of an evaluation: what the gate said.
  std::string reason;
};

/// What a machine's effects reach. All of it must outlive the host, and be callable from any
/// thread.
struct HostPorts {
  RequestStore* store = nullptr;
  std::function<int64_t()> now_ms;
  std::function<Status(Signal)> send;
  std::function<Status(AgentInput)> tell_self;        ///< Into the machine's own mailbox.
  std::function<JobResult(const JobContext&)> work;   ///< Of a worker: does a job.
  std::function<Status(const LiveRecord&)> activate;  ///< Of export: swaps a version in.
  std::function<void(const AskRecord&)> on_ended;     ///< Of the planner; may be called again.
  thunderflow::Executor* jobs = nullptr;              ///< Null: each job has a thread of its own.
};

/// One life of a machine: steps it, commits the rows, then carries out what follows, in the order
/// of Effects. An error ends the life; the next one begins from the store. Jobs end with the life:
/// it waits for them. Thread-safety: one thread; jobs have their own.
template <typename Machine>
class MachineHost {
 public:
  MachineHost(Machine machine, HostPorts ports)
      : machine_(std::move(machine)), ports_(std::move(ports)) {}

  ~MachineHost() {
    for (auto& [work, running] : jobs_) running.stop.request_stop();
  }
  MachineHost(const MachineHost&) = delete;
  MachineHost& operator=(const MachineHost&) = delete;

  Status handle(const AgentInput& what, const thunderflow::Lease& lease) {
    if (const auto* ended = std::get_if<JobEnded>(&what)) forget(ended->job);
    auto next = step(std::move(machine_), Input{ports_.now_ms(), what});
    machine_ = std::move(next.state);
    return carry_out(next.effects, lease);
  }

  const Machine& machine() const { return machine_; }

 private:
  struct Running {
    Job job;
    std::stop_source stop;
    std::jthread thread;
  };

  Status carry_out(const Effects& effects, const thunderflow::Lease& lease) {
    // Told before it is written: who waits for an end hears of it twice rather than never.
    for (const AskRecord& ask : effects.changes.asks) {
      if (is_end(ask.end) && ports_.on_ended) lease.commit([&] { ports_.on_ended(ask); });
    }
    if (!effects.changes.empty()) {
      Status written;
      if (!lease.commit([&] { written = ports_.store->commit(effects.changes); })) return fenced();
      TL_RETURN_IF_ERROR(written);
    }
    for (const Job& job : effects.stop) stop(job);
    for (const Job& job : effects.start) TL_RETURN_IF_ERROR(start(job, lease));
    for (const LiveRecord& live : effects.activate) TL_RETURN_IF_ERROR(ports_.activate(live));
    for (const Signal& signal : effects.send) {
      // A full mailbox loses the signal as a network would: it is said again.
      if (!lease.commit([&] { (void)ports_.send(signal); })) return fenced();
    }
    return {};
  }

  Status start(const Job& job, const thunderflow::Lease& lease) {
    const uint64_t work = ++last_work_;
    Running& running = jobs_[work];
    running.job = job;
    JobContext context{job, running.stop.get_token(), [lease, work] { lease.beat(work); },
                       [lease](const std::function<void()>& act) { return lease.commit(act); }};
    lease.beat(work);
    const auto run = [context = std::move(context), ports = ports_, lease, work] {
      JobResult result;
      try {
        result = ports.work(context);
      } catch (const std::exception& error) {
        result = {false, false, std::string("the work threw: ") + error.what()};
      }
      lease.rest(work);
      // Should it not be heard, its life is over, and the next one does the work again.
      lease.commit([&] {
        (void)ports.tell_self(JobEnded{context.job, result.ok, result.pass, result.reason});
      });
    };
    if (ports_.jobs != nullptr) return ports_.jobs->post(run);
    running.thread = std::jthread(run);
    return {};
  }

  void stop(const Job& job) {
    for (auto& [work, running] : jobs_) {
      if (running.job == job) running.stop.request_stop();
    }
  }

  void forget(const Job& job) {
    std::erase_if(jobs_, [&](const auto& entry) { return entry.second.job == job; });
  }

  static tl::unexpected<Error> fenced() {
    return fail(ErrorCode::kInterrupted, "a newer life has taken over");
  }

  Machine machine_;
  const HostPorts ports_;
  uint64_t last_work_ = thunderflow::Lifeline::kMessages;
  std::map<uint64_t, Running> jobs_;  ///< By work.
};

}  // namespace thunderline::thunderchief::protocol
