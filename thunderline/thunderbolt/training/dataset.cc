#include "thunderline/thunderbolt/training/dataset.h"

#include <algorithm>
#include <unordered_map>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbolt {
namespace {

/// Turns a logged step into an open ClosedStep: everything but its outcome.
Result<ClosedStep> open_step(const Step& step, const DatasetOptions& options) {
  const std::string where = "step " + step.id.to_string();
  if (static_cast<int64_t>(step.state.size()) != options.state_width) {
    return fail(ErrorCode::kBadData,
                "the state has " + std::to_string(step.state.size()) + " numbers, expected " +
                    std::to_string(options.state_width),
                where, "train on a log of one feature schema");
  }
  TL_ASSIGN_OR_RETURN(const Json metadata, parse_json(step.metadata, where));
  ClosedStep closed;
  closed.state = step.state;
  closed.action = step.action;
  TL_ASSIGN_OR_RETURN(closed.decided_tick, json_integer(metadata, "tick", where));
  closed.forced = metadata.value("forced", false);
  if (closed.forced) return closed;
  closed.propensity = step.propensity.value_or(1.0);
  TL_ASSIGN_OR_RETURN(closed.p_intervene, json_number(metadata, "p_quarantine", where));
  TL_ASSIGN_OR_RETURN(closed.review_rate, json_number(metadata, "review_rate", where));
  return closed;
}

}  // namespace

Result<Dataset> build_dataset(TrajectoryLogger& log, const DatasetOptions& options) {
  std::unordered_map<Uuid, ClosedStep> open;
  std::vector<ClosedStep> closed;
  ReplayOptions replay;
  replay.source = options.source;
  replay.kinds = {RecordKind::kStep, RecordKind::kOutcome};
  const auto visit = [&](uint64_t, const LogRecord& record) -> Status {
    if (const auto* step = std::get_if<Step>(&record)) {
      TL_ASSIGN_OR_RETURN(ClosedStep opened, open_step(*step, options));
      open.emplace(step->id, std::move(opened));
    } else if (const auto* outcome = std::get_if<Outcome>(&record)) {
      const auto it = open.find(outcome->step_id);
      if (it == open.end() || outcome->tick > options.until_tick) return {};
      ClosedStep& found = it->second;
      found.seen = outcome->seen;
      found.reward = outcome->reward;
      found.closed_tick = outcome->tick;
      closed.push_back(std::move(found));
      open.erase(it);
    }
    return {};
  };
  TL_RETURN_IF_ERROR(log.replay(replay, visit));

  std::stable_sort(closed.begin(), closed.end(), [](const ClosedStep& a, const ClosedStep& b) {
    if (a.closed_tick != b.closed_tick) return a.closed_tick < b.closed_tick;
    return a.decided_tick < b.decided_tick;
  });
  Dataset dataset;
  dataset.steps_read = closed.size();
  const size_t cut = closed.size() - std::min(options.hold_out, closed.size());
  for (size_t i = 0; i < closed.size(); ++i) {
    const bool held_out = i >= cut;
    if (held_out && !closed[i].forced) dataset.hold_out.push_back(std::move(closed[i]));
    if (!held_out && closed[i].seen) dataset.training.push_back(std::move(closed[i]));
  }
  return dataset;
}

}  // namespace thunderline::thunderbolt
