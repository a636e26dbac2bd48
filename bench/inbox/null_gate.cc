// Two scorers that know nothing: how often does an estimator think that one is better?

#include <cstdio>

#include "bench/inbox/checks.h"
#include "tests/support/simulated_mail.h"
#include "thunderline/thunderchief/evaluation/gate.h"

namespace thunderline::bench {
namespace {

constexpr int kHoldOuts = 200;
constexpr int kDecisions = 400;
constexpr double kProven = 2.33;

}  // namespace

Status check_null_gate() {
  std::printf("share of %d hold-outs of %d decisions in which z is %.2f or more\n", kHoldOuts,
              kDecisions, kProven);
  std::printf("epsilon  rule (a)  replay    ips  doubly robust  snips\n");
  const auto arbitrary = [](bool, Random& random) {
    return testing::ScorePair{random.unit(), random.unit()};
  };
  for (const double epsilon : {0.02, 0.05, 0.1}) {
    Random random(1);
    Sample rule, replay, ips, robust, snips;
    for (int i = 0; i < kHoldOuts; ++i) {
      const auto hold_out = testing::simulate_hold_out(random, kDecisions, epsilon, arbitrary);
      TL_ASSIGN_OR_RETURN(const auto verdict, thunderchief::gate(hold_out.decisions, {}));
      const auto& figures = verdict.figures;
      const auto proven = [](const thunderchief::Estimate& estimate) {
        return estimate.z >= kProven ? 1.0 : 0.0;
      };
      rule.add(verdict.rule == thunderchief::GateVerdict::Rule::kReward ? 1.0 : 0.0);
      replay.add(proven(figures.reward));
      ips.add(proven(figures.ips));
      robust.add(proven(figures.doubly_robust));
      snips.add(proven(figures.snips));
    }
    std::printf("   %.2f     %.3f   %.3f  %.3f          %.3f  %.3f\n", epsilon, rule.mean(),
                replay.mean(), ips.mean(), robust.mean(), snips.mean());
  }
  std::printf("\nwanted: rule (a) at most 0.05; it alone decides. The doubly robust figure is for "
              "scores that are no probabilities.\n");
  return {};
}

}  // namespace thunderline::bench
