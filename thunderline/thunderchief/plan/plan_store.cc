#include "thunderline/thunderchief/plan/plan_store.h"

namespace thunderline::thunderchief {
namespace {

const StatePart& part() {
  static const StatePart plan{"plan", {R"sql(
    CREATE TABLE plan (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      why TEXT NOT NULL,
      created_ms INTEGER NOT NULL,
      finished_ms INTEGER NOT NULL,
      rollback_scope INTEGER NOT NULL,
      cancel_why TEXT);
    CREATE TABLE plan_step (
      plan TEXT NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      parent INTEGER NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      task TEXT NOT NULL,
      input TEXT NOT NULL,
      undo TEXT NOT NULL,
      undo_input TEXT NOT NULL,
      state TEXT NOT NULL,
      undo_attempts INTEGER NOT NULL,
      done_order INTEGER NOT NULL,
      started_ms INTEGER NOT NULL,
      finished_ms INTEGER NOT NULL,
      output TEXT NOT NULL,
      why TEXT NOT NULL,
      PRIMARY KEY (plan, position)) WITHOUT ROWID;
  )sql"}};
  return plan;
}

using Text = std::string_view;

tl::unexpected<Error> bad_row(const std::string& id, const std::string& what) {
  return fail(ErrorCode::kBadData, "the stored plan is damaged: " + what, "plan \"" + id + "\"",
              "restore state.db from a copy");
}

}  // namespace

Result<PlanStore> PlanStore::open(StateStore& store) {
  TL_RETURN_IF_ERROR(store.register_part(part()));
  return PlanStore(store.database());
}

Status PlanStore::write_plan_row(const Plan& plan) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_->prepare("INSERT INTO plan (id, name, state, why, created_ms, finished_ms, "
                   "rollback_scope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE "
                   "SET state = ?3, why = ?4, finished_ms = ?6, rollback_scope = ?7"));
  return row.bind(1, Text(plan.id))
      .bind(2, Text(plan.name))
      .bind(3, Text(name_of(plan.state)))
      .bind(4, Text(plan.why))
      .bind(5, plan.created_ms)
      .bind(6, plan.finished_ms)
      .bind(7, plan.rollback_scope)
      .run();
}

Status PlanStore::write_step(const Plan& plan, size_t position) {
  const PlanStep& step = plan.steps[position];
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("INSERT OR REPLACE INTO plan_step VALUES (?, ?, ?, ?, ?, ?, ?, "
                                   "?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return row.bind(1, Text(plan.id))
      .bind(2, static_cast<int64_t>(position))
      .bind(3, step.parent)
      .bind(4, Text(step.name))
      .bind(5, Text(name_of(step.kind)))
      .bind(6, Text(step.task))
      .bind(7, Text(step.input))
      .bind(8, Text(step.undo))
      .bind(9, Text(step.undo_input))
      .bind(10, Text(name_of(step.state)))
      .bind(11, int64_t{step.undo_attempts})
      .bind(12, step.done_order)
      .bind(13, step.started_ms)
      .bind(14, step.finished_ms)
      .bind(15, Text(step.output))
      .bind(16, Text(step.why))
      .run();
}

Status PlanStore::insert(const Plan& plan) {
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(*db_));
  TL_ASSIGN_OR_RETURN(SqlStatement taken, db_->prepare("SELECT 1 FROM plan WHERE id = ?"));
  TL_ASSIGN_OR_RETURN(const bool exists, taken.bind(1, Text(plan.id)).step());
  if (exists) return fail(ErrorCode::kRefused, "there is a plan of that id", plan.id);
  TL_RETURN_IF_ERROR(write_plan_row(plan));
  for (size_t i = 0; i < plan.steps.size(); ++i) TL_RETURN_IF_ERROR(write_step(plan, i));
  return transaction.commit();
}

Status PlanStore::update(const Plan& before, const Plan& after) {
  TL_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::begin(*db_));
  TL_RETURN_IF_ERROR(write_plan_row(after));
  for (size_t i = 0; i < after.steps.size(); ++i) {
    if (i < before.steps.size() && before.steps[i] == after.steps[i]) continue;
    TL_RETURN_IF_ERROR(write_step(after, i));
  }
  return transaction.commit();
}

