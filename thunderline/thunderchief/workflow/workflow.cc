#include "thunderline/thunderchief/workflow/workflow.h"

#include <algorithm>

namespace thunderline::thunderchief {
namespace {

struct NodeName {
  NodeState state;
  const char* name;
};
constexpr NodeName kNodeNames[] = {
    {NodeState::kPending, "pending"}, {NodeState::kReady, "ready"},
    {NodeState::kRunning, "running"}, {NodeState::kDone, "done"},
    {NodeState::kFailed, "failed"},   {NodeState::kSkipped, "skipped"},
    {NodeState::kCancelled, "cancelled"}};

struct WorkflowName {
  WorkflowState state;
  const char* name;
};
constexpr WorkflowName kWorkflowNames[] = {{WorkflowState::kRunning, "running"},
                                           {WorkflowState::kDone, "done"},
                                           {WorkflowState::kFailed, "failed"},
                                           {WorkflowState::kCancelled, "cancelled"}};

/// Doubles with each attempt and stays in range whatever the numbers are.
int64_t backoff(const Node& node) {
  int64_t wait = std::min(node.backoff_ms, node.max_backoff_ms);
  for (int attempt = 1; attempt < node.attempts && wait < node.max_backoff_ms; ++attempt) {
    wait = wait > node.max_backoff_ms / 2 ? node.max_backoff_ms : wait * 2;
    if (wait == 0) break;
  }
  return wait;
}

void finish(Node& node, NodeState state, std::string why, int64_t now_ms) {
  node.state = state;
  node.why = std::move(why);
  node.deadline_ms = 0;
  node.finished_ms = now_ms;
}

/// What needs of a pending node say: ready, skipped (with the reason), or nothing yet.
bool follow(const Workflow& workflow, Node& node, int64_t now_ms) {
  bool all_done = true;
  for (const size_t need : node.needs) {
    const Node& other = workflow.nodes[need];
    if (other.state == NodeState::kDone) continue;
    all_done = false;
    if (!is_final(other.state)) continue;
    finish(node, NodeState::kSkipped, other.name + " is " + name_of(other.state), now_ms);
    return true;
  }
  if (!all_done) return false;
  node.state = NodeState::kReady;
  node.ready_at_ms = now_ms;
  return true;
}

void end_if_over(Workflow& workflow, int64_t now_ms) {
  const Node* failed = nullptr;
  bool cancelled = false;
  for (const Node& node : workflow.nodes) {
    if (!is_final(node.state)) return;
    if (node.state == NodeState::kFailed && failed == nullptr) failed = &node;
    cancelled = cancelled || node.state == NodeState::kCancelled;
  }
  workflow.finished_ms = now_ms;
  if (cancelled) {
    workflow.state = WorkflowState::kCancelled;
  } else if (failed != nullptr) {
    workflow.state = WorkflowState::kFailed;
    workflow.why = failed->name + ": " + failed->why;
  } else {
    workflow.state = WorkflowState::kDone;
  }
}

/// Draws the consequences of a change at `position`. One pass is enough: needs point backwards.
std::vector<size_t> settle(Workflow& workflow, size_t position, int64_t now_ms) {
  std::vector<size_t> changed = {position};
  for (size_t i = position + 1; i < workflow.nodes.size(); ++i) {
    Node& node = workflow.nodes[i];
    if (node.state == NodeState::kPending && follow(workflow, node, now_ms)) changed.push_back(i);
  }
  end_if_over(workflow, now_ms);
  return changed;
}

}  // namespace

const char* name_of(NodeState state) {
  for (const NodeName& known : kNodeNames) {
    if (known.state == state) return known.name;
  }
  return "";
}

const char* name_of(WorkflowState state) {
  for (const WorkflowName& known : kWorkflowNames) {
    if (known.state == state) return known.name;
  }
  return "";
}

std::optional<NodeState> node_state(std::string_view name) {
  for (const NodeName& known : kNodeNames) {
    if (name == known.name) return known.state;
  }
  return std::nullopt;
}

std::optional<WorkflowState> workflow_state(std::string_view name) {
  for (const WorkflowName& known : kWorkflowNames) {
    if (name == known.name) return known.state;
  }
  return std::nullopt;
}

bool is_final(NodeState state) {
  return state != NodeState::kPending && state != NodeState::kReady &&
         state != NodeState::kRunning;
}

std::optional<size_t> Workflow::find(std::string_view node) const {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].name == node) return i;
  }
  return std::nullopt;
}

std::string effect_key(const Workflow& workflow, const Node& node) {
  return workflow.id + "/" + node.name;
}

std::vector<size_t> begin_node(Workflow& workflow, size_t position, int64_t now_ms) {
  Node& node = workflow.nodes[position];
  TL_CHECK(node.state == NodeState::kReady);
  node.state = NodeState::kRunning;
  ++node.attempts;
  node.started_ms = now_ms;
  node.deadline_ms = node.timeout_ms > 0 ? now_ms + node.timeout_ms : 0;
  node.why.clear();
  return {position};
}

std::vector<size_t> complete_node(Workflow& workflow, size_t position, std::string output,
                                  int64_t now_ms) {
  Node& node = workflow.nodes[position];
  TL_CHECK(node.state == NodeState::kReady || node.state == NodeState::kRunning);
  node.output = std::move(output);
  finish(node, NodeState::kDone, "", now_ms);
  return settle(workflow, position, now_ms);
}

std::vector<size_t> fail_attempt(Workflow& workflow, size_t position, const std::string& why,
                                 int64_t now_ms) {
  Node& node = workflow.nodes[position];
  TL_CHECK(node.state == NodeState::kRunning);
  if (node.attempts >= node.max_attempts) {
    finish(node, NodeState::kFailed, why, now_ms);
    return settle(workflow, position, now_ms);
  }
  node.state = NodeState::kReady;
  node.ready_at_ms = now_ms + backoff(node);
  node.deadline_ms = 0;
  node.why = "attempt " + std::to_string(node.attempts) + " of " +
             std::to_string(node.max_attempts) + " failed: " + why;
  return {position};
}

std::vector<size_t> skip_node(Workflow& workflow, size_t position, const std::string& why,
                              int64_t now_ms) {
  Node& node = workflow.nodes[position];
  TL_CHECK(!is_final(node.state));
  finish(node, NodeState::kSkipped, why, now_ms);
  return settle(workflow, position, now_ms);
}

std::vector<size_t> cancel_workflow(Workflow& workflow, const std::string& why, int64_t now_ms) {
  TL_CHECK(workflow.state == WorkflowState::kRunning);
  std::vector<size_t> changed;
  for (size_t i = 0; i < workflow.nodes.size(); ++i) {
    if (is_final(workflow.nodes[i].state)) continue;
    finish(workflow.nodes[i], NodeState::kCancelled, why, now_ms);
    changed.push_back(i);
  }
  workflow.why = why;
  end_if_over(workflow, now_ms);
  return changed;
}

}  // namespace thunderline::thunderchief
