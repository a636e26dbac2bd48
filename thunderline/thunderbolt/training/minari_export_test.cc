#include "thunderline/thunderbolt/training/minari_export.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include "tests/support/temp_folder.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/training/memory_trajectory_logger.h"

namespace thunderline::thunderbolt {
namespace {

/// A dataset as libhdf5 reads it, as doubles.
struct Data {
  std::vector<hsize_t> shape;
  std::vector<double> values;
  bool is_enum = false;
};

Data read_data(hid_t file, const std::string& name) {
  Data data;
  const hid_t set = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  const hid_t space = H5Dget_space(set);
  data.shape.resize(static_cast<size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, data.shape.data(), nullptr);
  const auto count = static_cast<size_t>(H5Sget_simple_extent_npoints(space));
  const hid_t type = H5Dget_type(set);
  data.is_enum = H5Tget_class(type) == H5T_ENUM;
  if (data.is_enum) {
    std::vector<int8_t> values(count);
    H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    data.values.assign(values.begin(), values.end());
  } else {
    data.values.resize(count);
    H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.values.data());
  }
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
  return data;
}

Step walk_step(uint64_t number, const std::string& episode, float from, float to) {
  Step step = test_step(number);
  step.episode = episode;
  step.state = {from, 0.5f};
  step.next_state = {to, 0.5f};
  step.terminated = false;
  step.reward = static_cast<double>(number);
  return step;
}

TEST(ExportMinari, WritesEpisodesThatLibhdf5ReadsBack) {
  MemoryTrajectoryLogger log;
  std::vector<Step> steps = {walk_step(1, "a", 0, 1), walk_step(2, "b", 5, 6),
                             walk_step(3, "a", 1, 2), walk_step(4, "a", 2, 3)};
  steps[3].terminated = true;
  for (const Step& step : steps) ASSERT_TRUE(log.log_step(view_of(step)));
  const testing::TempFolder folder;
  const MinariReport report = export_minari(log, {}, posix_file_system(), folder.path()).value();
  EXPECT_EQ(report.episodes, 2u);
  EXPECT_EQ(report.steps, 4u);

  const hid_t file =
      H5Fopen(folder.path("data/main_data.hdf5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const Data observations = read_data(file, "episode_0/observations");
  EXPECT_EQ(observations.shape, (std::vector<hsize_t>{4, 2}));
  EXPECT_EQ(observations.values, (std::vector<double>{0, 0.5, 1, 0.5, 2, 0.5, 3, 0.5}));
  EXPECT_EQ(read_data(file, "episode_0/actions").values, (std::vector<double>{1, 1, 0}));
  EXPECT_EQ(read_data(file, "episode_0/rewards").values, (std::vector<double>{1, 3, 4}));
  EXPECT_EQ(read_data(file, "episode_0/terminations").values, (std::vector<double>{0, 0, 1}));
  EXPECT_TRUE(read_data(file, "episode_0/terminations").is_enum);
  EXPECT_EQ(read_data(file, "episode_0/truncations").values, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(read_data(file, "episode_1/truncations").values, (std::vector<double>{1}));
  H5Fclose(file);

  const std::string text =
      read_file(posix_file_system(), folder.path("data/metadata.json")).value();
  const Json metadata = parse_json(text, "metadata.json").value();
  EXPECT_EQ(metadata["total_episodes"], 2);
  EXPECT_EQ(metadata["minari_version"], "0.5.3");
  EXPECT_EQ(metadata["jpeg_encoding"], false);
  const Json space = parse_json(metadata["observation_space"].get<std::string>(), "x").value();
  EXPECT_EQ(space["high"], Json::parse("[6.0, 0.5]"));
  const Json actions = parse_json(metadata["action_space"].get<std::string>(), "x").value();
  EXPECT_EQ(actions["n"], 2);
}

TEST(ExportMinari, SplitsWhereTheStatesDoNotJoinAndLeavesUnseenStepsOut) {
  MemoryTrajectoryLogger log;
  std::vector<Step> steps = {walk_step(1, "a", 0, 1), walk_step(2, "a", 9, 10),
                             walk_step(3, "a", 10, 11), walk_step(4, "a", 11, 12)};
  steps[2].reward.reset();
  for (const Step& step : steps) ASSERT_TRUE(log.log_step(view_of(step)));
  const testing::TempFolder folder;
  const MinariReport report = export_minari(log, {}, posix_file_system(), folder.path()).value();
  EXPECT_EQ(report.episodes, 3u);
  EXPECT_EQ(report.steps, 3u);
  EXPECT_EQ(report.unseen_steps, 1u);
}

TEST(ExportMinari, RefusesAnEmptyDataset) {
  MemoryTrajectoryLogger log;
  const testing::TempFolder folder;
  EXPECT_EQ(export_minari(log, {}, posix_file_system(), folder.path()).error().code,
            ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderbolt
