#pragma once

#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/thunderbolt/ml/model_metadata.h"
#include "thunderline/thunderbolt/training/model_deployer.h"
#include "thunderline/thunderchief/orchestrator/messages.h"

namespace thunderline::thunderchief {

/// Exports a challenger to ONNX, verifies it, has it stored; it is not live then. The export
/// agent's job.
class Exporter {
 public:
  struct Options {
    std::string model = "agent_scoring";
    thunderbolt::FeatureSchemaRef schema;
  };

  /// Deployer and clock must outlive the exporter.
  Exporter(Options options, thunderbolt::ModelDeployer& deployer, const Clock& clock)
      : options_(std::move(options)), deployer_(deployer), clock_(clock) {}

  /// Returns what was stored, in words. Errors: those of the conversion, its check and the
  /// deployer. Thread-safety: any thread.
  Result<std::string> stage(const Challenger& challenger, const Evaluation& evaluation) const;

 private:
  const Options options_;
  thunderbolt::ModelDeployer& deployer_;
  const Clock& clock_;
};

}  // namespace thunderline::thunderchief
