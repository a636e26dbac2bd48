#include "thunderline/thunderchief/orchestrator/training_plan.h"

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kGoal = "train_model";
constexpr const char* kTask = "run_workflow";

std::string to_json(const Curriculum& curriculum) {
  return dump_json(OrderedJson{{"model", curriculum.model},
                               {"version", curriculum.version},
                               {"tick", curriculum.tick},
                               {"hold_out", curriculum.hold_out},
                               {"trials", curriculum.training.trials},
                               {"epochs", curriculum.training.epochs},
                               {"seed", curriculum.training.seed},
                               {"reason", curriculum.reason}});
}

/// The named fields of `json`, as text.
std::string part_of(const Json& json, std::initializer_list<const char*> fields) {
  OrderedJson part = OrderedJson::object();
  for (const char* field : fields) part[field] = json.value(field, Json());
  return dump_json(part);
}

}  // namespace

std::string training_plan_id(const std::string& model, int version) {
  return model + "-" + std::to_string(version);
}

StepSpec training_goal(const Curriculum& curriculum) {
  StepSpec goal;
  goal.kind = StepKind::kGoal;
  goal.name = "train " + curriculum.model + " " + std::to_string(curriculum.version);
  goal.task = kGoal;
  goal.input = to_json(curriculum);
  return goal;
}

Result<StepSpec> expand_training(const PlanStep& goal) {
  if (goal.task != kGoal) {
    return fail(ErrorCode::kInvalidArgument, "nobody knows how to reach the goal", goal.task);
  }
  StepSpec pipeline;
  pipeline.name = "pipeline";
  pipeline.task = kTask;
  pipeline.input = goal.input;
  StepSpec curriculum;
  curriculum.name = "curriculum";
  curriculum.kind = StepKind::kSequence;
  curriculum.steps = {pipeline};
  return curriculum;
}

Result<WorkflowSpec> training_workflow(const std::string& id, const std::string& input) {
  const std::string where = "plan \"" + id + "\"";
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(input, where));
  if (!json.is_object()) return fail(ErrorCode::kBadData, "expected a curriculum", where);
  WorkflowSpec spec{id, "training", {}};
  const auto add = [&](const char* name, std::initializer_list<const char*> fields) {
    NodeSpec node;
    node.name = name;
    node.kind = name;
    node.input = part_of(json, fields);
    if (!spec.nodes.empty()) node.needs = {spec.nodes.back().name};
    spec.nodes.push_back(std::move(node));
  };
  add("collect", {"tick", "hold_out"});
  add("feature", {"hold_out"});
  add("tpe", {"trials", "seed"});
  add("train", {"epochs", "seed"});
  add("evaluate", {"model"});
  add("export", {"model", "version"});
  add("deploy", {"model", "version"});
  return spec;
}

}  // namespace thunderline::thunderchief
