#pragma once

#include <string>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderchief/plan/plan.h"
#include "thunderline/thunderchief/workflow/workflow.h"

/// A training as a plan: the goal that the planner sets becomes one task, which runs the workflow
/// collect → feature → tpe → train → evaluate → export → deploy.
namespace thunderline::thunderchief {

/// "agent_scoring-3": the plan of a model's third training.
std::string training_plan_id(const std::string& model, int version);

/// What the planner asks for, as the goal of a plan.
StepSpec training_goal(const Curriculum& curriculum);

/// The tree that the goal becomes. Errors: kInvalidArgument for a goal that is no training.
Result<StepSpec> expand_training(const PlanStep& goal);

/// The workflow that the task runs. `input`: as training_goal made it. Errors: kBadData.
Result<WorkflowSpec> training_workflow(const std::string& id, const std::string& input);

}  // namespace thunderline::thunderchief
