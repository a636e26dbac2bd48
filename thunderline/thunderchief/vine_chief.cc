#include "thunderline/thunderchief/vine_chief.h"

#include <algorithm>
#include <limits>

namespace thunderline::thunderchief {
namespace {

enum Action { kAdvanceNode, kAdvanceBatch, kRecoverStalled, kCompactGraph, kCheckpoint, kWait };

float saturating(size_t count) {
  const auto value = static_cast<double>(count);
  return static_cast<float>(value / (value + 100.0));
}

NodeStart make_start(const Workflow& workflow, const Node& node) {
  NodeStart start{workflow.id,   node.name,  node.kind, effect_key(workflow, node),
                  node.attempts, node.input, {}};
  for (const size_t need : node.needs) {
    start.needs.push_back({workflow.nodes[need].name, workflow.nodes[need].output});
  }
  return start;
}

}  // namespace

Result<std::unique_ptr<VineChief>> VineChief::create(Options options, WorkflowStore store,
                                                     NodeRunner& runner, const Clock& clock) {
  std::unique_ptr<VineChief> chief(new VineChief(options, std::move(store), runner, clock));
  TL_ASSIGN_OR_RETURN(chief->running_, chief->store_.load_running());
  for (const Workflow& workflow : chief->running_) {
    for (const Node& node : workflow.nodes) {
      if (node.state == NodeState::kRunning) chief->orphans_.insert(effect_key(workflow, node));
    }
  }
  TL_ASSIGN_OR_RETURN(const auto ids,
                      chief->store_.compactable(std::numeric_limits<int64_t>::max(),
                                                std::numeric_limits<int32_t>::max()));
  for (const std::string& id : ids) {
    TL_ASSIGN_OR_RETURN(const Workflow workflow, chief->store_.load(id));
    chief->finished_.push_back({id, workflow.finished_ms});
  }
  return chief;
}

Workflow* VineChief::find(const std::string& id) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const Workflow& workflow) { return workflow.id == id; });
  return found == running_.end() ? nullptr : &*found;
}

Status VineChief::change(const std::string& id, const Change& change,
                         const WithinTransaction& also) {
  Workflow* workflow = find(id);
  TL_CHECK(workflow != nullptr);
  Workflow next = *workflow;
  const std::vector<size_t> changed = change(next);
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(store_.database()));
  TL_RETURN_IF_ERROR(store_.update(next, changed));
  if (also) TL_RETURN_IF_ERROR(also(store_.database()));
  TL_RETURN_IF_ERROR(transaction.commit());
  ++transitions_;
  for (const size_t position : changed) {
    if (next.nodes[position].state == NodeState::kRunning) continue;
    orphans_.erase(effect_key(next, next.nodes[position]));
  }
  *workflow = std::move(next);
  if (workflow->state == WorkflowState::kRunning) return {};
  const Workflow over = std::move(*workflow);
  running_.erase(running_.begin() + (workflow - running_.data()));
  finished_.push_back({over.id, over.finished_ms});
  if (on_finished_) on_finished_(over);
  return {};
}

Status VineChief::submit(const WorkflowSpec& spec) {
  TL_ASSIGN_OR_RETURN(Workflow workflow, make_workflow(spec, now_ms()));
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(store_.database()));
  TL_RETURN_IF_ERROR(store_.insert(workflow));
  TL_RETURN_IF_ERROR(transaction.commit());
  ++transitions_;
  running_.push_back(std::move(workflow));
  return {};
}

