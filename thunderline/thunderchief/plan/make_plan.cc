#include <set>

#include "thunderline/thunderchief/plan/plan.h"

namespace thunderline::thunderchief {
namespace {

/// Checks a tree of steps and lays it out, parents first.
class Builder {
 public:
  explicit Builder(std::string plan) : plan_(std::move(plan)) {}

  Status add(const StepSpec& spec, int64_t parent, size_t depth) {
    TL_RETURN_IF_ERROR(check(spec, depth));
    const auto position = static_cast<int64_t>(first_ + steps.size());
    PlanStep step;
    step.parent = parent;
    step.name = spec.name;
    step.kind = spec.kind;
    step.task = spec.task;
    step.input = spec.input;
    step.undo = spec.undo;
    step.undo_input = spec.undo_input;
    steps.push_back(std::move(step));
    std::set<std::string> names;
    for (const StepSpec& child : spec.steps) {
      if (!names.insert(child.name).second) {
        return refuse(spec, "two of its steps are called \"" + child.name + "\"");
      }
      TL_RETURN_IF_ERROR(add(child, position, depth + 1));
    }
    return {};
  }

  /// Lays the tree out behind `count` steps that are there already.
  void behind(size_t count) { first_ = count; }

  std::vector<PlanStep> steps;

 private:
  tl::unexpected<Error> refuse(const StepSpec& spec, std::string why,
                               ErrorCode code = ErrorCode::kInvalidArgument) const {
    return fail(code, std::move(why), "plan \"" + plan_ + "\", step \"" + spec.name + "\"");
  }

  Status check(const StepSpec& spec, size_t depth) const {
    const bool leaf = spec.kind == StepKind::kTask || spec.kind == StepKind::kGoal;
    if (spec.name.empty()) return refuse(spec, "a step has no name");
    if (leaf && spec.task.empty()) return refuse(spec, "it does not say what is to be done");
    if (leaf && !spec.steps.empty()) return refuse(spec, "a task or goal has no steps of its own");
    if (!leaf && spec.steps.empty()) return refuse(spec, "it has no steps");
    if (depth >= kMaxDepth) {
      return refuse(spec, "steps lie deeper than " + std::to_string(kMaxDepth),
                    ErrorCode::kResourceLimit);
    }
    if (first_ + steps.size() >= kMaxSteps) {
      return refuse(spec, "there are more than " + std::to_string(kMaxSteps) + " steps",
                    ErrorCode::kResourceLimit);
    }
    return {};
  }

  std::string plan_;
  size_t first_ = 0;
};

size_t depth_of(const Plan& plan, size_t position) {
  size_t depth = 0;
  for (int64_t up = plan.steps[position].parent; up >= 0; ++depth) {
    up = plan.steps[static_cast<size_t>(up)].parent;
  }
  return depth;
}

}  // namespace

Result<Plan> make_plan(const std::string& id, const StepSpec& root, const std::string& why,
                       int64_t now_ms) {
  if (id.empty()) return fail(ErrorCode::kInvalidArgument, "a plan needs an id", root.name);
  Builder builder(id);
  TL_RETURN_IF_ERROR(builder.add(root, -1, 0));
  Plan plan;
  plan.id = id;
  plan.name = root.name;
  plan.why = why;
  plan.created_ms = now_ms;
  plan.steps = std::move(builder.steps);
  plan.steps[0].why = why;
  return plan;
}

Status expand_goal(Plan& plan, size_t position, const StepSpec& tree, int64_t now_ms) {
  TL_CHECK(plan.steps[position].kind == StepKind::kGoal);
  Builder builder(plan.id);
  builder.behind(plan.steps.size());
  TL_RETURN_IF_ERROR(
      builder.add(tree, static_cast<int64_t>(position), depth_of(plan, position) + 1));
  begin_task(plan, position, now_ms);
  plan.steps[position].why = "expanded into " + tree.name;
  for (PlanStep& step : builder.steps) plan.steps.push_back(std::move(step));
  return {};
}

}  // namespace thunderline::thunderchief
