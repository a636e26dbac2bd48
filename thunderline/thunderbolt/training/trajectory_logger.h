#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/base/uuid.h"

namespace thunderline::thunderbolt {

/// One decision: in `state` the agent took `action`; what came of it.
struct Step {
  Uuid id;              ///< Never nil; the same id is the same step.
  std::string source;   ///< Kind of agent, "bit" for instance. 1–255 bytes of UTF-8.
  std::string episode;  ///< Steps of one life share it. Up to 1,024 bytes of UTF-8.
  std::vector<float> state;
  int32_t action = 0;
  std::optional<double> reward;   ///< Absent: unknown yet; an `Outcome` brings it.
  std::vector<float> next_state;  ///< Empty, or as long as `state`.
  bool terminated = false;        ///< The episode ended by its own rules.
  bool truncated = false;         ///< It was cut off (time limit, shutdown).
  /// Probability with which the policy took `action`. Range: (0, 1]. Absent only for a forced step,
  /// whose metadata says `"forced": true`.
  std::optional<double> propensity;
  std::string metadata;  ///< The text of a JSON object, or empty. Up to 1 MiB.

  bool operator==(const Step&) const = default;
};

/// A `Step` whose parts lie elsewhere: what is logged, so that nothing is copied but into the write
/// buffer. Lifetime: the parts must live until the call returns.
struct StepView {
  Uuid id;
  std::string_view source;
  std::string_view episode;
  std::span<const float> state;
  int32_t action = 0;
  std::optional<double> reward;
  std::span<const float> next_state;
  bool terminated = false;
  bool truncated = false;
  std::optional<double> propensity;
  std::string_view metadata;
};

/// A view of `step`, which must outlive it.
StepView view_of(const Step& step);

/// What a step led to, later. It closes the step: the first outcome of a step counts.
struct Outcome {
  Uuid step_id;
  bool seen = false;    ///< False: the reward will never be known.
  double reward = 0.0;  ///< 0 where it was not seen.
  int64_t tick = 0;

  bool operator==(const Outcome&) const = default;
};

/// A chief's own step. The meaning of `action` is fixed by the chief's table of actions.
struct ChiefStep {
  std::string source;  ///< Name of the chief.
  int64_t tick = 0;
  std::vector<float> state;
  int32_t action = 0;
  double reward = 0.0;
  std::vector<float> next_state;

  bool operator==(const ChiefStep&) const = default;
};

/// A change in a bit's life.
struct Transition {
  Uuid bit;
  std::string episode;
  std::string verb;  ///< The protocol's verb: spawn, step, bind, retire, …
  std::string from;  ///< Status before; empty for a spawn.
  std::string to;    ///< Status after.
  int64_t tick = 0;
  std::string reason;

  bool operator==(const Transition&) const = default;
};

/// Anything else worth keeping beside the steps, e.g. a deployment or a gate's decision.
struct LogEvent {
  std::string kind;
  int64_t tick = 0;
  std::string json;  ///< The text of one JSON value.

  bool operator==(const LogEvent&) const = default;
};

/// Kinds of records, in the order of `LogRecord`'s alternatives. The numbers stand in files.
enum class RecordKind : uint8_t {
  kStep = 1,
  kOutcome = 2,
  kChiefStep = 3,
  kTransition = 4,
  kEvent = 5,
};

/// "step", "outcome", "chief_step", "transition", "event".
const char* kind_name(RecordKind kind);

using LogRecord = std::variant<Step, Outcome, ChiefStep, Transition, LogEvent>;

RecordKind kind_of(const LogRecord& record);

/// How many records there are of each kind.
struct RecordCounts {
  uint64_t steps = 0;
  uint64_t outcomes = 0;
  uint64_t chief_steps = 0;
  uint64_t transitions = 0;
  uint64_t events = 0;

