#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/actor.h"
#include "thunderline/thunderflow/lifeline.h"
#include "thunderline/thunderflow/process.h"

namespace thunderline::thunderflow {

/// When a child that ended is started anew.
enum class RestartPolicy {
  kPermanent,  ///< Always.
  kTransient,  ///< When it failed or was killed; not after kNormal.
  kTemporary,  ///< Never.
};

/// How to make a child. `factory` is called for each life, on the thread that drives the supervisor.
struct ChildSpec {
  std::string name;  ///< Unique among the children.
  RestartPolicy restart = RestartPolicy::kPermanent;
  std::function<Result<std::unique_ptr<Process>>()> factory;
  /// Where its lives give signs of life; must outlive the supervisor. Null: nobody looks.
  Lifeline* lifeline = nullptr;
};

/// The spec of an actor. Every life has the same mailbox, so messages that wait survive a restart.
template <typename M>
ChildSpec actor_child(std::string name, RestartPolicy restart, std::shared_ptr<Mailbox<M>> mailbox,
                      std::function<Result<std::unique_ptr<Actor<M>>>()> factory,
                      ActorOptions options = {}) {
  auto make = [mailbox = std::move(mailbox), factory = std::move(factory),
               options]() -> Result<std::unique_ptr<Process>> {
    TL_ASSIGN_OR_RETURN(std::unique_ptr<Actor<M>> actor, factory());
    return std::make_unique<ActorProcess<M>>(std::move(actor), mailbox, options);
  };
  return {std::move(name), restart, std::move(make)};
}

enum class ChildState {
  kWaiting,     ///< Not started yet.
  kRunning,     ///< It runs.
  kBackingOff,  ///< It ended and will be started anew.
  kEnded,       ///< It ended and will not be.
  kGivenUp,     ///< It ended too often.
};

/// The stable name of `state`, e.g. "backing_off".
const char* state_name(ChildState state);

/// What is known of a child.
struct ChildInfo {
  std::string name;
  RestartPolicy restart = RestartPolicy::kPermanent;
  ChildState state = ChildState::kWaiting;
  uint64_t restarts = 0;                ///< Since the supervisor started.
  std::optional<ExitReason> last_exit;  ///< Of the life before this one.
};

/// Keeps processes running. One for one: a child that ends is started anew by itself, after a pause
/// that doubles while it keeps ending; a child that ends too often is escalated. Children start in
/// the order given (each without waiting for the one before to be ready) and stop in reverse.
/// Source: the behaviour and its defaults follow Erlang/OTP's supervisor(3), except that restarts are
/// counted per child and that there is a pause.
/// Thread-safety: `children`, `status`, `kill` from any thread; `start`, `poll`, `stop` and the
/// destructor from one, and never from within a child or one of the handlers.
class Supervisor {
 public:
  /// What is stopped when a child has ended too often.
  enum class OnLimit {
    kStopAll,    ///< Every child: the failure is taken for one of the whole group.
    kStopChild,  ///< That child; the others go on without it.
  };

  struct Options {
    /// The pause before the first restart; the next within `window` are longer by `backoff_factor`
    /// each, up to `max_backoff`. Range: first > 0, factor ≥ 1, max ≥ first.
    std::chrono::nanoseconds first_backoff = std::chrono::milliseconds(50);
    double backoff_factor = 2.0;
    std::chrono::nanoseconds max_backoff = std::chrono::seconds(5);

    /// A child may be restarted `max_restarts` times within `window`; the next end escalates.
    /// Range: max_restarts ≥ 0, window > 0.
    int max_restarts = 3;
    std::chrono::nanoseconds window = std::chrono::seconds(5);
    OnLimit on_limit = OnLimit::kStopAll;

    /// A child with a lifeline that works and gives no sign of life for so long hangs: it is fenced,
    /// told to end, and replaced by a new life without being waited for. That counts as a failure.
    std::chrono::nanoseconds hang_after = std::chrono::seconds(2);
    /// A fenced life that has not ended after so long more cannot be got rid of: `on_stuck` is called.
    std::chrono::nanoseconds stuck_after = std::chrono::seconds(10);
    /// On the driving thread, outside locks. Empty: the process ends with exit code 1, without
    /// destructors, and the next run resumes.
    std::function<void(const std::string& child)> on_stuck;

