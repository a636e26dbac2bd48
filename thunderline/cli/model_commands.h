#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cli/command.h"

namespace thunderline::cli {

/// The home's folder of models.
std::string model_root(const Session& session);

/// Stores an ONNX model as the next version of `name` and puts it into service, after checks of its
/// form and answers: optimised against node by node, rows in a batch against rows alone.
Status deploy_model(const Session& session, const std::string& path, const std::string& name);

/// Puts the version that served before back into service.
Status rollback_model(const Session& session, const std::string& name);

/// Says whether the product would take this ONNX model, and runs it once.
Status verify_model(const Session& session, const std::string& path);

}  // namespace thunderline::cli
