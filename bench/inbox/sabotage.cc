// Challengers that were trained on wrong targets, judged by the gate on what real runs logged.

#include <algorithm>
#include <array>
#include <cstdio>

#include "bench/inbox/checks.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/service/agent_trainer.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/thunderbolt/training/dataset.h"
#include "thunderline/thunderbolt/training/feature_schema.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"
#include "thunderline/thunderchief/orchestrator/evaluator.h"
#include "thunderline/worlds/inbox/heuristic.h"

namespace thunderline::bench {
namespace {

using thunderbolt::ClosedStep;
using thunderbolt::Dataset;

constexpr size_t kMails = 2600;
constexpr int kHoldOuts = 7;  // A run.
constexpr double kInvertedShare = 0.1;

struct Table {
  std::vector<float> x;
  std::vector<float> y;
};

Table training_table(const Dataset& dataset, const worlds::RewardTable& rewards) {
  Table table;
  for (const ClosedStep& step : dataset.training) {
    table.x.insert(table.x.end(), step.state.begin(), step.state.end());
    table.y.push_back(rewards.implies_spam(step.action, step.reward) ? 1.0f : 0.0f);
  }
  return table;
}

std::vector<float> states_of(const std::vector<ClosedStep>& steps) {
  std::vector<float> states;
  for (const ClosedStep& step : steps) {
    states.insert(states.end(), step.state.begin(), step.state.end());
  }
  return states;
}

/// Trains one model of middling parameters on the table and scores the hold-out.
Result<std::vector<float>> trained_scores(const Table& table, const Dataset& dataset,
                                          uint64_t seed) {
  const cerebros::tpe::Params params = {{"learning_rate", 1e-3},
                                        {"hidden_dim", int64_t{64}},
                                        {"num_layers", int64_t{2}},
                                        {"dropout", 0.1},
                                        {"activation", std::string("relu")}};
  const auto rows = static_cast<int64_t>(table.y.size());
  TL_ASSIGN_OR_RETURN(
      const auto trained,
      cerebros::service::train_agent_model(params, {table.x, table.y, {}, rows},
                                           thunderbolt::kFeatureCount, {}, seed, {}));
  return cerebros::train::predict(trained.model, states_of(dataset.hold_out),
                                  static_cast<int64_t>(dataset.hold_out.size()));
}

std::vector<float> heuristic_scores(const Dataset& dataset) {
  std::vector<float> scores;
  for (const ClosedStep& step : dataset.hold_out) {
    std::array<float, worlds::kChannels> channels;
    std::copy_n(step.state.begin() + thunderbolt::kFirstChannelFeature, channels.size(),
                channels.begin());
    scores.push_back(static_cast<float>(worlds::inbox::heuristic_score(channels)));
  }
  return scores;
}

/// Turns about a tenth of the decisions round.
std::vector<float> tenth_inverted(std::vector<float> scores, double threshold, Random& random) {
  for (float& score : scores) {
    if (random.unit() >= kInvertedShare) continue;
    const auto just_above = static_cast<float>(threshold) + 0.01f;
    score = score > threshold ? 1 - score : std::max(1 - score, just_above);
  }
  return scores;
}

void permute(std::vector<float>& targets, Random& random) {
  for (size_t last = targets.size(); last > 1; --last) {
    std::swap(targets[last - 1], targets[random.below(last)]);
  }
}

/// How often the gate let each kind of challenger in.
struct Passed {
  int inverted = 0;
  int permuted = 0;
  int tenth = 0;
  int good = 0;
  int hold_outs = 0;
};

Status judge_all(const Dataset& dataset, uint64_t seed, Passed& passed) {
  const worlds::RewardTable table;
  Random random(derive_seed(seed, 1));
  Table truth = training_table(dataset, table);
  TL_ASSIGN_OR_RETURN(const auto champion, trained_scores(truth, dataset, seed));
  Table wrong = truth;
  for (float& target : wrong.y) target = 1 - target;
  TL_ASSIGN_OR_RETURN(const auto inverted, trained_scores(wrong, dataset, seed));
  wrong = truth;
  permute(wrong.y, random);
  TL_ASSIGN_OR_RETURN(const auto permuted, trained_scores(wrong, dataset, seed));

  const auto deployed = [&](const std::vector<float>& before,
                            const std::vector<float>& after) -> Result<bool> {
    TL_ASSIGN_OR_RETURN(
        const auto verdict,
        thunderchief::gate(thunderchief::logged_decisions(dataset.hold_out, before, after), {}));
    return verdict.deploy;
  };
  TL_ASSIGN_OR_RETURN(const bool let_inverted, deployed(champion, inverted));
  TL_ASSIGN_OR_RETURN(const bool let_permuted, deployed(champion, permuted));
  TL_ASSIGN_OR_RETURN(const bool let_tenth,
                      deployed(champion, tenth_inverted(champion, table.threshold(), random)));
  TL_ASSIGN_OR_RETURN(const bool let_good, deployed(heuristic_scores(dataset), champion));
  passed.inverted += let_inverted;
  passed.permuted += let_permuted;
  passed.tenth += let_tenth;
  passed.good += let_good;
  ++passed.hold_outs;
  return {};
}

/// Runs the loop on the first mails, then judges at several times of its second half.
Result<Passed> judge_seed(const CheckOptions& options, uint64_t seed) {
  const testing::TempFolder folder;
  const SystemClock clock;
  thunderchief::InboxRunOptions run;
  run.home = folder.path("home");
  run.corpus_folder = options.corpus_folder;
  run.settings = settings_of(options, seed);
  run.settings.world.limit = kMails;
  TL_ASSIGN_OR_RETURN(const auto report,
                      thunderchief::run_inbox(run, posix_file_system(), clock,
                                              [](const thunderchief::RunProgress&) {}, {}));
  thunderbolt::LogTrajectoryOptions log_options;
  log_options.folder = run.home + "/log";
  log_options.read_only = true;
  TL_ASSIGN_OR_RETURN(const auto log, thunderbolt::LogTrajectoryLogger::open(
                                          posix_file_system(), clock, log_options));
  Passed passed;
  for (int k = 0; k < kHoldOuts; ++k) {
    const int64_t until = report.loop.ticks / 2 + report.loop.ticks / 2 * k / (kHoldOuts - 1);
    TL_ASSIGN_OR_RETURN(const Dataset dataset,
                        thunderbolt::build_dataset(*log, {"bit", thunderbolt::kFeatureCount, until,
                                                          run.settings.hold_out}));
    TL_RETURN_IF_ERROR(
        judge_all(dataset, derive_seed(seed, static_cast<uint64_t>(k)), passed));
  }
  return passed;
}

}  // namespace

Status check_sabotage(const CheckOptions& options) {
  std::printf("challengers that the gate let in, against a trained champion; the last against the "
              "heuristic\n");
  std::printf("seed  hold-outs  inverted  permuted  a tenth inverted  good model\n");
  Passed all;
  const auto print = [](const std::string& name, const Passed& passed) {
    std::printf("%4s  %9d  %8d  %8d  %16d  %10d\n", name.c_str(), passed.hold_outs, passed.inverted,
                passed.permuted, passed.tenth, passed.good);
    std::fflush(stdout);
  };
  for (const uint64_t seed : options.seeds) {
    TL_ASSIGN_OR_RETURN(const Passed passed, judge_seed(options, seed));
    print(std::to_string(seed), passed);
    all.inverted += passed.inverted;
    all.permuted += passed.permuted;
    all.tenth += passed.tenth;
    all.good += passed.good;
    all.hold_outs += passed.hold_outs;
  }
  print("all", all);
  std::printf("\nwanted: 0 of each sabotaged kind\n");
  return {};
}

}  // namespace thunderline::bench
