#pragma once

#include <functional>
#include <optional>

#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

using JoinedStepVisitor =
    std::function<Status(const Step& step, const std::optional<double>& reward)>;

/// Visits the steps that `options` choose with their rewards, be it the step's own or its outcome's;
/// none where it is not known (yet). Two passes over the log; about 48 bytes of memory an outcome.
Status visit_joined_steps(TrajectoryLogger& log, const ReplayOptions& options,
                          const JoinedStepVisitor& visitor);

}  // namespace thunderline::thunderbolt
