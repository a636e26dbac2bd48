#include <algorithm>
#include <map>
#include <queue>

#include "thunderline/thunderchief/workflow/workflow.h"

namespace thunderline::thunderchief {
namespace {

constexpr int kMaxCopies = 1000;
constexpr int kMaxRounds = 1000;
constexpr size_t kMaxNeeds = 1'000'000;

using Positions = std::vector<size_t>;

std::string place(const WorkflowSpec& spec, const NodeSpec& node) {
  return "workflow \"" + spec.id + "\", node \"" + node.name + "\"";
}

Status check_node(const WorkflowSpec& spec, const NodeSpec& node) {
  const auto in_range = [&](const char* field, int64_t value, int64_t low,
                            int64_t high) -> Status {
    if (value >= low && value <= high) return {};
    return fail(ErrorCode::kInvalidArgument,
                std::string(field) + " is " + std::to_string(value) + ", not in [" +
                    std::to_string(low) + ", " + std::to_string(high) + "]",
                place(spec, node));
  };
  constexpr int64_t kYearMs = 365ll * 24 * 3600 * 1000;
  if (node.name.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a node has no name", "workflow \"" + spec.id + "\"");
  }
  TL_RETURN_IF_ERROR(in_range("copies", node.copies, 1, kMaxCopies));
  TL_RETURN_IF_ERROR(in_range("rounds", node.rounds, 1, kMaxRounds));
  TL_RETURN_IF_ERROR(in_range("max_attempts", node.max_attempts, 1, 1'000'000));
  TL_RETURN_IF_ERROR(in_range("backoff_ms", node.backoff_ms, 0, kYearMs));
  TL_RETURN_IF_ERROR(in_range("max_backoff_ms", node.max_backoff_ms, 0, kYearMs));
  return in_range("timeout_ms", node.timeout_ms, 0, kYearMs);
}

tl::unexpected<Error> doubled_name(const WorkflowSpec& spec, const std::string& name) {
  return fail(ErrorCode::kInvalidArgument, "two nodes are called \"" + name + "\"",
              "workflow \"" + spec.id + "\"", "give each node a name of its own");
}

/// The nodes that each node needs, by position in the spec.
Result<std::vector<Positions>> resolve(const WorkflowSpec& spec) {
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    TL_RETURN_IF_ERROR(check_node(spec, spec.nodes[i]));
    if (!by_name.emplace(spec.nodes[i].name, i).second) {
      return doubled_name(spec, spec.nodes[i].name);
    }
  }
  std::vector<Positions> needs(spec.nodes.size());
  for (size_t i = 0; i < spec.nodes.size(); ++i) {
    for (const std::string& name : spec.nodes[i].needs) {
      const auto found = by_name.find(name);
      if (found == by_name.end()) {
        return fail(ErrorCode::kInvalidArgument, "it needs \"" + name + "\", which is not there",
                    place(spec, spec.nodes[i]));
      }
      needs[i].push_back(found->second);
    }
    std::sort(needs[i].begin(), needs[i].end());
    needs[i].erase(std::unique(needs[i].begin(), needs[i].end()), needs[i].end());
  }
  return needs;
}

/// Says which nodes need one another. Precondition: every node in `left` needs one in `left`, so
/// that whoever walks along the needs comes back to where he was.
std::string describe_cycle(const WorkflowSpec& spec, const std::vector<Positions>& needs,
                           const std::vector<bool>& left) {
  const auto next = [&](size_t node) {
    return *std::find_if(needs[node].begin(), needs[node].end(),
                         [&](size_t need) { return left[need]; });
  };
  size_t at = static_cast<size_t>(std::find(left.begin(), left.end(), true) - left.begin());
  std::vector<bool> seen(left.size(), false);
  for (; !seen[at]; at = next(at)) seen[at] = true;
  const size_t start = at;
  std::string text = spec.nodes[start].name;
  do {
    at = next(at);
    text += " needs " + spec.nodes[at].name;
  } while (at != start);
  return text;
}

