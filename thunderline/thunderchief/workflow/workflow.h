#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

/// Workflows as values: directed graphs of nodes without cycles, and the changes they may undergo.
/// Nothing here does I/O; VineChief drives and stores them.
namespace thunderline::thunderchief {

enum class NodeState {
  kPending,    ///< Waits for nodes that it needs.
  kReady,      ///< May start, from `ready_at_ms` on.
  kRunning,    ///< Handed to the runner.
  kDone,       ///< Final: its effect happened, once.
  kFailed,     ///< Final: its last attempt failed.
  kSkipped,    ///< Final: it was not to be done, or something that it needs did not get done.
  kCancelled,  ///< Final: the workflow was cancelled before it was done.
};

enum class WorkflowState { kRunning, kDone, kFailed, kCancelled };

const char* name_of(NodeState state);
const char* name_of(WorkflowState state);
std::optional<NodeState> node_state(std::string_view name);
std::optional<WorkflowState> workflow_state(std::string_view name);

bool is_final(NodeState state);

/// One piece of work as its author writes it.
struct NodeSpec {
  std::string name;   ///< Unique in the workflow.
  std::string kind;   ///< What the runner is to do.
  std::string input;  ///< Given to the runner as it is; JSON by custom.
  std::vector<std::string> needs;  ///< Names of nodes that must be done before.
  /// Fan-out: so many nodes NAME[0], NAME[1], … side by side; who needs NAME needs all of them.
  int copies = 1;  ///< Range: [1, 1000].
  /// Repetition: NAME#1, NAME#2, … one after another; who needs NAME needs the last.
  int rounds = 1;  ///< Range: [1, 1000].
  int max_attempts = 1;             ///< >= 1.
  int64_t backoff_ms = 1'000;       ///< Before the second attempt; doubles with each. >= 0.
  int64_t max_backoff_ms = 60'000;  ///< >= 0.
  int64_t timeout_ms = 0;           ///< An attempt that runs longer has failed; 0: never.
};

struct WorkflowSpec {
  std::string id;    ///< Unique among all that are remembered.
  std::string name;  ///< For people.
  std::vector<NodeSpec> nodes;
};

/// A node of a workflow that runs. Times are Unix milliseconds, 0 for "not yet".
struct Node {
  std::string name;
  std::string kind;
  std::string input;
  std::vector<size_t> needs;  ///< Positions; each lower than the node's own.
  int max_attempts = 1;
  int64_t backoff_ms = 0;
  int64_t max_backoff_ms = 0;
  int64_t timeout_ms = 0;

  NodeState state = NodeState::kPending;
  int attempts = 0;  ///< Begun ones.
  int64_t ready_at_ms = 0;
  int64_t started_ms = 0;
  int64_t deadline_ms = 0;  ///< 0: none.
  int64_t finished_ms = 0;
  std::string output;  ///< Of the effect.
  std::string why;     ///< Why it is in its state; may be empty.

  bool operator==(const Node&) const = default;
};

/// Nodes stand in an order in which each comes after what it needs.
struct Workflow {
  std::string id;
  std::string name;
  WorkflowState state = WorkflowState::kRunning;
  std::string why;
  int64_t created_ms = 0;
  int64_t finished_ms = 0;  ///< 0 while it runs.
  bool compacted = false;   ///< Inputs, outputs and retry rules were dropped.
  std::vector<Node> nodes;

  bool operator==(const Workflow&) const = default;

  std::optional<size_t> find(std::string_view node) const;
};

/// Most nodes of one workflow, copies and rounds counted.
inline constexpr size_t kMaxNodes = 10'000;

/// Makes the graph, with nodes that need nothing ready at once.
/// Errors: kInvalidArgument for no nodes, an empty or doubled name, a `needs` that names nobody, a
/// cycle (all its nodes are named), a number out of its range; kResourceLimit above kMaxNodes, or a
/// million needs.
Result<Workflow> make_workflow(const WorkflowSpec& spec, int64_t now_ms);

/// The key under which the node's effect happens once: the same for every attempt.
std::string effect_key(const Workflow& workflow, const Node& node);

// The changes. Each returns the positions of the nodes that changed, in order; what follows for other
// nodes and for the workflow is part of the change.

/// Ready → running. Precondition: ready.
std::vector<size_t> begin_node(Workflow& workflow, size_t position, int64_t now_ms);

/// Ready or running → done. Precondition: ready or running.
std::vector<size_t> complete_node(Workflow& workflow, size_t position, std::string output,
                                  int64_t now_ms);

/// Running → ready again after its backoff, or failed when no attempt is left. Precondition: running.
std::vector<size_t> fail_attempt(Workflow& workflow, size_t position, const std::string& why,
                                 int64_t now_ms);

/// Not final → skipped, with all that need it. Precondition: not final.
std::vector<size_t> skip_node(Workflow& workflow, size_t position, const std::string& why,
                              int64_t now_ms);

/// Whatever is not final → cancelled. Precondition: the workflow runs.
std::vector<size_t> cancel_workflow(Workflow& workflow, const std::string& why, int64_t now_ms);

}  // namespace thunderline::thunderchief
