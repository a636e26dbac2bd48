// What every command has: help, versions, errors, precedence of flags.

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

const std::vector<std::vector<std::string>>& commands() {
  static const std::vector<std::vector<std::string>> kCommands = {
      {"build"},
      {"train"},
      {"tune"},
      {"convert"},
      {"infer"},
      {"evaluate"},
      {"trajectories"},
      {"trajectories", "stats"},
      {"trajectories", "export"},
      {"trajectories", "import"},
      {"trajectories", "replay"},
      {"trajectories", "verify"},
      {"trajectories", "compact"},
      {"models"},
      {"models", "list"},
      {"models", "show"},
      {"models", "deploy"},
      {"models", "rollback"},
      {"models", "verify"},
      {"doctor"},
      {"version"}};
  return kCommands;
}

TEST(CommandLine, EveryCommandHasHelpWithAnExample) {
  const Program program;
  for (std::vector<std::string> command : commands()) {
    const std::string name = command.back();
    command.push_back("--help");
    const Finished finished = program.run(command);
    EXPECT_EQ(finished.exit_code, 0) << name;
    EXPECT_NE(finished.out.find("Example:\n  thunderline " + command.front()), std::string::npos)
        << name << finished.out;
    EXPECT_NE(finished.out.find("Usage: "), std::string::npos) << name;
  }
}

TEST(CommandLine, NoCommandGivesTheHelpAndExitTwo) {
  const Program program;
  const Finished finished = program.run({});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find("trajectories"), std::string::npos);
  expect_json_error(program.run({"--json"}), 2, "invalid_argument");
}

TEST(CommandLine, VersionIsOneJsonDocument) {
  const Program program;
  EXPECT_EQ(program.run({"version", "--json"}).json()["version"], "0.1.0");
  EXPECT_EQ(program.run({"--json", "version"}).json()["version"], "0.1.0");
  EXPECT_EQ(program.run({"version"}).out, "thunderline 0.1.0\n");
}

TEST(CommandLine, AnErrorIsOneLineAndExitTwo) {
  const Program program;
  const Finished finished = program.run({"train"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_TRUE(finished.err.starts_with("error: ")) << finished.err;
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  EXPECT_NE(finished.err.find("(thunderline train)"), std::string::npos) << finished.err;
}

TEST(CommandLine, ErrorsOfUseAreJsonWhereThatWasAskedFor) {
  const Program program;
  expect_json_error(program.run({"train", "--json"}), 2, "invalid_argument");
  expect_json_error(program.run({"frobnicate", "--json"}), 2, "invalid_argument");
  expect_json_error(program.run({"version", "--json", "--frob"}), 2, "invalid_argument");
  expect_json_error(program.run({"models", "--json"}), 2, "invalid_argument");
}

TEST(CommandLine, TheEnvironmentGoesOverTheFileAndFlagsOverBoth) {
  const Program program;
  program.write("thunderline.toml", "home = \"from_file\"\n[build]\ninputs = 5\nnum_layers = 1\n");
  const std::vector<std::string> build = {"build", "mlp", "--output", "m.keras", "--json"};
  const Json by_file = program.run(build).json();
  EXPECT_EQ(by_file["inputs"], 5);
  EXPECT_EQ(program.run(build, "", "THUNDERLINE_INPUTS=6").json()["inputs"], 6);
  std::vector<std::string> with_flag = build;
  with_flag.insert(with_flag.end(), {"--inputs", "7"});
  EXPECT_EQ(program.run(with_flag, "", "THUNDERLINE_INPUTS=6").json()["inputs"], 7);
  const Finished list = program.run({"models", "list"});
  EXPECT_NE(list.out.find("from_file/models"), std::string::npos) << list.out;
}

TEST(CommandLine, AFileCanGiveARequiredFlag) {
  const Program program;
  program.write("other.toml", "[build]\noutput = \"named.keras\"\n");
  const Finished finished = program.run({"build", "mlp", "--config", "other.toml"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(program.exists("named.keras"));
}

TEST(CommandLine, AnUnknownKeyOfTheFileIsNamedWithItsLine) {
  const Program program;
  program.write("thunderline.toml", "quiet = true\n\n[train]\nepoch = 3\n");
  const Finished finished = program.run({"version", "--json"});
  expect_json_error(finished, 2, "invalid_argument");
  EXPECT_NE(finished.err.find("\"epoch\""), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("line 4"), std::string::npos) << finished.err;
  program.write("thunderline.toml", "a = [[[\n");
  EXPECT_EQ(program.run({"version"}).exit_code, 2);
  program.write("thunderline.toml", "[nothing]\nx = 1\n");
  EXPECT_EQ(program.run({"version"}).exit_code, 2);
  program.write("thunderline.toml", "[build]\ninputs = \"many\"\n");
  EXPECT_EQ(program.run({"build", "mlp", "--output", "m.keras"}).exit_code, 2);
  EXPECT_EQ(program.run({"version", "--config", "missing.toml"}).exit_code, 4);
}

TEST(CommandLine, AnOutputThatCannotBeWrittenIsAnError) {
  const Program program;
  program.write("pipe.sh", std::string("'") + THUNDERLINE_PROGRAM + "' version >/dev/full\n");
  const int status = std::system(("sh " + program.path("pipe.sh") + " 2>/dev/null").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 6);
}

TEST(CommandLine, AReaderThatWentAwayIsNoSignal) {
  const Program program;
  // Opening the fifo for reading and closing it again leaves a writer without a reader.
  program.write("pipe.sh", std::string("mkfifo f; exec 3<>f 4>f 3<&-; '") + THUNDERLINE_PROGRAM +
                               "' --help >&4 2>err\n");
  const int status =
      std::system(("cd " + program.path(".") + " && sh pipe.sh").c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 6) << program.read("err");
}

TEST(Doctor, SaysWhatItFound) {
  const Program program;
  const Finished finished = program.run({"doctor", "--json"});
  const Json document = finished.json();
  std::vector<std::string> names;
  for (const Json& finding : document["findings"]) names.push_back(finding["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"cpu", "onnxruntime", "home", "disk sync",
                                             "free disk", "port"}));
  EXPECT_EQ(finished.exit_code, document["good"].get<bool>() ? 0 : 6);
  EXPECT_FALSE(program.exists(".thunderline"));
}

TEST(Doctor, NamesARuntimeThatIsMissing) {
  const Program program;
  const Finished finished =
      program.run({"doctor", "--json"}, "", "THUNDERLINE_ONNXRUNTIME=/nowhere/libonnxruntime.so");
  EXPECT_EQ(finished.exit_code, 6);
  EXPECT_EQ(finished.json()["findings"][1]["good"], false);
}

}  // namespace
}  // namespace thunderline::testing
