#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderflow/supervisor.h"

namespace thunderline::thunderchief {

/// Hands a message to all agents and to whoever watches.
using Publish = std::function<Status(Message)>;

/// One of the orchestrator agents. It knows the others only by their messages.
/// Thread-safety: called by one thread at a time.
class Agent {
 public:
  virtual ~Agent() = default;

  /// Handles a message; messages of no concern are ignored. What it has to say, it publishes. An
  /// error ends the agent, and its supervisor starts it anew.
  virtual Status handle(const Message& message, const std::stop_token& stop) = 0;
};

/// How to make an agent, for each of its lives.
struct AgentSpec {
  std::string name;
  std::function<std::unique_ptr<Agent>(const Publish&)> make;
};

/// Runs agents as supervised actors on the bus: every message on the topic reaches every agent, in
/// the order of publishing; a restarted agent goes on with the messages that wait.
/// Thread-safety: any thread.
class AgentGroup {
 public:
  /// Both must outlive the group. Errors: those of the supervisor.
  static Result<std::unique_ptr<AgentGroup>> start(std::vector<AgentSpec> specs,
                                                   thunderflow::EventBus& bus, const Clock& clock);
  ~AgentGroup();

  /// Success, or why an agent was given up.
  Status status() const { return supervisor_->status(); }

  std::vector<thunderflow::ChildInfo> agents() const { return supervisor_->children(); }

 private:
  class Port;

  AgentGroup() = default;

  std::vector<std::unique_ptr<Port>> ports_;
  std::unique_ptr<thunderflow::Supervisor> supervisor_;
};

}  // namespace thunderline::thunderchief
