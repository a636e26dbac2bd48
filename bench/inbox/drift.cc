// A stream on which spam begins to imitate ham half-way: is it noticed, and is it won back?

#include <algorithm>
#include <cstdio>
#include <optional>

#include "bench/inbox/checks.h"
#include "thunderline/cerebros/service/agent_trainer.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/worlds/inbox/mail_drift.h"
#include "thunderline/worlds/inbox/report/simulator.h"

namespace thunderline::bench {
namespace {

using thunderchief::DegradationAlarm;
using thunderchief::RunReport;
using thunderchief::RunSettings;
using worlds::inbox::InboxReplay;

constexpr double kDriftAt = 0.5;
constexpr uint64_t kDetectWithin = 300;  // Events.
constexpr size_t kRecoverWithin = 1500;  // Events after the alarm.
/// Seen rewards after which a frozen run trains no more: well before the change, late enough for a
/// model to be deployed.
constexpr uint64_t kFrozenAfter = 1400;

RunSettings drifted(const CheckOptions& options, uint64_t seed, bool frozen) {
  RunSettings settings = settings_of(options, seed);
  settings.world.drift_at = kDriftAt;
  if (frozen) settings.schedule.last = kFrozenAfter;
  return settings;
}

std::optional<uint64_t> first_deployment(const RunReport& report) {
  for (const auto& model : report.loop.models) {
    if (model.decision == "deployed") return model.at_event;
  }
  return std::nullopt;
}

std::optional<DegradationAlarm> first_alarm_from(const RunReport& report, uint64_t event) {
  for (const DegradationAlarm& alarm : report.loop.degradation) {
    if (alarm.at_event >= event) return alarm;
  }
  return std::nullopt;
}

/// A model trained on mails [first, last) with every label known, as a policy that explores as much
/// as the loop does.
Result<worlds::inbox::Policy> informed_policy(const InboxReplay& replay, size_t first, size_t last,
                                              const RunSettings& settings) {
  std::vector<float> x, y, all;
  for (size_t i = 0; i < replay.size(); ++i) {
    const auto& row = replay.stage->channels[i];
    all.insert(all.end(), row.begin(), row.end());
    if (i < first || i >= last) continue;
    x.insert(x.end(), row.begin(), row.end());
    y.push_back(replay.truth->spam[i] ? 1.0f : 0.0f);
  }
  const auto rows = static_cast<int64_t>(y.size());
  TL_ASSIGN_OR_RETURN(const auto study,
                      cerebros::service::run_agent_study(cerebros::service::scoring_space(),
                                                         {x, y, {}, rows}, worlds::kChannels,
                                                         settings.training, {}, {}));
  TL_ASSIGN_OR_RETURN(std::vector<float> scores,
                      cerebros::train::predict(study.best.model, all,
                                               static_cast<int64_t>(replay.size())));
  return worlds::inbox::Policy{
      [scores = std::move(scores)](size_t position) { return double{scores[position]}; },
      settings.epsilon};
}

}  // namespace

Status check_degradation(const CheckOptions& options) {
  std::printf("seed  model at  before  after  false alarms  noticed after\n");
  size_t without_model = 0, in_time = 0, false_alarms = 0;
  uint64_t undisturbed = 0;
  Sample before, after, delay;
  for (const uint64_t seed : options.seeds) {
    TL_ASSIGN_OR_RETURN(const RunReport report,
                        whole_run(options, drifted(options, seed, true)));
    const size_t mails = report.figures.events;
    const size_t change = worlds::inbox::drift_start(mails, kDriftAt);
    const auto model_at = first_deployment(report);
    if (!model_at) {
      ++without_model;
      std::printf("%4llu  none deployed: nothing to watch\n",
                  static_cast<unsigned long long>(seed));
      continue;
    }
    undisturbed += change - std::min<uint64_t>(change, *model_at);
    size_t early = 0;
    for (const DegradationAlarm& alarm : report.loop.degradation) early += alarm.at_event < change;
    false_alarms += early;
    const auto alarm = first_alarm_from(report, change);
    before.add(mean_reward(*report.ledger, *model_at, change));
    after.add(mean_reward(*report.ledger, change, mails));
    std::printf("%4llu  %8llu   %.3f  %.3f  %12zu  ", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(*model_at),
                mean_reward(*report.ledger, *model_at, change),
                mean_reward(*report.ledger, change, mails), early);
    if (alarm) {
      const uint64_t events = alarm->at_event - change;
      delay.add(static_cast<double>(events));
      if (events <= kDetectWithin) ++in_time;
      std::printf("%llu events\n", static_cast<unsigned long long>(events));
    } else {
      std::printf("never\n");
    }
    std::fflush(stdout);
  }
  const size_t judged = options.seeds.size() - without_model;
  std::printf("\nnoticed within %llu events in %zu of %zu seeds; wanted: 95 %%\n",
              static_cast<unsigned long long>(kDetectWithin), in_time, judged);
  std::printf("%zu false alarms in %llu undisturbed events; wanted: at most 1 in 20,000\n",
              false_alarms, static_cast<unsigned long long>(undisturbed));
  std::printf("events to the alarm  %s\nreward before        %s\nreward after         %s\n",
              delay.text().c_str(), before.text().c_str(), after.text().c_str());
  return {};
}

Status check_recovery(const CheckOptions& options) {
  std::printf("reward a mail from %zu events after the alarm to the end\n", kRecoverWithin);
  std::printf("seed  alarm after  mails  frozen   loop  full labels  won back  seconds\n");
  Sample frozen_reward, loop_reward, informed_reward, won;
  for (const uint64_t seed : options.seeds) {
    const RunSettings settings = drifted(options, seed, false);
    TL_ASSIGN_OR_RETURN(const RunReport loop, whole_run(options, settings));
    TL_ASSIGN_OR_RETURN(const RunReport frozen, whole_run(options, drifted(options, seed, true)));
    const size_t mails = loop.figures.events;
    const size_t change = worlds::inbox::drift_start(mails, kDriftAt);
    const auto alarm = first_alarm_from(loop, change);
    if (!alarm || alarm->at_event + kRecoverWithin >= mails) {
      std::printf("%4llu  no alarm that leaves mails to judge by\n",
                  static_cast<unsigned long long>(seed));
      continue;
    }
    const size_t first = alarm->at_event + kRecoverWithin;
    TL_ASSIGN_OR_RETURN(const auto policy,
                        informed_policy(loop.replay, change, first, settings));
    const auto informed = worlds::inbox::simulate(loop.replay, policy);
    const double low = mean_reward(*frozen.ledger, first, mails);
    const double middle = mean_reward(*loop.ledger, first, mails);
    const double high = mean_reward(*informed, first, mails);
    const double share = (middle - low) / (high - low);
    std::printf("%4llu  %11llu  %5zu   %.3f  %.3f        %.3f     %4.0f %%  %7.1f\n",
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(alarm->at_event - change), mails - first, low,
                middle, high, 100 * share, loop.total_seconds);
    std::fflush(stdout);
    frozen_reward.add(low);
    loop_reward.add(middle);
    informed_reward.add(high);
    won.add(share);
  }
  const double share = (loop_reward.mean() - frozen_reward.mean()) /
                       (informed_reward.mean() - frozen_reward.mean());
  std::printf("\nfrozen       %s\nloop         %s\nfull labels  %s\n", frozen_reward.text().c_str(),
              loop_reward.text().c_str(), informed_reward.text().c_str());
  std::printf("won back     %.0f %% of the means (seeds: %s); wanted: 80 %%\n", 100 * share,
              won.text().c_str());
  return {};
}

}  // namespace thunderline::bench