Status VineChief::report(const NodeReport& report, const WithinTransaction& also) {
  const auto unknown = [&] {
    return fail(ErrorCode::kNotFound, "there is no such node",
                "workflow \"" + report.workflow + "\", node \"" + report.node + "\"");
  };
  TL_ASSIGN_OR_RETURN(const Workflow known, workflow(report.workflow));
  const auto position = known.find(report.node);
  if (!position) return unknown();
  const Node& node = known.nodes[*position];
  if (is_final(node.state)) return {};
  const int64_t now = now_ms();
  if (report.kind == NodeReport::Kind::kSkipped) {
    return change(report.workflow,
                  [&](Workflow& w) { return skip_node(w, *position, report.why, now); }, also);
  }
  if (report.kind == NodeReport::Kind::kDone) {
    if (node.state == NodeState::kPending) {
      return fail(ErrorCode::kInvalidArgument, "the node is done before it could begin",
                  "workflow \"" + report.workflow + "\", node \"" + report.node + "\"");
    }
    return change(report.workflow,
                  [&](Workflow& w) { return complete_node(w, *position, report.output, now); },
                  also);
  }
  if (node.state != NodeState::kRunning || report.attempt != node.attempts) return {};
  return change(report.workflow,
                [&](Workflow& w) { return fail_attempt(w, *position, report.why, now); }, also);
}

Status VineChief::cancel(const std::string& id, const std::string& why) {
  TL_ASSIGN_OR_RETURN(const Workflow before, workflow(id));
  if (before.state != WorkflowState::kRunning) {
    return fail(ErrorCode::kRefused, std::string("the workflow is ") + name_of(before.state), id);
  }
  TL_RETURN_IF_ERROR(
      change(id, [&](Workflow& w) { return cancel_workflow(w, why, now_ms()); }));
  for (const Node& node : before.nodes) {
    if (node.state == NodeState::kRunning) runner_.cancel(effect_key(before, node));
  }
  return {};
}

Result<Workflow> VineChief::workflow(const std::string& id) {
  if (const Workflow* running = find(id)) return *running;
  return store_.load(id);
}

Status VineChief::begin_tick(int64_t /*tick*/) { return {}; }

bool VineChief::stalled(const Workflow& workflow, const Node& node, int64_t now) const {
  if (node.state != NodeState::kRunning) return false;
  const bool late = node.deadline_ms > 0 && node.deadline_ms <= now;
  return late || orphans_.contains(effect_key(workflow, node));
}

std::vector<VineChief::Place> VineChief::ready_nodes() const {
  const int64_t now = now_ms();
  std::vector<Place> places;
  for (const Workflow& workflow : running_) {
    for (size_t i = 0; i < workflow.nodes.size(); ++i) {
      const Node& node = workflow.nodes[i];
      if (node.state == NodeState::kReady && node.ready_at_ms <= now) {
        places.push_back({workflow.id, i});
      }
    }
  }
  return places;
}

std::vector<VineChief::Place> VineChief::stalled_nodes() const {
  const int64_t now = now_ms();
  std::vector<Place> places;
  for (const Workflow& workflow : running_) {
    for (size_t i = 0; i < workflow.nodes.size(); ++i) {
      if (stalled(workflow, workflow.nodes[i], now)) places.push_back({workflow.id, i});
    }
  }
  return places;
}

size_t VineChief::running_nodes() const {
  size_t count = 0;
  for (const Workflow& workflow : running_) {
    count += static_cast<size_t>(
        std::count_if(workflow.nodes.begin(), workflow.nodes.end(),
                      [](const Node& node) { return node.state == NodeState::kRunning; }));
  }
  return count;
}

size_t VineChief::room() const {
  const size_t running = running_nodes();
  return running < options_.max_running ? options_.max_running - running : 0;
}

bool VineChief::compaction_due() const {
  return !finished_.empty() &&
         finished_.front().finished_ms + options_.compact_after_ms <= now_ms();
}

std::vector<float> VineChief::observe_state() const {
  return {saturating(running_.size()),        saturating(ready_nodes().size()),
          saturating(running_nodes()),        saturating(stalled_nodes().size()),
          saturating(finished_.size()),       room() > 0 ? 1.0f : 0.0f,
          transitions_ >= options_.checkpoint_every ? 1.0f : 0.0f};
}

int VineChief::choose_action(std::span<const float> /*state*/) {
  if (!stalled_nodes().empty()) return kRecoverStalled;
  const size_t startable = std::min(ready_nodes().size(), room());
  if (startable > 1 && options_.max_batch > 1) return kAdvanceBatch;
  if (startable > 0) return kAdvanceNode;
  if (compaction_due()) return kCompactGraph;
  return transitions_ >= options_.checkpoint_every ? kCheckpoint : kWait;
}

