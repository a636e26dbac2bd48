#include "thunderline/thunderbolt/training/trajectory_export.h"

#include <cstring>
#include <limits>

#include "thunderline/thunderbolt/training/joined_steps.h"
#include "thunderline/thunderbolt/training/record_json.h"

namespace thunderline::thunderbolt {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 18;

NpyArray bool_array(const std::vector<uint8_t>& values) {
  NpyArray array{"|b1", {static_cast<int64_t>(values.size())}, {}};
  array.data.resize(values.size());
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), values.size());
  return array;
}

/// The arrays as they grow.
struct Columns {
  std::vector<float> state;
  std::vector<float> next_state;
  std::vector<int64_t> action;
  std::vector<double> reward;
  std::vector<double> propensity;
  std::vector<uint8_t> terminated;
  std::vector<uint8_t> truncated;
  std::vector<uint8_t> seen;
  size_t width = 0;

  Status add(const Step& step, const std::optional<double>& step_reward) {
    if (action.empty()) width = step.state.size();
    if (step.state.size() != width) {
      return fail(ErrorCode::kBadData,
                  "a state has " + std::to_string(step.state.size()) + " numbers, the first one " +
                      std::to_string(width),
                  "step " + step.id.to_string(), "export one source or episode at a time");
    }
    state.insert(state.end(), step.state.begin(), step.state.end());
    next_state.insert(next_state.end(), step.next_state.begin(), step.next_state.end());
    next_state.resize(state.size());
    action.push_back(step.action);
    reward.push_back(step_reward.value_or(0.0));
    propensity.push_back(step.propensity.value_or(std::numeric_limits<double>::quiet_NaN()));
    terminated.push_back(step.terminated ? 1 : 0);
    truncated.push_back(step.truncated ? 1 : 0);
    seen.push_back(step_reward ? 1 : 0);
    return {};
  }

  NpzArrays arrays() const {
    const auto count = static_cast<int64_t>(action.size());
    const std::vector<int64_t> table = {count, static_cast<int64_t>(width)};
    return {{"state", NpyArray::of(std::span<const float>(state), table)},
            {"next_state", NpyArray::of(std::span<const float>(next_state), table)},
            {"action", NpyArray::of(std::span<const int64_t>(action), {count})},
            {"reward", NpyArray::of(std::span<const double>(reward), {count})},
            {"propensity", NpyArray::of(std::span<const double>(propensity), {count})},
            {"terminated", bool_array(terminated)},
            {"truncated", bool_array(truncated)},
            {"seen", bool_array(seen)}};
  }
};

}  // namespace

Result<uint64_t> export_jsonl(TrajectoryLogger& log, const ReplayOptions& options,
                              const WriteText& write) {
  uint64_t count = 0;
  std::string piece;
  const auto append = [&](const Step& step, const std::optional<double>& reward) -> Status {
    append_step_json(piece, view_of(step), reward);
    piece += '\n';
    ++count;
    if (piece.size() < kPieceBytes) return {};
    TL_RETURN_IF_ERROR(write(piece));
    piece.clear();
    return {};
  };
  TL_RETURN_IF_ERROR(visit_joined_steps(log, options, append));
  if (!piece.empty()) TL_RETURN_IF_ERROR(write(piece));
  return count;
}

Result<uint64_t> export_jsonl_file(TrajectoryLogger& log, const ReplayOptions& options,
                                   FileSystem& files, const std::string& path) {
  const std::string temporary = path + ".tmp";
  TL_ASSIGN_OR_RETURN(const auto file, files.create(temporary));
  const auto write = [&](std::string_view text) {
    return file->append(std::as_bytes(std::span(text.data(), text.size())));
  };
  auto count = export_jsonl(log, options, write);
  Status written = count ? file->sync() : Status(tl::unexpected<Error>(count.error()));
  if (written) written = file->close();
  if (written) written = files.rename(temporary, path);
  if (!written) {
    static_cast<void>(files.remove(temporary));
    return tl::unexpected<Error>(std::move(written).error());
  }
  TL_RETURN_IF_ERROR(files.sync_folder(parent_path(path)));
  return count;
}

Result<NpzArrays> export_arrays(TrajectoryLogger& log, const ReplayOptions& options) {
  Columns columns;
  const auto add = [&](const Step& step, const std::optional<double>& reward) {
    return columns.add(step, reward);
  };
  TL_RETURN_IF_ERROR(visit_joined_steps(log, options, add));
  return columns.arrays();
}

}  // namespace thunderline::thunderbolt