Result<std::vector<Plan>> PlanStore::load_where(const std::string& condition) {
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("SELECT id, name, state, why, created_ms, finished_ms, "
                                   "rollback_scope FROM plan WHERE " + condition +
                                   " ORDER BY number"));
  std::vector<Plan> plans;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, row.step());
    if (!more) break;
    Plan plan;
    plan.id = row.text(0);
    plan.name = row.text(1);
    const auto state = plan_state(row.text(2));
    if (!state) return bad_row(plan.id, "the state \"" + row.text(2) + "\"");
    plan.state = *state;
    plan.why = row.text(3);
    plan.created_ms = row.integer(4);
    plan.finished_ms = row.integer(5);
    plan.rollback_scope = row.integer(6);
    TL_RETURN_IF_ERROR(load_steps(plan));
    plans.push_back(std::move(plan));
  }
  return plans;
}

Status PlanStore::load_steps(Plan& plan) {
  TL_ASSIGN_OR_RETURN(
      SqlStatement row,
      db_->prepare("SELECT position, parent, name, kind, task, input, undo, undo_input, state, "
                   "undo_attempts, done_order, started_ms, finished_ms, output, why "
                   "FROM plan_step WHERE plan = ? ORDER BY position"));
  row.bind(1, Text(plan.id));
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, row.step());
    if (!more) break;
    const auto position = static_cast<int64_t>(plan.steps.size());
    PlanStep step;
    step.parent = row.integer(1);
    if (row.integer(0) != position) return bad_row(plan.id, "a step is missing");
    if (step.parent >= position || step.parent < (position == 0 ? -1 : 0)) {
      return bad_row(plan.id, "a step has no parent");
    }
    step.name = row.text(2);
    const auto kind = step_kind(row.text(3));
    const auto state = step_state(row.text(8));
    if (!kind || !state) return bad_row(plan.id, "the kind or state of \"" + step.name + "\"");
    step.kind = *kind;
    step.task = row.text(4);
    step.input = row.text(5);
    step.undo = row.text(6);
    step.undo_input = row.text(7);
    step.state = *state;
    step.undo_attempts = static_cast<int>(row.integer(9));
    step.done_order = row.integer(10);
    step.started_ms = row.integer(11);
    step.finished_ms = row.integer(12);
    step.output = row.text(13);
    step.why = row.text(14);
    plan.steps.push_back(std::move(step));
  }
  if (plan.steps.empty()) return bad_row(plan.id, "it has no steps");
  if (plan.rollback_scope >= static_cast<int64_t>(plan.steps.size())) {
    return bad_row(plan.id, "the scope of its rollback");
  }
  return {};
}

Result<Plan> PlanStore::load(const std::string& id) {
  // Names come from users: the id is looked up by a bound value, the row by its number.
  TL_ASSIGN_OR_RETURN(SqlStatement row, db_->prepare("SELECT number FROM plan WHERE id = ?"));
  TL_ASSIGN_OR_RETURN(const bool found, row.bind(1, Text(id)).step());
  if (!found) {
    return fail(ErrorCode::kNotFound, "there is no such plan", id,
                "thunderline plans list shows those there are");
  }
  TL_ASSIGN_OR_RETURN(std::vector<Plan> plans,
                      load_where("number = " + std::to_string(row.integer(0))));
  TL_CHECK(plans.size() == 1);
  return std::move(plans.front());
}

Result<std::vector<Plan>> PlanStore::load_open() {
  return load_where("state IN ('pending', 'running', 'rolling_back')");
}

Result<std::vector<Plan>> PlanStore::load_all() { return load_where("1"); }

Status PlanStore::request_cancel(const std::string& id, const std::string& why) {
  TL_ASSIGN_OR_RETURN(const Plan plan, load(id));
  if (is_final(plan.state)) {
    return fail(ErrorCode::kRefused, std::string("the plan is over: it is ") + name_of(plan.state),
                id);
  }
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("UPDATE plan SET cancel_why = ?2 WHERE id = ?1"));
  return row.bind(1, Text(id)).bind(2, Text(why)).run();
}

Result<std::vector<PlanStore::CancelRequest>> PlanStore::cancel_requests() {
  TL_ASSIGN_OR_RETURN(SqlStatement row,
                      db_->prepare("SELECT id, cancel_why FROM plan WHERE cancel_why IS NOT NULL "
                                   "AND state IN ('pending', 'running') ORDER BY number"));
  std::vector<CancelRequest> requests;
  while (true) {
    TL_ASSIGN_OR_RETURN(const bool more, row.step());
    if (!more) return requests;
    requests.push_back({row.text(0), row.text(1)});
  }
}

Result<int64_t> PlanStore::data_version() {
  TL_ASSIGN_OR_RETURN(SqlStatement row, db_->prepare("PRAGMA data_version"));
  TL_ASSIGN_OR_RETURN(const bool found, row.step());
  return found ? row.integer(0) : 0;
}

}  // namespace thunderline::thunderchief
