#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/state_store.h"
#include "thunderline/thunderchief/workflow/workflow.h"

namespace thunderline::thunderchief {

/// The workflows in `state.db`, tables `workflow` and `workflow_node`. Writes happen within a
/// transaction of the caller, so that a change is there with all its consequences or not at all.
/// Errors: those of the database; kBadData for rows that no workflow writes.
/// Thread-safety: one thread.
class WorkflowStore {
 public:
  /// Registers the tables. `store` must outlive this.
  static Result<WorkflowStore> open(StateStore& store);

  Database& database() { return *db_; }

  /// Errors: kRefused for an id that is taken.
  Status insert(const Workflow& workflow);

  /// Writes the workflow's own row and those of the nodes that changed.
  Status update(const Workflow& workflow, std::span<const size_t> changed);

  /// Folds a finished workflow's nodes into one row: names, states, attempts and reasons stay.
  Status compact(const Workflow& workflow);

  /// Errors: kNotFound.
  Result<Workflow> load(const std::string& id);

  /// Those that run, in the order in which they were made.
  Result<std::vector<Workflow>> load_running();

  /// Ids of at most `limit` finished ones that are not compacted, oldest first, that ended at
  /// `before_ms` or earlier.
  Result<std::vector<std::string>> compactable(int64_t before_ms, size_t limit);

  /// Copies the write-ahead log into the database file.
  Status checkpoint();

 private:
  explicit WorkflowStore(Database& db) : db_(&db) {}

  Status insert_node(SqlStatement& statement, const Workflow& workflow, size_t position);
  Result<std::vector<Node>> load_nodes(const std::string& id);
  Result<std::vector<std::string>> ids(SqlStatement& query);

  Database* db_;
};

}  // namespace thunderline::thunderchief