  uint64_t& of(RecordKind kind);
  uint64_t total() const { return steps + outcomes + chief_steps + transitions + events; }
  RecordCounts& operator+=(const RecordCounts& other);
  bool operator==(const RecordCounts&) const = default;
};

/// What to replay. A record that does not carry a filtered field passes that filter: outcomes have
/// neither source nor episode (join them by `step_id`), transitions no source, events neither.
struct ReplayOptions {
  std::string episode;            ///< Empty: all.
  std::string source;             ///< Empty: all.
  std::vector<RecordKind> kinds;  ///< Empty: all.
  uint64_t after_sequence = 0;    ///< Only records with a greater sequence number.
};

/// Gets each record in the order it was logged. An error ends the replay, which returns it.
using ReplayVisitor = std::function<Status(uint64_t sequence, const LogRecord& record)>;

struct LogStats {
  RecordCounts records;
  uint64_t open_steps = 0;  ///< Without a reward and without an outcome.
  std::map<std::string, uint64_t> steps_by_source;  ///< Agents' steps and chiefs' steps.
  uint64_t first_sequence = 0;  ///< Of the oldest record kept; 0 when there is none.
  uint64_t last_sequence = 0;   ///< Newest accepted.
  uint64_t durable_sequence = 0;
  uint64_t size_bytes = 0;   ///< On disk, or in memory for the ring.
  uint64_t segments = 0;     ///< Files.
  uint64_t index_bytes = 0;  ///< Memory of the index by id.
  uint64_t damaged_places = 0;  ///< Found at open; `verify` lists them.
  uint64_t repaired_bytes = 0;  ///< Of a torn tail, dropped at open.
  std::string read_only_reason;  ///< Empty: it can be written.
};

/// Where an acknowledged record must survive.
enum class Durability {
  kNone,   ///< Acknowledged once the operating system has it: survives `kill -9`, no power loss.
  kBatch,  ///< Acknowledged once it is on disk; many records share a sync.
  kEach,   ///< As kBatch, and each call returns only once its record is on disk.
};

/// Keeps what agents did, for training and for replay.
///
/// Every accepted record gets the next sequence number; numbers are never reused, not by `clear`
/// either. A record is *acknowledged* when `durable_sequence()` has reached its number; what that
/// promises is the backend's to say (`Durability`). After a failed write a logger refuses
/// everything that would write (kUnavailable, with the reason) until it is opened again; reading
/// goes on.
/// Errors: kInvalidArgument for a record that breaks the rules above (it names the field), and
/// nothing is stored then. Thread-safety: any thread.
class TrajectoryLogger {
 public:
  virtual ~TrajectoryLogger() = default;

  /// Accepts a step; returns its sequence number. A step whose id is known is not stored again:
  /// the number it has is returned.
  virtual Result<uint64_t> log_step(const StepView& step) = 0;

  /// Accepts all the steps, neighbours in the log, or (Errors) none of them. A crash may cut an
  /// unacknowledged episode in two.
  virtual Status log_episode(std::span<const StepView> steps) = 0;

  /// Closes a step. A second outcome of a step, or one of a step that was logged with its reward,
  /// stores nothing. Errors: kNotFound for a step that the log does not hold (any more).
  virtual Status log_outcome(const Outcome& outcome) = 0;

  virtual Status log_chief_step(const ChiefStep& step) = 0;
  virtual Status log_transition(const Transition& transition) = 0;
  virtual Status log_event(const LogEvent& event) = 0;

  /// Returns once everything accepted before the call is durable.
  virtual Status flush() = 0;

  /// Newest sequence number that was accepted, 0 before the first.
  virtual uint64_t last_sequence() const = 0;

  /// Newest acknowledged sequence number: all up to it are.
  virtual uint64_t durable_sequence() const = 0;

  /// Returns once `sequence` is acknowledged, and makes that happen soon. Errors: kInvalidArgument
  /// for a number that was never given out.
  virtual Status wait_durable(uint64_t sequence) = 0;

  /// Visits the records accepted before the call, in order, and joins nothing. Damaged records are
  /// left out. The visitor may log.
  virtual Status replay(const ReplayOptions& options, const ReplayVisitor& visitor) = 0;

  virtual Result<LogStats> stats() = 0;

  /// Removes all records.
  virtual Status clear() = 0;
};

}  // namespace thunderline::thunderbolt
