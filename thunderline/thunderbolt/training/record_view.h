#pragma once

#include <variant>

#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// A record to be written, by reference; alternatives in the order of `RecordKind`.
using RecordView = std::variant<const StepView*, const Outcome*, const ChiefStep*,
                                const Transition*, const LogEvent*>;

inline RecordKind kind_of(const RecordView& view) {
  return static_cast<RecordKind>(view.index() + 1);
}

}  // namespace thunderline::thunderbolt