/// An order in which each node comes after what it needs: the author's, as far as that is possible.
Result<Positions> sorted(const WorkflowSpec& spec, const std::vector<Positions>& needs) {
  std::vector<Positions> needed_by(needs.size());
  std::vector<size_t> open(needs.size());
  std::priority_queue<size_t, Positions, std::greater<>> ready;
  for (size_t i = 0; i < needs.size(); ++i) {
    open[i] = needs[i].size();
    if (open[i] == 0) ready.push(i);
    for (const size_t need : needs[i]) needed_by[need].push_back(i);
  }
  Positions order;
  std::vector<bool> left(needs.size(), true);
  while (!ready.empty()) {
    const size_t node = ready.top();
    ready.pop();
    order.push_back(node);
    left[node] = false;
    for (const size_t other : needed_by[node]) {
      if (--open[other] == 0) ready.push(other);
    }
  }
  if (order.size() == needs.size()) return order;
  return fail(ErrorCode::kInvalidArgument,
              "the nodes need one another in a circle: " + describe_cycle(spec, needs, left),
              "workflow \"" + spec.id + "\"", "take out one of these needs");
}

Node make_node(const NodeSpec& spec, int copy, int round) {
  Node node;
  node.name = spec.name;
  if (spec.copies > 1) node.name += "[" + std::to_string(copy) + "]";
  if (spec.rounds > 1) node.name += "#" + std::to_string(round + 1);
  node.kind = spec.kind;
  node.input = spec.input;
  node.max_attempts = spec.max_attempts;
  node.backoff_ms = spec.backoff_ms;
  node.max_backoff_ms = spec.max_backoff_ms;
  node.timeout_ms = spec.timeout_ms;
  return node;
}

/// Appends the copies and rounds of a node; returns the positions of each copy's last round.
Positions expand(Workflow& workflow, const NodeSpec& spec, const Positions& needs) {
  Positions last;
  for (int copy = 0; copy < spec.copies; ++copy) {
    for (int round = 0; round < spec.rounds; ++round) {
      Node node = make_node(spec, copy, round);
      node.needs = round == 0 ? needs : Positions{workflow.nodes.size() - 1};
      workflow.nodes.push_back(std::move(node));
    }
    last.push_back(workflow.nodes.size() - 1);
  }
  return last;
}

Status check_size(const WorkflowSpec& spec) {
  if (spec.nodes.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a workflow needs nodes",
                "workflow \"" + spec.id + "\"");
  }
  size_t count = 0;
  for (const NodeSpec& node : spec.nodes) {
    TL_RETURN_IF_ERROR(check_node(spec, node));
    count += static_cast<size_t>(node.copies) * static_cast<size_t>(node.rounds);
  }
  if (count <= kMaxNodes) return {};
  return fail(ErrorCode::kResourceLimit,
              std::to_string(count) + " nodes are more than " + std::to_string(kMaxNodes),
              "workflow \"" + spec.id + "\"", "make several workflows of it");
}

/// Copies can take the name of another node: "a" in two copies beside an "a[0]".
Status check_names(const WorkflowSpec& spec, const Workflow& workflow) {
  std::vector<std::string> names;
  for (const Node& node : workflow.nodes) names.push_back(node.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return doubled_name(spec, *twice);
  return {};
}

}  // namespace

Result<Workflow> make_workflow(const WorkflowSpec& spec, int64_t now_ms) {
  if (spec.id.empty()) return fail(ErrorCode::kInvalidArgument, "a workflow needs an id", spec.name);
  TL_RETURN_IF_ERROR(check_size(spec));
  TL_ASSIGN_OR_RETURN(const std::vector<Positions> needs, resolve(spec));
  TL_ASSIGN_OR_RETURN(const Positions order, sorted(spec, needs));

  Workflow workflow;
  workflow.id = spec.id;
  workflow.name = spec.name;
  workflow.created_ms = now_ms;
  std::vector<Positions> last(spec.nodes.size());
  size_t edges = 0;
  for (const size_t node : order) {
    Positions needed;
    for (const size_t need : needs[node]) {
      needed.insert(needed.end(), last[need].begin(), last[need].end());
    }
    edges += needed.size() * static_cast<size_t>(spec.nodes[node].copies);
    if (edges > kMaxNeeds) {
      return fail(ErrorCode::kResourceLimit,
                  "its copies need one another more than " + std::to_string(kMaxNeeds) + " times",
                  place(spec, spec.nodes[node]), "put a node that gathers between the copies");
    }
    last[node] = expand(workflow, spec.nodes[node], needed);
  }
  TL_RETURN_IF_ERROR(check_names(spec, workflow));
  for (Node& node : workflow.nodes) {
    if (!node.needs.empty()) continue;
    node.state = NodeState::kReady;
    node.ready_at_ms = now_ms;
  }
  return workflow;
}

}  // namespace thunderline::thunderchief
