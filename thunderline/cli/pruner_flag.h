#pragma once

#include <memory>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cli {

/// Makes the pruner of `--pruner NAME[,key=value…]`; keys are Optuna's argument names with dashes.
/// Errors: kInvalidArgument.
Result<std::unique_ptr<cerebros::tpe::Pruner>> parse_pruner(const std::string& text);

}  // namespace thunderline::cli
