// A run under policies: what CrownChief lets pass, what it audits, and that a killed run audits
// nothing twice.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/thunderchief/governance/audit_log.h"
#include "thunderline/thunderchief/governance/policy_store.h"

namespace thunderline {
namespace {

using testing::ChildProcess;
using testing::TempFolder;
using thunderchief::AuditEntry;
using thunderchief::DeployHold;
using thunderchief::GovernancePolicy;
using thunderchief::PolicyStore;

std::vector<std::string> run_command(const std::string& home, const std::string& report) {
  return {THUNDERLINE_BINARY, "run",     "--home",           home,    "--quiet",
          "--exit-when-done", "--no-web", "--limit",          "1500",  "--set",
          "training.trials=5", "--report", report};
}

Json models_of(const std::string& report) {
  const auto text = read_file(posix_file_system(), report);
  return text ? parse_json(*text, report).value_or(Json())["models"] : Json();
}

std::vector<AuditEntry> audit_of(const std::string& home) {
  const auto entries =
      thunderchief::read_audit(posix_file_system(), thunderchief::audit_folder(home));
  EXPECT_TRUE(entries) << to_string(entries.error());
  return entries.value_or(std::vector<AuditEntry>());
}

size_t count_of(const std::vector<AuditEntry>& entries, const std::string& what) {
  return static_cast<size_t>(std::count_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.what == what;
  }));
}

/// Puts a policy into force in a home that no run has used yet.
void use_policy(const std::string& home, const GovernancePolicy& policy) {
  auto store = PolicyStore::open(posix_file_system(), home);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->put(policy, "test", "", 1));
}

TEST(GovernedRun, AuditsEveryDecisionWithItsReason) {
  const TempFolder folder;
  const std::string home = folder.path("home");
  ASSERT_EQ(ChildProcess(run_command(home, folder.path("r.json"))).wait(), 0);
  const Json models = models_of(folder.path("r.json"));
  const std::vector<AuditEntry> entries = audit_of(home);
  ASSERT_EQ(entries.size(), models.size());
  std::string live = "heuristic";
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool deployed = models[i]["decision"] == "deployed";
    EXPECT_EQ(entries[i].what, deployed ? "deploy" : "refuse");
    EXPECT_EQ(entries[i].why, models[i]["reason"]);
    EXPECT_EQ(entries[i].before, live);
    if (deployed) live = entries[i].subject;
    EXPECT_EQ(entries[i].after, live);
  }
}

