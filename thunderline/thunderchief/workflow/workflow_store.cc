#include "thunderline/thunderchief/workflow/workflow_store.h"

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

const StatePart& part() {
  static const StatePart workflow{"workflow", {R"sql(
    CREATE TABLE workflow (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      why TEXT NOT NULL,
      created_ms INTEGER NOT NULL,
      finished_ms INTEGER NOT NULL,
      summary TEXT);
    CREATE INDEX workflow_by_state ON workflow (state, finished_ms);
    CREATE TABLE workflow_node (
      workflow TEXT NOT NULL REFERENCES workflow (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      input TEXT NOT NULL,
      needs TEXT NOT NULL,
      max_attempts INTEGER NOT NULL,
      backoff_ms INTEGER NOT NULL,
      max_backoff_ms INTEGER NOT NULL,
      timeout_ms INTEGER NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      ready_at_ms INTEGER NOT NULL,
      started_ms INTEGER NOT NULL,
      deadline_ms INTEGER NOT NULL,
      finished_ms INTEGER NOT NULL,
      output TEXT NOT NULL,
      why TEXT NOT NULL,
      PRIMARY KEY (workflow, position)) WITHOUT ROWID;
  )sql"}};
  return workflow;
}

using Text = std::string_view;

tl::unexpected<Error> bad_row(const std::string& id, const std::string& what) {
  return fail(ErrorCode::kBadData, "the stored workflow is damaged: " + what,
              "workflow \"" + id + "\"", "restore state.db from a copy");
}

/// Positions, each lower than the node's own.
Result<std::vector<size_t>> needs_from(const std::string& id, const Json& json, size_t position) {
  std::vector<size_t> needs;
  if (!json.is_array()) return bad_row(id, "needs");
  for (const Json& need : json) {
    if (!need.is_number_unsigned() || need.get<size_t>() >= position) return bad_row(id, "needs");
    needs.push_back(need.get<size_t>());
  }
  return needs;
}

Result<NodeState> state_from(const std::string& id, const std::string& text) {
  const auto state = node_state(text);
  if (!state) return bad_row(id, "the node state \"" + text + "\"");
  return *state;
}

std::string summary_of(const Workflow& workflow) {
  OrderedJson nodes = OrderedJson::array();
  for (const Node& node : workflow.nodes) {
    nodes.push_back({{"name", node.name},
                     {"kind", node.kind},
                     {"needs", node.needs},
                     {"state", name_of(node.state)},
                     {"attempts", node.attempts},
                     {"started_ms", node.started_ms},
                     {"finished_ms", node.finished_ms},
                     {"why", node.why}});
  }
  return dump_json(nodes);
}

Result<std::vector<Node>> nodes_from_summary(const std::string& id, const std::string& summary) {
  const std::string where = "workflow \"" + id + "\"";
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(summary, where));
  std::vector<Node> nodes;
  for (const Json& row : json) {
    Node node;
    TL_ASSIGN_OR_RETURN(node.name, json_string(row, "name", where));
    TL_ASSIGN_OR_RETURN(node.kind, json_string(row, "kind", where));
    TL_ASSIGN_OR_RETURN(const std::string state, json_string(row, "state", where));
    TL_ASSIGN_OR_RETURN(node.state, state_from(id, state));
    TL_ASSIGN_OR_RETURN(const int64_t attempts, json_integer(row, "attempts", where));
    node.attempts = static_cast<int>(attempts);
    TL_ASSIGN_OR_RETURN(node.started_ms, json_integer(row, "started_ms", where));
    TL_ASSIGN_OR_RETURN(node.finished_ms, json_integer(row, "finished_ms", where));
    TL_ASSIGN_OR_RETURN(node.why, json_string(row, "why", where));
    TL_ASSIGN_OR_RETURN(node.needs,
                        needs_from(id, row.value("needs", Json::array()), nodes.size()));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace

Result<WorkflowStore> WorkflowStore::open(StateStore& store) {
  TL_RETURN_IF_ERROR(store.register_part(part()));
  return WorkflowStore(store.database());
}

Status WorkflowStore::insert(const Workflow& workflow) {
  TL_ASSIGN_OR_RETURN(SqlStatement taken, db_->prepare("SELECT 1 FROM workflow WHERE id = ?"));
  TL_ASSIGN_OR_RETURN(const bool exists, taken.bind(1, Text(workflow.id)).step());
  if (exists) return fail(ErrorCode::kRefused, "there is a workflow of that id", workflow.id);
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("INSERT INTO workflow (id, name, state, why, created_ms, "
                                   "finished_ms) VALUES (?, ?, ?, ?, ?, ?)"));
  TL_RETURN_IF_ERROR(row.bind(1, Text(workflow.id))
                         .bind(2, Text(workflow.name))
                         .bind(3, Text(name_of(workflow.state)))
                         .bind(4, Text(workflow.why))
                         .bind(5, workflow.created_ms)
                         .bind(6, workflow.finished_ms)
                         .run());
  TL_ASSIGN_OR_RETURN(SqlStatement node,
                      db_->prepare("INSERT INTO workflow_node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                   "?, ?, ?, ?, ?, ?, ?, ?)"));
  for (size_t i = 0; i < workflow.nodes.size(); ++i) {
    TL_RETURN_IF_ERROR(insert_node(node, workflow, i));
  }
  return {};
}

Status WorkflowStore::insert_node(SqlStatement& statement, const Workflow& workflow,
                                  size_t position) {
  const Node& node = workflow.nodes[position];
  const std::string needs = dump_json(Json(node.needs));
  return statement.bind(1, Text(workflow.id))
      .bind(2, static_cast<int64_t>(position))
      .bind(3, Text(node.name))
      .bind(4, Text(node.kind))
      .bind(5, Text(node.input))
      .bind(6, Text(needs))
      .bind(7, int64_t{node.max_attempts})
      .bind(8, node.backoff_ms)
      .bind(9, node.max_backoff_ms)
      .bind(10, node.timeout_ms)
      .bind(11, Text(name_of(node.state)))
      .bind(12, int64_t{node.attempts})
      .bind(13, node.ready_at_ms)
      .bind(14, node.started_ms)
      .bind(15, node.deadline_ms)
      .bind(16, node.finished_ms)
      .bind(17, Text(node.output))
      .bind(18, Text(node.why))
      .run();
}

Status WorkflowStore::update(const Workflow& workflow, std::span<const size_t> changed) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_->prepare("UPDATE workflow SET state = ?2, why = ?3, finished_ms = ?4 WHERE id = ?1"));
  TL_RETURN_IF_ERROR(row.bind(1, Text(workflow.id))
                         .bind(2, Text(name_of(workflow.state)))
                         .bind(3, Text(workflow.why))
                         .bind(4, workflow.finished_ms)
                         .run());
  TL_ASSIGN_OR_RETURN(
      SqlStatement statement,
      db_->prepare("UPDATE workflow_node SET state = ?3, attempts = ?4, ready_at_ms = ?5, "
                   "started_ms = ?6, deadline_ms = ?7, finished_ms = ?8, output = ?9, why = ?10 "
                   "WHERE workflow = ?1 AND position = ?2"));
  for (const size_t position : changed) {
    const Node& node = workflow.nodes[position];
    TL_RETURN_IF_ERROR(statement.bind(1, Text(workflow.id))
                           .bind(2, static_cast<int64_t>(position))
                           .bind(3, Text(name_of(node.state)))
                           .bind(4, int64_t{node.attempts})
                           .bind(5, node.ready_at_ms)
                           .bind(6, node.started_ms)
                           .bind(7, node.deadline_ms)
                           .bind(8, node.finished_ms)
                           .bind(9, Text(node.output))
                           .bind(10, Text(node.why))
                           .run());
  }
  return {};
}

Status WorkflowStore::compact(const Workflow& workflow) {
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("UPDATE workflow SET summary = ?2 WHERE id = ?1"));
  const std::string summary = summary_of(workflow);
  TL_RETURN_IF_ERROR(row.bind(1, Text(workflow.id)).bind(2, Text(summary)).run());
  TL_ASSIGN_OR_RETURN(SqlStatement nodes,
                      db_->prepare("DELETE FROM workflow_node WHERE workflow = ?1"));
  return nodes.bind(1, Text(workflow.id)).run();
}

