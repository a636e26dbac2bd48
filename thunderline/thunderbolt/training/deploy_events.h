#pragma once

#include <cstdint>
#include <string>

namespace thunderline::thunderbolt {

/// What a deployment tells the rest of the program.
struct DeployEvent {
  std::string name;           ///< "ml.model.deployed", "ml.model.rolled_back", "ml.model.refused".
  std::string model;
  int64_t version = 0;        ///< What serves now (0 = nothing); of a refusal, what would have.
  int64_t previous_version = 0;  ///< What served before; 0 = nothing.
  std::string path;           ///< Of model.onnx; empty for a refusal.
  std::string sha256;
  std::string reason;         ///< Why it was refused or rolled back.
  int64_t unix_ms = 0;
};

/// Takes deployment events, e.g. to the event bus. Called without any lock of the serving path, one
/// event at a time; it must not call the deployer back.
class DeployEventSink {
 public:
  virtual ~DeployEventSink() = default;
  virtual void publish(const DeployEvent& event) = 0;
};

}  // namespace thunderline::thunderbolt