    /// True: a thread of the supervisor's own does the restarts. False: `poll` does.
    bool own_thread = true;

    /// Called when a child was started, ended or given up, on the driving thread, outside locks.
    std::function<void(const ChildInfo&)> on_change;

    /// Called after an escalation, once what `on_limit` names has stopped, as `on_change`. The error
    /// names the child and carries its last failure.
    std::function<void(const Error&)> on_escalation;
  };

  /// `clock` must outlive the supervisor.
  /// Errors: kInvalidArgument for options out of range, names that are empty or used twice, a child
  /// without a factory.
  static Result<std::unique_ptr<Supervisor>> create(std::vector<ChildSpec> children,
                                                    Options options, const Clock& clock);

  /// As `stop`.
  ~Supervisor();

  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Starts the children. Errors: the first child's that cannot be made or started, after those
  /// before it were stopped; kRefused when started before.
  Status start() TL_EXCLUDES(mutex_);

  /// Handles the ends that were reported and the restarts that are due by the clock; never waits for
  /// either. For `own_thread = false`.
  void poll() TL_EXCLUDES(mutex_);

  /// Stops the children in reverse order and waits for each. Stopping again does nothing.
  void stop() TL_EXCLUDES(mutex_);

  /// Success, or the error of the newest escalation.
  Status status() const TL_EXCLUDES(mutex_);

  /// The children in their order, as they are now.
  std::vector<ChildInfo> children() const TL_EXCLUDES(mutex_);

  /// Ends the child's present life; its policy says whether there is another.
  /// Errors: kNotFound for an unknown name; kRefused when it does not run.
  Status kill(const std::string& name) TL_EXCLUDES(mutex_);

 private:
  struct Child {
    ChildSpec spec;
    ChildInfo info;
    std::shared_ptr<Process> process;                   // Null when it does not run.
    std::deque<std::chrono::nanoseconds> recent;        // Times of restarts within the window.
    std::chrono::nanoseconds due{0};                    // Of the restart, when backing off.
    uint64_t life = 0;                                  // Number of the present or last one.
  };
  struct Exit {
    size_t child = 0;
    uint64_t life = 0;
    ExitReason reason;
  };
  /// A life that hung and was replaced.
  struct Fenced {
    size_t child = 0;
    uint64_t life = 0;
    std::shared_ptr<Process> process;
    std::chrono::nanoseconds stuck_at{0};
    bool reported = false;
  };

  Supervisor(std::vector<ChildSpec> children, Options options, const Clock& clock);

  void run() TL_EXCLUDES(mutex_);
  bool wait_for_work() TL_EXCLUDES(mutex_);
  std::optional<std::chrono::nanoseconds> next_due() const TL_REQUIRES(mutex_);
  Status start_child(size_t index) TL_EXCLUDES(mutex_);
  void restart_child(size_t index) TL_EXCLUDES(mutex_);
  void stop_children() TL_EXCLUDES(mutex_);
  void handle_exit(const Exit& exit) TL_EXCLUDES(mutex_);
  void handle_end(size_t index, const ExitReason& reason) TL_EXCLUDES(mutex_);
  void fence_hung() TL_EXCLUDES(mutex_);
  void fence(size_t index) TL_EXCLUDES(mutex_);
  void report_stuck() TL_EXCLUDES(mutex_);
  void wait_for_fenced() TL_EXCLUDES(mutex_);
  void take_exits() TL_EXCLUDES(mutex_);
  /// Decides what follows an end; true when it must be escalated.
  bool settle(Child& child, const ExitReason& reason) TL_REQUIRES(mutex_);
  std::chrono::nanoseconds backoff_after(size_t recent_restarts) const;
  void escalate(size_t index) TL_EXCLUDES(mutex_);
  void report(size_t index) TL_EXCLUDES(mutex_);

  const Options options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Child> children_ TL_GUARDED_BY(mutex_);  // Its length never changes.
  std::vector<Exit> exits_ TL_GUARDED_BY(mutex_);
  std::vector<Fenced> fenced_ TL_GUARDED_BY(mutex_);
  std::optional<Error> escalation_ TL_GUARDED_BY(mutex_);
  bool started_ TL_GUARDED_BY(mutex_) = false;
  bool stopping_ TL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace thunderline::thunderflow