Result<Workflow> WorkflowStore::load(const std::string& id) {
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("SELECT name, state, why, created_ms, finished_ms, summary "
                                   "FROM workflow WHERE id = ?"));
  TL_ASSIGN_OR_RETURN(const bool found, row.bind(1, Text(id)).step());
  if (!found) return fail(ErrorCode::kNotFound, "there is no such workflow", id);
  Workflow workflow;
  workflow.id = id;
  workflow.name = row.text(0);
  const auto state = workflow_state(row.text(1));
  if (!state) return bad_row(id, "the state \"" + row.text(1) + "\"");
  workflow.state = *state;
  workflow.why = row.text(2);
  workflow.created_ms = row.integer(3);
  workflow.finished_ms = row.integer(4);
  workflow.compacted = !row.is_null(5);
  if (workflow.compacted) {
    TL_ASSIGN_OR_RETURN(workflow.nodes, nodes_from_summary(id, row.text(5)));
  } else {
    TL_ASSIGN_OR_RETURN(workflow.nodes, load_nodes(id));
  }
  return workflow;
}

Result<std::vector<Node>> WorkflowStore::load_nodes(const std::string& id) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_->prepare("SELECT position, name, kind, input, needs, max_attempts, backoff_ms, "
                   "max_backoff_ms, timeout_ms, state, attempts, ready_at_ms, started_ms, "
                   "deadline_ms, finished_ms, output, why FROM workflow_node "
                   "WHERE workflow = ? ORDER BY position"));
  row.bind(1, Text(id));
  std::vector<Node> nodes;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, row.step());
    if (!more) break;
    if (row.integer(0) != static_cast<int64_t>(nodes.size())) return bad_row(id, "a node is missing");
    Node node;
    node.name = row.text(1);
    node.kind = row.text(2);
    node.input = row.text(3);
    TL_ASSIGN_OR_RETURN(const Json needs, parse_json(row.text(4), "workflow \"" + id + "\""));
    TL_ASSIGN_OR_RETURN(node.needs, needs_from(id, needs, nodes.size()));
    node.max_attempts = static_cast<int>(row.integer(5));
    node.backoff_ms = row.integer(6);
    node.max_backoff_ms = row.integer(7);
    node.timeout_ms = row.integer(8);
    TL_ASSIGN_OR_RETURN(node.state, state_from(id, row.text(9)));
    node.attempts = static_cast<int>(row.integer(10));
    node.ready_at_ms = row.integer(11);
    node.started_ms = row.integer(12);
    node.deadline_ms = row.integer(13);
    node.finished_ms = row.integer(14);
    node.output = row.text(15);
    node.why = row.text(16);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<std::vector<std::string>> WorkflowStore::ids(SqlStatement& query) {
  std::vector<std::string> ids;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, query.step());
    if (!more) return ids;
    ids.push_back(query.text(0));
  }
}

Result<std::vector<Workflow>> WorkflowStore::load_running() {
  TL_ASSIGN_OR_RETURN(SqlStatement query, db_->prepare("SELECT id FROM workflow WHERE state = "
                                                       "'running' ORDER BY number"));
  TL_ASSIGN_OR_RETURN(const std::vector<std::string> found, ids(query));
  std::vector<Workflow> workflows;
  for (const std::string& id : found) {
    TL_ASSIGN_OR_RETURN(Workflow workflow, load(id));
    workflows.push_back(std::move(workflow));
  }
  return workflows;
}

Result<std::vector<std::string>> WorkflowStore::compactable(int64_t before_ms, size_t limit) {
  TL_ASSIGN_OR_RETURN(SqlStatement query,
                      db_->prepare("SELECT id FROM workflow WHERE state <> 'running' AND summary "
                                   "IS NULL AND finished_ms <= ? ORDER BY finished_ms, number "
                                   "LIMIT ?"));
  query.bind(1, before_ms).bind(2, static_cast<int64_t>(limit));
  return ids(query);
}

Status WorkflowStore::checkpoint() { return db_->execute("PRAGMA wal_checkpoint(PASSIVE)"); }

}  // namespace thunderline::thunderchief
