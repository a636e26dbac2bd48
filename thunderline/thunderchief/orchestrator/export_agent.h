#pragma once

#include <map>
#include <memory>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/thunderbolt/ml/model_metadata.h"
#include "thunderline/thunderbolt/training/model_deployer.h"
#include "thunderline/thunderchief/orchestrator/agent.h"

namespace thunderline::thunderchief {

/// Exports a challenger to ONNX, verifies it, has it stored; swaps it in once the log says so.
/// Answers an ExportRequest with ExportReady, and a DeployApproved with ModelDeployed; with
/// ChallengerDropped where that fails.
class ExportAgent final : public Agent {
 public:
  struct Options {
    std::string model = "agent_scoring";
    thunderbolt::FeatureSchemaRef schema;
  };

  /// Deployer and clock must outlive the agent.
  ExportAgent(Options options, thunderbolt::ModelDeployer& deployer, const Clock& clock,
              Publish publish)
      : options_(std::move(options)),
        deployer_(deployer),
        clock_(clock),
        publish_(std::move(publish)) {}

  Status handle(const Message& message, const std::stop_token& stop) override;

 private:
  Result<std::string> stage(const Challenger& challenger, const Evaluation& evaluation);
  Status on_request(const ExportRequest& request);
  Status on_approved(const DeployApproved& approved);

  const Options options_;
  thunderbolt::ModelDeployer& deployer_;
  const Clock& clock_;
  Publish publish_;
};

}  // namespace thunderline::thunderchief
