#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderchief/plan_desk.h"

namespace thunderline::cli {
namespace {

namespace chief = thunderchief;

std::string state_path(const Session& session) { return join_path(session.home, "state.db"); }

/// The home's plans. A home without a state.db has none, and gets none by being looked at.
struct Plans {
  std::unique_ptr<chief::StateStore> state;
  std::optional<chief::PlanStore> plans;
  std::optional<chief::WorkflowStore> workflows;
};

Result<Plans> open_plans(const Session& session) {
  Plans home;
  if (!session.files.exists(state_path(session))) return home;
  TL_ASSIGN_OR_RETURN(home.state, chief::StateStore::open(state_path(session)));
  TL_ASSIGN_OR_RETURN(home.plans, chief::PlanStore::open(*home.state));
  TL_ASSIGN_OR_RETURN(home.workflows, chief::WorkflowStore::open(*home.state));
  return home;
}

tl::unexpected<Error> no_such_plan(const std::string& id) {
  return fail(ErrorCode::kNotFound, "there is no such plan", id,
              "thunderline plans list shows those there are");
}

std::string age(const Session& session, int64_t then_ms) {
  const int64_t seconds = std::max<int64_t>(0, (session.clock.unix_ms() - then_ms) / 1000);
  if (seconds < 120) return std::to_string(seconds) + " s ago";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min ago";
  if (seconds < 172800) return std::to_string(seconds / 3600) + " h ago";
  return std::to_string(seconds / 86400) + " days ago";
}

OrderedJson json_of(const chief::Plan& plan) {
  return {
      {"id", plan.id},
      {"name", plan.name},
      {"state", name_of(plan.state)},
      {"why", plan.why},
      {"created_unix_ms", plan.created_ms},
      {"finished_unix_ms", plan.finished_ms > 0 ? OrderedJson(plan.finished_ms) : OrderedJson()}};
}

Status list_plans(const Session& session) {
  TL_ASSIGN_OR_RETURN(Plans home, open_plans(session));
  std::vector<chief::Plan> plans;
  if (home.plans) {
    TL_ASSIGN_OR_RETURN(plans, home.plans->load_all());
  }
  OrderedJson list = OrderedJson::array();
  Table table({"PLAN", "STATE", "MADE", "WHY"});
  for (const chief::Plan& plan : plans) {
    list.push_back(json_of(plan));
    table.add({plan.id, name_of(plan.state), age(session, plan.created_ms), plan.why});
  }
  if (session.json) return print_line(dump_json(OrderedJson{{"plans", std::move(list)}}));
  return print_line(plans.empty() ? "no plans in " + session.home : table.text());
}

OrderedJson json_of(const chief::Workflow& workflow) {
  OrderedJson nodes = OrderedJson::array();
  for (const chief::Node& node : workflow.nodes) {
    OrderedJson needs = OrderedJson::array();
    for (const size_t need : node.needs) needs.push_back(workflow.nodes[need].name);
    nodes.push_back({{"name", node.name},
                     {"kind", node.kind},
                     {"needs", std::move(needs)},
                     {"state", name_of(node.state)},
                     {"attempts", node.attempts},
                     {"why", node.why}});
  }
  return {{"id", workflow.id},
          {"state", name_of(workflow.state)},
          {"why", workflow.why},
          {"nodes", std::move(nodes)}};
}

/// Prints a plan as a tree, by the way collecting the same as JSON.
class PlanPrinter {
 public:
  PlanPrinter(const chief::Plan& plan, chief::WorkflowStore& workflows)
      : plan_(plan), workflows_(workflows) {}

  Result<OrderedJson> step(size_t position, size_t depth) {
    const chief::PlanStep& step = plan_.steps[position];
    row(depth, step.name, name_of(step.state), step.why);
    OrderedJson json = {{"name", step.name},
                        {"kind", name_of(step.kind)},
                        {"state", name_of(step.state)},
                        {"why", step.why}};
    if (!step.task.empty()) json["task"] = step.task;
    if (!step.input.empty()) json["input"] = step.input;
    if (step.kind == chief::StepKind::kTask) {
      TL_RETURN_IF_ERROR(workflow(position, depth + 1, json));
    }
    json["steps"] = OrderedJson::array();
    for (const size_t child : plan_.children(position)) {
      TL_ASSIGN_OR_RETURN(OrderedJson below, this->step(child, depth + 1));
      json["steps"].push_back(std::move(below));
    }
    return json;
  }

