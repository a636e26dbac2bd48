#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace thunderline::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLog = ".thunderline/audit/log.jsonl";

TEST(PoliciesCommand, ShowsTheDefaultWithoutMakingAHome) {
  const Program program;
  const Json shown = program.run({"policies", "show", "--json"}).json();
  EXPECT_EQ(shown["version"], 0);
  EXPECT_EQ(shown["policy"]["margins"]["min_reward_z"], 2.33);
  EXPECT_THAT(program.run({"policies", "show"}).out, HasSubstr("[margins]"));
  EXPECT_EQ(program.run({"policies", "show", "--history", "--json"}).json()["policies"],
            Json::array());
  EXPECT_EQ(program.run({"policies", "requests", "--json"}).json()["requests"], Json::array());
  EXPECT_FALSE(program.exists(".thunderline"));
}

TEST(PoliciesCommand, SetsAValueKeepsTheHistoryAndAuditsIt) {
  const Program program;
  const Finished set = program.run({"policies", "set", "margins.min_reward_z", "3.0", "--why",
                                    "two bad weeks", "--json"}, "", "USER=ann");
  EXPECT_EQ(set.json()["version"], 1);
  EXPECT_EQ(program.run({"policies", "set", "margins.brier_min_lower_bound", "-0.1"}).exit_code, 0);
  const Json shown = program.run({"policies", "show", "--json"}).json();
  EXPECT_EQ(shown["version"], 2);
  EXPECT_EQ(shown["policy"]["margins"]["min_reward_z"], 3.0);
  EXPECT_EQ(shown["policy"]["margins"]["brier_min_lower_bound"], -0.1);
  const Json history = program.run({"policies", "show", "--history", "--json"}).json()["policies"];
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0]["who"], "ann");
  const Json entries = program.run({"audit", "show", "--json"}).json()["entries"];
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]["who"], "ann");
  EXPECT_EQ(entries[0]["what"], "policy");
  EXPECT_EQ(entries[0]["before"], "margins.min_reward_z = 2.33");
  EXPECT_EQ(entries[0]["after"], "margins.min_reward_z = 3.0");
  EXPECT_EQ(entries[0]["why"], "two bad weeks");
}

TEST(PoliciesCommand, ARefusedValueChangesNothing) {
  const Program program;
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"no.such", "1"}, {"margins.min_reward_z", "high"}, {"bands.plv", "[1, 0]"}}) {
    expect_json_error(program.run({"policies", "set", key, value, "--json"}), 2,
                      "invalid_argument");
  }
  EXPECT_FALSE(program.exists(".thunderline"));
}

TEST(PoliciesCommand, ChecksAFileAndNamesLineAndColumn) {
  const Program program;
  program.write("good.toml", "name = \"strict\"\n[margins]\nmin_reward_z = 3\n");
  EXPECT_EQ(program.run({"policies", "check", "good.toml"}).exit_code, 0);
  program.write("bad.toml", "name = \"strict\"\n[margins]\nmin_rewardz = 3\n");
  const Finished bad = program.run({"policies", "check", "bad.toml", "--json"});
  expect_json_error(bad, 3, "bad_data");
  EXPECT_EQ(bad.json()["error"]["where"], "bad.toml line 3 column 1");
  expect_json_error(program.run({"policies", "check", "none.toml", "--json"}), 4, "not_found");
  expect_json_error(program.run({"policies", "apply", "bad.toml", "--json"}), 3, "bad_data");
  EXPECT_FALSE(program.exists(".thunderline"));
  EXPECT_EQ(program.run({"policies", "apply", "good.toml", "--json"}).json()["policy"]["name"],
            "strict");
}

TEST(PoliciesCommand, AFreezeAndAForbiddenNameBindManualDeploysToo) {
  const Program program;
  program.write("freeze.toml", "[[freeze]]\nname = \"always\"\nfrom = 2001-01-01T00:00:00Z\n"
                               "until = 2200-01-01T00:00:00Z\n");
  ASSERT_EQ(program.run({"policies", "apply", "freeze.toml"}).exit_code, 0);
  program.write("m.onnx", "never read that far");
  expect_json_error(program.run({"models", "deploy", "m.onnx", "--name", "s", "--json"}), 5,
                    "refused");
  const Json entries = program.run({"audit", "show", "--json", "--limit", "1"}).json()["entries"];
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0]["what"], "refuse");
  EXPECT_THAT(entries[0]["why"].get<std::string>(), HasSubstr("always"));
}

TEST(PoliciesCommand, AnswersOnlyRequestsThatThereAre) {
  const Program program;
  expect_json_error(program.run({"policies", "approve", "x", "--json"}), 4, "not_found");
  ASSERT_EQ(program.run({"policies", "set", "name", "mine"}).exit_code, 0);
  expect_json_error(program.run({"policies", "deny", "x", "--json"}), 4, "not_found");
}

TEST(AuditCommand, VerifyNamesTheFirstLineThatWasTamperedWith) {
  const Program program;
  EXPECT_EQ(program.run({"audit", "verify", "--json"}).json()["lines"], 0);
  for (const char* value : {"3", "4", "5"}) {
    ASSERT_EQ(program.run({"policies", "set", "margins.min_brier_z", value}).exit_code, 0);
  }
  const Json whole = program.run({"audit", "verify", "--json"}).json();
  EXPECT_EQ(whole["ok"], true);
  EXPECT_EQ(whole["lines"], 3);
  const std::string head = whole["head"];
  EXPECT_EQ(program.run({"audit", "verify", "--head", head}).exit_code, 0);
  EXPECT_EQ(program.run({"audit", "verify", "--head", "00"}).exit_code, 3);

  const std::string text = program.read(kLog);
  std::string changed = text;
  changed.replace(text.find("margins.min_brier_z = 4.0"), 7, "MARGINS");
  program.write(kLog, changed);
  const Finished tampered = program.run({"audit", "verify", "--json"});
  EXPECT_EQ(tampered.exit_code, 3);
  EXPECT_EQ(tampered.json()["fault"]["line"], 2);
  EXPECT_EQ(tampered.json()["fault"]["kind"], "changed");
  EXPECT_THAT(tampered.err, HasSubstr("line 2"));
  EXPECT_EQ(program.run({"audit", "show"}).exit_code, 3);
  EXPECT_EQ(program.run({"policies", "set", "name", "x"}).exit_code, 3);

  program.write(kLog, text.substr(0, text.find('\n') + 1));
  EXPECT_EQ(program.run({"audit", "verify", "--json"}).json()["fault"]["kind"], "removed");
  program.write(kLog, text);
  EXPECT_EQ(program.run({"audit", "verify"}).exit_code, 0);
}

}  // namespace
}  // namespace thunderline::testing
