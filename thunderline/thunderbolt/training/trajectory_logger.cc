#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

StepView view_of(const Step& step) {
  return {step.id,     step.source,     step.episode,   step.state,      step.action,  step.reward,
          step.next_state, step.terminated, step.truncated, step.propensity, step.metadata};
}

const char* kind_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kStep:
      return "step";
    case RecordKind::kOutcome:
      return "outcome";
    case RecordKind::kChiefStep:
      return "chief_step";
    case RecordKind::kTransition:
      return "transition";
    case RecordKind::kEvent:
      return "event";
  }
  return "unknown";
}

RecordKind kind_of(const LogRecord& record) { return static_cast<RecordKind>(record.index() + 1); }

uint64_t& RecordCounts::of(RecordKind kind) {
  switch (kind) {
    case RecordKind::kStep:
      return steps;
    case RecordKind::kOutcome:
      return outcomes;
    case RecordKind::kChiefStep:
      return chief_steps;
    case RecordKind::kTransition:
      return transitions;
    case RecordKind::kEvent:
      break;
  }
  return events;
}

RecordCounts& RecordCounts::operator+=(const RecordCounts& other) {
  steps += other.steps;
  outcomes += other.outcomes;
  chief_steps += other.chief_steps;
  transitions += other.transitions;
  events += other.events;
  return *this;
}

}  // namespace thunderline::thunderbolt
