#pragma once

#include <functional>
#include <optional>

#include "thunderline/base/result.h"

namespace thunderline::thunderflow {

/// Why something that ran does not run any more.
struct ExitReason {
  enum class Kind {
    kNormal,    ///< It was done: it said so, or its mailbox was closed and empty.
    kFailed,    ///< `error` says what went wrong.
    kKilled,    ///< It was ended from outside so that it might be started anew.
    kShutdown,  ///< It was stopped for good.
  };

  Kind kind = Kind::kNormal;
  std::optional<Error> error;  ///< Set exactly for kFailed.

  static ExitReason failed(Error why) { return {Kind::kFailed, std::move(why)}; }

  bool operator==(const ExitReason&) const = default;
};

/// The stable name of `kind`, e.g. "failed".
const char* kind_name(ExitReason::Kind kind);

/// One life of something that runs, as a supervisor sees it: it starts once and ends once. A restart
/// is a new Process.
/// Thread-safety: `request_stop` and `kill` from any thread; the others from the owner's. `join` and
/// the destructor never from within the process itself (its handlers, its exit handler).
class Process {
 public:
  using ExitHandler = std::function<void(const ExitReason&)>;

  /// Stops and joins what still runs.
  virtual ~Process() = default;

  /// Starts it. `on_exit` (may be empty) is called once, where the process ran, after its last step.
  /// Errors: kRefused when it was started before; what else keeps it from starting.
  virtual Status start(ExitHandler on_exit) = 0;

  /// Asks it to end for good, with kShutdown: it finishes the step it is in and takes no more work.
  virtual void request_stop() = 0;

  /// Asks it to end with kKilled; its waiting work stays where it is, for a successor.
  virtual void kill() = 0;

  /// Waits for its end. Returns at once for a process that was never started (kNormal).
  virtual ExitReason join() = 0;
};

/// The error for the exception that is being handled; only within a catch block.
Error escaped_exception();

}  // namespace thunderline::thunderflow
