#include "thunderline/thunderchief/run_recorder.h"

#include <cstring>

#include "thunderline/base/crc32c.h"

namespace thunderline::thunderchief {
namespace {

using thunderbolt::ChiefStep;
using thunderbolt::LogEvent;
using thunderbolt::LogRecord;
using thunderbolt::Outcome;
using thunderbolt::RecordKind;
using thunderbolt::Step;
using thunderbolt::StepView;
using thunderbolt::Transition;

/// CRC-32C over the fields of a record, each with its length.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text) {
    add_number(text.size());
    crc_ = crc32c(std::as_bytes(std::span(text.data(), text.size())), crc_);
    return *this;
  }
  Fingerprint& add(std::span<const float> values) {
    add_number(values.size());
    crc_ = crc32c(std::as_bytes(values), crc_);
    return *this;
  }
  Fingerprint& add(const Uuid& id) {
    crc_ = crc32c(std::as_bytes(std::span(id.bytes)), crc_);
    return *this;
  }
  template <typename Number>
  Fingerprint& add_number(Number value) {
    crc_ = crc32c(std::as_bytes(std::span(&value, 1)), crc_);
    return *this;
  }
  uint32_t value() const { return crc_; }

 private:
  uint32_t crc_ = 0;
};

uint32_t fingerprint(const StepView& step) {
  return Fingerprint()
      .add(step.id)
      .add(step.state)
      .add_number(step.action)
      .add(step.next_state)
      .add_number(step.propensity.value_or(-1.0))
      .add(step.metadata)
      .value();
}
uint32_t fingerprint(const Step& step) { return fingerprint(thunderbolt::view_of(step)); }
uint32_t fingerprint(const Outcome& outcome) {
  return Fingerprint()
      .add(outcome.step_id)
      .add_number(outcome.seen)
      .add_number(outcome.reward)
      .add_number(outcome.tick)
      .value();
}
uint32_t fingerprint(const ChiefStep& step) {
  return Fingerprint()
      .add(step.source)
      .add_number(step.tick)
      .add(step.state)
      .add_number(step.action)
      .add_number(step.reward)
      .value();
}
uint32_t fingerprint(const Transition& transition) {
  return Fingerprint()
      .add(transition.bit)
      .add(transition.verb)
      .add(transition.to)
      .add_number(transition.tick)
      .value();
}
uint32_t fingerprint(const LogEvent& event) {
  return Fingerprint().add(event.kind).add_number(event.tick).add(event.json).value();
}

}  // namespace

Result<RunRecorder> RunRecorder::create(thunderbolt::TrajectoryLogger& log) {
  RunRecorder recorder(log);
  TL_RETURN_IF_ERROR(log.replay({}, [&](uint64_t sequence, const LogRecord& record) -> Status {
    const uint32_t crc = std::visit([](const auto& known) { return fingerprint(known); }, record);
    recorder.recorded_.push_back({thunderbolt::kind_of(record), crc, sequence});
    if (const auto* event = std::get_if<LogEvent>(&record)) recorder.events_.push_back(*event);
    return {};
  }));
  return recorder;
}

Result<bool> RunRecorder::met(RecordKind kind, uint32_t crc) {
  if (!recovering()) return false;
  const Recorded& recorded = recorded_[next_];
  if (recorded.kind != kind || recorded.fingerprint != crc) {
    return fail(ErrorCode::kRefused,
                std::string("the log does not go on as this run does: it has another ") +
                    thunderbolt::kind_name(recorded.kind) + " where this run makes a " +
                    thunderbolt::kind_name(kind),
                "record " + std::to_string(recorded.sequence),
                "it was written by another version or on another kind of machine, or is damaged "
                "(thunderline trajectories verify); begin anew with --fresh");
  }
  ++next_;
  if (kind == RecordKind::kEvent) ++next_event_;
  return true;
}

Status RunRecorder::step(const StepView& step) {
  TL_ASSIGN_OR_RETURN(const bool there, met(RecordKind::kStep, fingerprint(step)));
  if (there) return {};
  TL_RETURN_IF_ERROR(log_->log_step(step));
  return {};
}

Status RunRecorder::outcome(const Outcome& outcome) {
  TL_ASSIGN_OR_RETURN(const bool there, met(RecordKind::kOutcome, fingerprint(outcome)));
  return there ? Status{} : log_->log_outcome(outcome);
}

Status RunRecorder::chief_step(const ChiefStep& step) {
  TL_ASSIGN_OR_RETURN(const bool there, met(RecordKind::kChiefStep, fingerprint(step)));
  return there ? Status{} : log_->log_chief_step(step);
}

Status RunRecorder::transition(const Transition& transition) {
  TL_ASSIGN_OR_RETURN(const bool there, met(RecordKind::kTransition, fingerprint(transition)));
  return there ? Status{} : log_->log_transition(transition);
}

Status RunRecorder::event(const LogEvent& event) {
  TL_ASSIGN_OR_RETURN(const bool there, met(RecordKind::kEvent, fingerprint(event)));
  return there ? Status{} : log_->log_event(event);
}

std::optional<LogEvent> RunRecorder::take_event(const std::string& kind) {
  if (!recovering() || recorded_[next_].kind != RecordKind::kEvent) return std::nullopt;
  const LogEvent& event = events_[next_event_];
  if (event.kind != kind) return std::nullopt;
  ++next_;
  ++next_event_;
  return event;
}

}  // namespace thunderline::thunderchief