ChiefOutcome VineChief::apply_action(int action) {
  switch (action) {
    case kAdvanceNode: return advance(1);
    case kAdvanceBatch: return advance(options_.max_batch);
    case kRecoverStalled: return recover_stalled();
    case kCompactGraph: return compact_graph();
    case kCheckpoint: return checkpoint();
    default: return ChiefOutcome::noop();
  }
}

Status VineChief::begin(const Place& place) {
  TL_RETURN_IF_ERROR(change(place.workflow, [&](Workflow& workflow) {
    return begin_node(workflow, place.position, now_ms());
  }));
  return launch(place);
}

/// Hands a running node to the runner; that it cannot begin is a failed attempt.
Status VineChief::launch(const Place& place) {
  const Workflow* workflow = find(place.workflow);
  TL_CHECK(workflow != nullptr);
  const NodeStart start = make_start(*workflow, workflow->nodes[place.position]);
  const Status started = runner_.start(start);
  if (started) return {};
  return report({start.workflow, start.node, start.attempt, NodeReport::Kind::kFailed, "",
                 to_string(started.error())});
}

ChiefOutcome VineChief::advance(size_t most) {
  size_t count = 0;
  for (const Place& place : ready_nodes()) {
    // A runner that reports at once may have changed what follows.
    const Workflow* workflow = find(place.workflow);
    if (workflow == nullptr || workflow->nodes[place.position].state != NodeState::kReady) continue;
    if (count == most || room() == 0) break;
    if (Status begun = begin(place); !begun) return ChiefOutcome::failed(begun.error());
    ++count;
  }
  return ChiefOutcome::success(std::to_string(count) + " nodes started");
}

ChiefOutcome VineChief::recover_stalled() {
  size_t count = 0;
  for (const Place& place : stalled_nodes()) {
    const Workflow* workflow = find(place.workflow);
    if (workflow == nullptr) continue;  // The end of another node has ended it.
    if (!stalled(*workflow, workflow->nodes[place.position], now_ms())) continue;
    if (Status recovered = recover(place); !recovered) return ChiefOutcome::failed(recovered.error());
    ++count;
  }
  return ChiefOutcome::success(std::to_string(count) + " nodes recovered");
}

Status VineChief::recover(const Place& place) {
  const Workflow& workflow = *find(place.workflow);
  const Node& node = workflow.nodes[place.position];
  const std::string key = effect_key(workflow, node);
  const int64_t now = now_ms();
  if (orphans_.contains(key)) {
    // The process died, not the attempt: it goes on under its number, with its whole time.
    TL_RETURN_IF_ERROR(change(place.workflow, [&](Workflow& w) {
      Node& again = w.nodes[place.position];
      again.started_ms = now;
      again.deadline_ms = again.timeout_ms > 0 ? now + again.timeout_ms : 0;
      return std::vector<size_t>{place.position};
    }));
    orphans_.erase(key);
    return launch(place);
  }
  const std::string why = "no answer within " + std::to_string(node.timeout_ms) + " ms";
  TL_RETURN_IF_ERROR(change(place.workflow, [&](Workflow& w) {
    return fail_attempt(w, place.position, why, now);
  }));
  runner_.cancel(key);
  return {};
}

ChiefOutcome VineChief::compact_graph() {
  const std::string id = finished_.front().id;
  const auto compact = [&]() -> Status {
    TL_ASSIGN_OR_RETURN(const Workflow workflow, store_.load(id));
    TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(store_.database()));
    TL_RETURN_IF_ERROR(store_.compact(workflow));
    return transaction.commit();
  };
  if (Status compacted = compact(); !compacted) return ChiefOutcome::failed(compacted.error());
  finished_.pop_front();
  ++transitions_;
  return ChiefOutcome::success(id + " compacted");
}

ChiefOutcome VineChief::checkpoint() {
  if (Status done = store_.checkpoint(); !done) return ChiefOutcome::failed(done.error());
  transitions_ = 0;
  return ChiefOutcome::success("state.db checkpointed");
}

}  // namespace thunderline::thunderchief