  std::string text() const { return table_.text(); }

 private:
  void row(size_t depth, const std::string& name, const char* state, const std::string& why) {
    table_.add({std::string(2 * depth, ' ') + name, state, why});
  }

  /// The workflow that the task runs, where it has been begun.
  Status workflow(size_t position, size_t depth, OrderedJson& json) {
    auto found = workflows_.load(chief::effect_key(plan_, position, false));
    if (!found && found.error().code == ErrorCode::kNotFound) return {};
    TL_ASSIGN_OR_RETURN(const chief::Workflow workflow, std::move(found));
    for (const chief::Node& node : workflow.nodes) {
      row(depth, node.name, name_of(node.state), node.why);
    }
    json["workflow"] = json_of(workflow);
    return {};
  }

  const chief::Plan& plan_;
  chief::WorkflowStore& workflows_;
  Table table_{{"STEP", "STATE", "WHY"}};
};

Status show_plan(const Session& session, const std::string& id) {
  TL_ASSIGN_OR_RETURN(Plans home, open_plans(session));
  if (!home.plans) return no_such_plan(id);
  TL_ASSIGN_OR_RETURN(const chief::Plan plan, home.plans->load(id));
  PlanPrinter printer(plan, *home.workflows);
  TL_ASSIGN_OR_RETURN(OrderedJson root, printer.step(0, 0));
  if (session.json) {
    OrderedJson json = json_of(plan);
    json["root"] = std::move(root);
    return print_line(dump_json(json));
  }
  return print_line(plan.id + " is " + name_of(plan.state) +
                    (plan.why.empty() ? "" : ": " + plan.why) + "\n\n" + printer.text());
}

Status cancel_plan(const Session& session, const std::string& id) {
  if (!session.files.exists(state_path(session))) return no_such_plan(id);
  // A run holds the home: then it is the one to cancel, for it must stop the training too.
  const auto lock = session.files.lock(join_path(session.home, "LOCK"));
  if (!lock && lock.error().code != ErrorCode::kRefused) return tl::unexpected<Error>(lock.error());
  TL_RETURN_IF_ERROR(
      chief::cancel_from_outside(state_path(session), session.clock, id, lock.has_value()));
  const char* state = lock ? "cancelled" : "requested";
  if (session.json) return print_line(dump_json(OrderedJson{{"id", id}, {"cancel", state}}));
  return print_line(lock ? id + " is cancelled"
                         : id + ": the run that works on it was asked to cancel it");
}

using PlanAction = Status (*)(const Session&, const std::string&);

void add_action(Command parent, Session& session, const char* name, const char* help,
                PlanAction action) {
  Command command = parent.add_subcommand(name, help);
  command.footer(std::string("Example:\n  thunderline plans ") + name + " agent_scoring-1");
  auto id = std::make_shared<std::string>();
  command.add_option("id", *id, "The plan's id, as plans list shows it").required().type_name("ID");
  command.callback([&session, id, action] {
    session.action = [&session, id, action] { return action(session, *id); };
  });
}

}  // namespace

void add_plans(Command app, Session& session) {
  Command command = app.add_subcommand("plans", "What a run plans, how far it is, and why");
  command.require_subcommand();
  command.footer("Example:\n  thunderline plans list");
  Command list = command.add_subcommand("list", "Every plan, oldest first");
  list.footer("Example:\n  thunderline plans list --json");
  list.callback([&session] { session.action = [&session] { return list_plans(session); }; });
  add_action(command, session, "show", "A plan with its steps, and why each is as it is",
             show_plan);
  add_action(command, session, "cancel", "Stops a plan and undoes what it did", cancel_plan);
}

}  // namespace thunderline::cli
