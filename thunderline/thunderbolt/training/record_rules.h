#pragma once

#include <cstddef>

#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

inline constexpr size_t kMaxSourceBytes = 255;
inline constexpr size_t kMaxTextBytes = 1024;  ///< Episodes and the other short texts.
inline constexpr size_t kMaxMetadataBytes = size_t{1} << 20;
inline constexpr size_t kMaxStateWidth = size_t{1} << 16;

/// The rules that every backend applies before it stores a record.
/// Errors: kInvalidArgument that names the record, the field, the index and the value.
Status check_record(const StepView& step);
Status check_record(const Outcome& outcome);
Status check_record(const ChiefStep& step);
Status check_record(const Transition& transition);
Status check_record(const LogEvent& event);

/// Checks every step; the error's place begins with `steps[i].`.
Status check_episode(std::span<const StepView> steps);

}  // namespace thunderline::thunderbolt
