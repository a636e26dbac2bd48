#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/plan/plan.h"
#include "thunderline/thunderchief/state_store.h"

namespace thunderline::thunderchief {

/// The plans in `state.db`, tables `plan` and `plan_step`.
/// Errors: those of the database; kBadData for rows that no plan writes.
/// Thread-safety: one thread.
class PlanStore {
 public:
  /// What somebody outside the process that runs the plan asked for.
  struct CancelRequest {
    std::string id;
    std::string why;
  };

  /// Registers the tables. `store` must outlive this.
  static Result<PlanStore> open(StateStore& store);

  /// Writes a plan with all its steps, in one transaction. Errors: kRefused for a taken id.
  Status insert(const Plan& plan);

  /// Writes what differs between `before` and `after`, which are the same plan.
  Status update(const Plan& before, const Plan& after);

  /// Errors: kNotFound.
  Result<Plan> load(const std::string& id);

  /// Those that are not over, in the order in which they were made.
  Result<std::vector<Plan>> load_open();

  /// Every plan, in the order in which they were made.
  Result<std::vector<Plan>> load_all();

  /// Notes that a plan is to be cancelled by whoever runs it. Errors: kNotFound; kRefused when it is
  /// over.
  Status request_cancel(const std::string& id, const std::string& why);

  /// What was asked for and not done yet.
  Result<std::vector<CancelRequest>> cancel_requests();

  /// Changes whenever another process has written to the database.
  Result<int64_t> data_version();

 private:
  explicit PlanStore(Database& db) : db_(&db) {}

  Result<std::vector<Plan>> load_where(const std::string& condition);
  Status load_steps(Plan& plan);
  Status write_plan_row(const Plan& plan);
  Status write_step(const Plan& plan, size_t position);

  Database* db_;
};

}  // namespace thunderline::thunderchief
