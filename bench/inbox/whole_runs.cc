// Uplift and placebo: the whole loop, seed by seed.

#include <cstdio>

#include "bench/inbox/checks.h"

namespace thunderline::bench {
namespace {

using thunderchief::RunReport;

size_t deployed(const RunReport& report) {
  size_t count = 0;
  for (const auto& model : report.loop.models) count += model.decision == "deployed" ? 1 : 0;
  return count;
}

/// Events that came in while a model was live, and so watched.
size_t watched_events(const RunReport& report) {
  for (const auto& model : report.loop.models) {
    if (model.decision == "deployed") return report.figures.events - model.at_event;
  }
  return 0;
}

}  // namespace

Status check_uplift(const CheckOptions& options) {
  std::printf("seed   loop  heuristic  uplift    auc   brier  caught   lost  deployed  alarms  "
              "seconds\n");
  Sample loop, heuristic, uplift, auc, brier, caught, lost, models, gates, seconds;
  size_t alarms = 0;
  size_t watched = 0;
  for (const uint64_t seed : options.seeds) {
    TL_ASSIGN_OR_RETURN(const RunReport report, whole_run(options, settings_of(options, seed)));
    const auto& figures = report.figures;
    const auto& quality = figures.quality_tail;
    std::printf("%4llu  %.3f      %.3f  %+.3f  %.3f   %.3f   %.3f  %.3f    %zu / %-2zu"
                "  %6zu  %7.1f\n",
                static_cast<unsigned long long>(seed), figures.reward.mean_tail,
                figures.baseline.mean_tail, figures.uplift_tail.mean, quality.auc, quality.brier,
                quality.caught, quality.lost, deployed(report), report.loop.models.size(),
                report.loop.degradation.size(), report.total_seconds);
    std::fflush(stdout);
    loop.add(figures.reward.mean_tail);
    heuristic.add(figures.baseline.mean_tail);
    uplift.add(figures.uplift_tail.mean);
    auc.add(quality.auc);
    brier.add(quality.brier);
    caught.add(quality.caught);
    lost.add(quality.lost);
    models.add(static_cast<double>(deployed(report)));
    gates.add(static_cast<double>(report.loop.models.size()));
    seconds.add(report.total_seconds);
    alarms += report.loop.degradation.size();
    watched += watched_events(report);
  }
  std::printf("\nmean ± 95 %% interval (smallest to largest), last 30 %%\n");
  std::printf("  loop       %s\n  heuristic  %s\n  uplift     %s   wanted: 0.11 or more, each > 0; "
              "above 0.17 a label leaks\n",
              loop.text().c_str(), heuristic.text().c_str(), uplift.text().c_str());
  std::printf("  auc        %s\n  brier      %s\n  caught     %s\n  lost       %s\n",
              auc.text().c_str(), brier.text().c_str(), caught.text().c_str(),
              lost.text().c_str());
  std::printf("  deployed %.1f of %.1f challengers, %zu alarms in %zu watched mails, %.1f s a run\n",
              models.mean(), gates.mean(), alarms, watched, seconds.mean());
  return {};
}

Status check_placebo(const CheckOptions& options) {
  std::printf("seed    auc   loop  deliver all  difference  heuristic  heuristic, all  deployed  "
              "seconds\n");
  Sample auc, difference, heuristic, heuristic_all, models, seconds;
  for (const uint64_t seed : options.seeds) {
    thunderchief::RunSettings settings = settings_of(options, seed);
    settings.world.placebo = true;
    TL_ASSIGN_OR_RETURN(const RunReport report, whole_run(options, settings));
    const auto& figures = report.figures;
    const double above = figures.reward.mean_tail - figures.deliver_all.mean_tail;
    std::printf("%4llu  %.3f  %.3f        %.3f      %+.3f      %.3f           %.3f"
                "    %zu / %-2zu  %7.1f\n",
                static_cast<unsigned long long>(seed), figures.quality_tail.auc,
                figures.reward.mean_tail, figures.deliver_all.mean_tail, above,
                figures.baseline.mean_tail, figures.baseline.mean, deployed(report),
                report.loop.models.size(), report.total_seconds);
    std::fflush(stdout);
    auc.add(figures.quality_tail.auc);
    difference.add(above);
    heuristic.add(figures.baseline.mean_tail);
    heuristic_all.add(figures.baseline.mean);
    models.add(static_cast<double>(deployed(report)));
    seconds.add(report.total_seconds);
  }
  std::printf("\nmean ± 95 %% interval (smallest to largest), last 30 %%\n");
  std::printf("  auc                  %s   wanted: 0.48 to 0.52\n", auc.text().c_str());
  std::printf("  loop − deliver all   %s   wanted: not above 0\n", difference.text().c_str());
  std::printf("  heuristic            %s; whole stream %s\n", heuristic.text().c_str(),
              heuristic_all.text().c_str());
  std::printf("  deployed %.1f a run, %.1f s a run\n", models.mean(), seconds.mean());
  return {};
}

}  // namespace thunderline::bench
