#pragma once

#include <string>
#include <utility>
#include <vector>

#include "thunderline/cerebros/tpe/frozen_trial.h"

namespace thunderline::cerebros::tpe {

/// How much each parameter matters for getting into the best tenth of the complete trials: PED-ANOVA
/// with a regime for each distribution that a parameter had. Shares that sum to 1 (equal ones where
/// nothing can be told), largest first. Empty without a complete trial.
///
/// Source: Watanabe et al. 2023 (arXiv 2304.10255), Theorem 4.2 and Algorithm 1 of arXiv 2601.20800,
/// as Optuna 5 `PedAnovaImportanceEvaluator` with its defaults computes them for one objective.
std::vector<std::pair<std::string, double>> parameter_importances(
    const std::vector<TrialPtr>& trials, Direction direction);

}  // namespace thunderline::cerebros::tpe
