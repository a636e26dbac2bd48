#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

std::string id_of(int number) {
  char id[37];
  std::snprintf(id, sizeof id, "018f3b2c-0000-7000-8000-%012d", number);
  return id;
}

std::string step_of(int number) {
  return R"({"id":")" + id_of(number) +
         R"(","source":"bit","episode":"e)" + std::to_string(number % 2) +
         R"(","state":[0.5,1.5],"action":1,"reward":0.25,"next_state":[1,2],"terminated":true,)"
         R"("truncated":false,"propensity":0.5,"metadata":{"tick":3}})" "\n";
}

std::string steps(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += step_of(i);
  return text;
}

TEST(TrajectoriesCommand, ImportsExportsAndVerifies) {
  const Program program;
  const Finished imported = program.run({"trajectories", "import", "-", "--ack"}, steps(5));
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  std::string ids;
  for (int i = 0; i < 5; ++i) ids += id_of(i) + "\n";
  EXPECT_EQ(imported.out, ids);

  EXPECT_EQ(program.run({"trajectories", "stats", "--json"}).json()["records"]["steps"], 5);
  const Json verified = program.run({"trajectories", "verify", "--json"}).json();
  EXPECT_EQ(verified["sound"], true);
  EXPECT_EQ(verified["records"]["steps"], 5);

  const Finished exported = program.run(
      {"trajectories", "export", "--format", "jsonl", "--output", "s.jsonl", "--json"});
  EXPECT_EQ(exported.json()["steps"], 5);
  std::istringstream lines(program.read("s.jsonl"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(parse_json(line, "line").value(), parse_json(step_of(count), "step").value());
  }
  EXPECT_EQ(count, 5);
}

TEST(TrajectoriesCommand, ExportsArrays) {
  const Program program;
  ASSERT_EQ(program.run({"trajectories", "import", "-"}, steps(4)).exit_code, 0);
  ASSERT_EQ(program.run({"trajectories", "export", "--format", "npz", "--output", "s.npz",
                         "--episode", "e1"}).exit_code, 0);
  const NpzArrays arrays = read_npz(posix_file_system(), program.path("s.npz")).value();
  EXPECT_EQ(arrays.at("state").shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(arrays.at("reward").to_doubles(), (std::vector<double>{0.25, 0.25}));
}

TEST(TrajectoriesCommand, ExportsForMinari) {
  const Program program;
  ASSERT_EQ(program.run({"trajectories", "import", "-"}, steps(4)).exit_code, 0);
  const Finished finished = program.run(
      {"trajectories", "export", "--format", "minari", "--output", "minari", "--json"});
  EXPECT_EQ(finished.json()["steps"], 4) << finished.err;
  EXPECT_TRUE(program.exists("minari/data/main_data.hdf5"));
}

TEST(TrajectoriesCommand, SendingAgainStoresNothingTwice) {
  const Program program;
  program.write("s.jsonl", steps(3));
  EXPECT_EQ(program.run({"trajectories", "import", "s.jsonl", "--json"}).json()["imported"], 3);
  const Json again = program.run({"trajectories", "import", "s.jsonl", "--json"}).json();
  EXPECT_EQ(again["imported"], 0);
  EXPECT_EQ(again["known"], 3);
  const Finished acknowledged = program.run({"trajectories", "import", "s.jsonl", "--ack"});
  EXPECT_EQ(acknowledged.out, id_of(0) + "\n" + id_of(1) + "\n" + id_of(2) + "\n");
}

TEST(TrajectoriesCommand, KeepsTheGoodLinesBesideBadOnes) {
  const Program program;
  const Finished finished = program.run({"trajectories", "import", "-", "--json"},
                                        step_of(0) + "{\"broken\n" + step_of(1) + "[1e999]\n");
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(finished.json()["imported"], 2);
  EXPECT_EQ(finished.json()["rejected"], 2);
  EXPECT_NE(finished.err.find("line 2: "), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("line 4: "), std::string::npos) << finished.err;
}

TEST(TrajectoriesCommand, ReplaysInOrder) {
  const Program program;
  ASSERT_EQ(program.run({"trajectories", "import", "-"}, steps(4)).exit_code, 0);
  const Json all = program.run({"trajectories", "replay", "--json"}).json()["records"];
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0]["sequence"], 1);
  EXPECT_EQ(all[3]["id"], id_of(3));
  const Json some = program.run({"trajectories", "replay", "--episode", "e1", "--json"}).json();
  ASSERT_EQ(some["records"].size(), 2u);
  EXPECT_EQ(some["records"][0]["id"], id_of(1));
}

TEST(TrajectoriesCommand, VerifyFindsAChangedByteAndCompactDropsIt) {
  const Program program;
  ASSERT_EQ(program.run({"trajectories", "import", "-"}, steps(50)).exit_code, 0);
  std::string segment;
  for (const auto& entry :
       std::filesystem::directory_iterator(program.path(".thunderline/log"))) {
    if (entry.path().extension() == ".tlog") segment = entry.path().string();
  }
  ASSERT_FALSE(segment.empty());
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(segment) / 2));
  file.put('\x5a').put('\x5b').put('\x5c');
  file.close();

  const Finished damaged = program.run({"trajectories", "verify", "--json"});
  EXPECT_EQ(damaged.exit_code, 3);
  EXPECT_EQ(damaged.json()["sound"], false);
  EXPECT_FALSE(damaged.json()["damage"].empty());
  EXPECT_EQ(program.run({"trajectories", "compact", "--json"}).json()["rewritten_segments"], 1);
  EXPECT_EQ(program.run({"trajectories", "verify"}).exit_code, 0);
}

TEST(TrajectoriesCommand, ReadingMakesNoLog) {
  const Program program;
  for (const char* command : {"stats", "verify", "replay", "compact"}) {
    expect_json_error(program.run({"trajectories", command, "--json"}), 4, "not_found");
  }
  EXPECT_FALSE(program.exists(".thunderline"));
}

}  // namespace
}  // namespace thunderline::testing