TEST(GovernedRun, AKilledRunAuditsEachDecisionOnce) {
  const TempFolder folder;
  GovernancePolicy policy;
  policy.name = "stepwise";
  policy.bands.alert = thunderchief::Verdict::kDeny;
  policy.watch.z_step = 0.2;
  use_policy(folder.path("whole"), policy);
  ASSERT_EQ(ChildProcess(run_command(folder.path("whole"), folder.path("whole.json"))).wait(), 0);
  use_policy(folder.path("home"), policy);
  const uint64_t seed = entropy_seed();
  std::printf("seed of the kills: %llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);
  const auto command = run_command(folder.path("home"), folder.path("r.json"));
  for (int kills = 0; kills < 8; ++kills) {
    ChildProcess child(command);
    int exit = 0;
    if (child.wait_for(static_cast<int>(100 + random.below(900)), exit)) {
      ASSERT_EQ(exit, 0);
      break;
    }
    child.send(SIGKILL);
    ASSERT_EQ(child.wait(), -SIGKILL);
  }
  ASSERT_EQ(ChildProcess(command).wait(), 0);
  EXPECT_EQ(models_of(folder.path("r.json")), models_of(folder.path("whole.json")));

  // Keys begin with the run's id, which differs between the two; a repair tells of a kill.
  const auto comparable = [](const std::string& home) {
    std::vector<std::string> lines;
    for (const AuditEntry& entry : audit_of(home)) {
      if (entry.what == "repair") continue;
      const std::string key = entry.key.substr(entry.key.find('/') + 1);
      lines.push_back(key + " " + entry.what + " " + entry.subject + " " + entry.why);
    }
    return lines;
  };
  EXPECT_EQ(comparable(folder.path("home")), comparable(folder.path("whole")));
}

TEST(GovernedRun, AStricterPolicyRefusesWhatTheDefaultDeploys) {
  const TempFolder folder;
  const std::string home = folder.path("home");
  GovernancePolicy policy;
  policy.name = "one at most";
  policy.budgets.deploys = 1;
  policy.budgets.window_ticks = 1'000'000;
  use_policy(home, policy);
  ASSERT_EQ(ChildProcess(run_command(home, folder.path("r.json"))).wait(), 0);
  const Json models = models_of(folder.path("r.json"));
  ASSERT_GE(models.size(), 2u);
  EXPECT_EQ(models[0]["decision"], "deployed");
  for (size_t i = 1; i < models.size(); ++i) EXPECT_EQ(models[i]["decision"], "refused");
  EXPECT_NE(models[1]["reason"].get<std::string>().find("budget"), std::string::npos);
  EXPECT_EQ(models[1]["figures"]["governance"]["verdict"], "deny");
  const std::vector<AuditEntry> entries = audit_of(home);
  EXPECT_EQ(count_of(entries, "deploy"), 1u);
  EXPECT_EQ(count_of(entries, "policy"), 1u);
  EXPECT_EQ(count_of(entries, "policy_in_force"), 1u);
}

/// Answers every request of a home until the child ends; returns its exit code.
int answer_all(ChildProcess& child, const std::string& home, bool approve) {
  auto store = PolicyStore::open(posix_file_system(), home);
  int exit = -1;
  while (store && !child.wait_for(50, exit)) {
    const auto requests = store->requests();
    if (!requests) return -1;
    for (const DeployHold& hold : *requests) {
      if (hold.state != DeployHold::State::kPending) continue;
      EXPECT_TRUE(store->decide(hold.id, approve, "ann", "seen", SystemClock().unix_ms()));
    }
  }
  return exit;
}

TEST(GovernedRun, AHoldWaitsForAPersonWhoseAnswerDecides) {
  for (const bool approve : {true, false}) {
    const TempFolder folder;
    const std::string home = folder.path("home");
    GovernancePolicy policy;
    policy.approval.required = true;
    use_policy(home, policy);
    ChildProcess child(run_command(home, folder.path("r.json")));
    ASSERT_EQ(answer_all(child, home, approve), 0);
    const Json models = models_of(folder.path("r.json"));
    ASSERT_GE(models.size(), 1u);
    EXPECT_EQ(models[0]["decision"], approve ? "deployed" : "refused");
    EXPECT_NE(models[0]["reason"].get<std::string>().find("by ann: seen"), std::string::npos);
    const std::vector<AuditEntry> entries = audit_of(home);
    EXPECT_GE(count_of(entries, "hold"), 1u);
    EXPECT_EQ(count_of(entries, "hold"), count_of(entries, approve ? "approve" : "deny"));
  }
}

TEST(GovernedRun, AHoldOutlivesAKill) {
  const TempFolder folder;
  const std::string home = folder.path("home");
  GovernancePolicy policy;
  policy.approval.required = true;
  use_policy(home, policy);
  auto store = PolicyStore::open(posix_file_system(), home);
  ASSERT_TRUE(store);
  {
    ChildProcess child(run_command(home, folder.path("r.json")));
    int exit = -1;
    while (store->requests().value().empty()) ASSERT_FALSE(child.wait_for(20, exit));
    child.send(SIGKILL);
    ASSERT_EQ(child.wait(), -SIGKILL);
  }
  // Answered while nobody runs: the next run asks no second time.
  const DeployHold hold = store->requests().value().front();
  ASSERT_TRUE(store->decide(hold.id, true, "ann", "seen", SystemClock().unix_ms()));
  ChildProcess child(run_command(home, folder.path("r.json")));
  ASSERT_EQ(answer_all(child, home, true), 0);
  const Json models = models_of(folder.path("r.json"));
  ASSERT_GE(models.size(), 1u);
  EXPECT_EQ(models[0]["decision"], "deployed");
  EXPECT_NE(models[0]["reason"].get<std::string>().find("by ann: seen"), std::string::npos);
  const std::vector<AuditEntry> entries = audit_of(home);
  EXPECT_EQ(count_of(entries, "hold"), models.size());
  EXPECT_EQ(count_of(entries, "deploy"), models.size());
}

TEST(GovernedRun, TheDeadlineAnswersWhereNobodyDoes) {
  const TempFolder folder;
  const std::string home = folder.path("home");
  GovernancePolicy policy;
  policy.approval.required = true;
  policy.approval.deadline_s = 1;
  use_policy(home, policy);
  ASSERT_EQ(ChildProcess(run_command(home, folder.path("r.json"))).wait(), 0);
  for (const Json& model : models_of(folder.path("r.json"))) {
    EXPECT_EQ(model["decision"], "refused");
  }
  const std::vector<AuditEntry> entries = audit_of(home);
  ASSERT_GE(count_of(entries, "deny"), 1u);
  EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [](const AuditEntry& entry) {
    return entry.what == "deny" && entry.who == "deadline";
  }));
}

TEST(GovernedRun, AForbiddenCategoryEndsTheRunWithItsReason) {
  const TempFolder folder;
  GovernancePolicy policy;
  policy.forbidden.categories = {"motor"};
  use_policy(folder.path("home"), policy);
  EXPECT_EQ(ChildProcess(run_command(folder.path("home"), folder.path("r.json"))).wait(), 5);
}

}  // namespace
}  // namespace thunderline
