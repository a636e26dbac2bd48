#include "thunderline/worlds/inbox/inbox_replay.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_drift.h"
#include "thunderline/worlds/inbox/mail_order.h"

namespace thunderline::worlds::inbox {
namespace {

// Streams of a run's seed; the order of arrival is drawn from the seed itself.
constexpr uint64_t kArrivalStream = 1;
constexpr uint64_t kFeedbackStream = 2;
constexpr uint64_t kExplorationStream = 3;
constexpr uint64_t kDriftStream = 5;  // 4 is the placebo's.

constexpr uint64_t kMostArrivals = 16;
constexpr uint64_t kLongestDelay = 20;

double unit(std::mt19937_64& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

std::vector<size_t> draw_arrivals(uint64_t seed, size_t mails) {
  std::mt19937_64 generator(seed + kArrivalStream);
  std::vector<size_t> arrivals;
  while (mails > 0) {
    const size_t count = std::min<size_t>(generator() % (kMostArrivals + 1), mails);
    arrivals.push_back(count);
    mails -= count;
  }
  return arrivals;
}

InboxStage make_stage(const Corpus& corpus, const MailOrder& order, const InboxOptions& options) {
  InboxStage stage;
  stage.spec = make_spec(options);
  std::mt19937_64 generator(options.seed + kExplorationStream);
  for (const size_t index : order.mails) {
    stage.contents.push_back(corpus.mails[index].content);
    stage.channels.push_back(corpus.mails[index].channels);
    stage.exploration.push_back(unit(generator));
  }
  stage.arrivals = draw_arrivals(options.seed, order.mails.size());
  return stage;
}

InboxTruth make_truth(const MailOrder& order, const InboxOptions& options) {
  InboxTruth truth;
  std::mt19937_64 generator(options.seed + kFeedbackStream);
  for (const MailClass label : order.labels) {
    truth.spam.push_back(label == MailClass::kSpam);
    truth.reviewed.push_back(unit(generator) < options.review_rate);
    truth.feedback_delay.push_back(static_cast<int64_t>(1 + generator() % kLongestDelay));
  }
  return truth;
}

Status require(bool holds, const char* setting, const char* rule) {
  if (holds) return {};
  return fail(ErrorCode::kInvalidArgument, rule, std::string("worlds.inbox.") + setting);
}

}  // namespace

Status InboxOptions::check() const {
  TL_RETURN_IF_ERROR(reward.check());
  TL_RETURN_IF_ERROR(require(drift_at >= 0 && drift_at < 1, "drift_at",
                             "the share before the drift must be from 0 to below 1"));
  const auto finite_positive = [](double value) { return std::isfinite(value) && value > 0; };
  TL_RETURN_IF_ERROR(require(std::isfinite(waiting_cost) && waiting_cost >= 0, "waiting_cost",
                             "the waiting cost must be 0 or more"));
  TL_RETURN_IF_ERROR(require(review_rate >= 0 && review_rate <= 1, "review_rate",
                             "the review rate must be from 0 to 1"));
  TL_RETURN_IF_ERROR(require(max_wait_ticks >= 1 && max_wait_ticks <= 1'000'000, "max_wait_ticks",
                             "the longest wait must be from 1 to 1,000,000 ticks"));
  TL_RETURN_IF_ERROR(require(std::isfinite(energy_per_tick) && energy_per_tick >= 0,
                             "energy_per_tick", "the energy of a tick must be 0 or more"));
  TL_RETURN_IF_ERROR(
      require(finite_positive(energy_cap), "energy_cap", "the energy cap must be above 0"));
  return require(finite_positive(energy_cost), "energy_cost",
                 "the energy of an activation must be above 0");
}

WorldSpec make_spec(const InboxOptions& options) {
  WorldSpec spec;
  spec.name = "inbox";
  spec.actions = {"deliver", "quarantine"};
  spec.channel_names = channel_names();
  spec.reward_table = options.reward;
  spec.reward_low = options.reward.lowest();
  spec.reward_high = options.reward.highest();
  spec.waiting_cost = options.waiting_cost;
  spec.review_rate = options.review_rate;
  spec.max_wait_ticks = options.max_wait_ticks;
  spec.energy_per_tick = options.energy_per_tick;
  spec.energy_cap = options.energy_cap;
  spec.energy_cost = options.energy_cost;
  return spec;
}

Result<Inbox> make_inbox(const Corpus& corpus, const InboxOptions& options) {
  TL_RETURN_IF_ERROR(options.check());
  MailOrder order = order_mails(corpus, options.seed, options.placebo);
  if (options.limit > 0 && options.limit < order.mails.size()) {
    order.mails.resize(options.limit);
    order.labels.resize(options.limit);
  }
  InboxStage stage = make_stage(corpus, order, options);
  InboxTruth truth = make_truth(order, options);
  if (options.drift_at > 0) {
    imitate_ham(stage.channels, truth.spam, drift_start(stage.size(), options.drift_at),
                options.seed + kDriftStream);
  }
  Inbox inbox;
  inbox.replay.stage = std::make_shared<const InboxStage>(std::move(stage));
  inbox.replay.truth = std::make_shared<const InboxTruth>(std::move(truth));
  inbox.skipped = corpus.skipped;
  inbox.feed_items = order.feed_items;
  inbox.repeated_texts = order.repeated_texts;
  return inbox;
}

Result<Inbox> open_inbox(FileSystem& files, const std::string& folder,
                         const InboxOptions& options) {
  TL_RETURN_IF_ERROR(options.check());
  TL_ASSIGN_OR_RETURN(const Corpus corpus, load_corpus(files, folder));
  return make_inbox(corpus, options);
}

std::vector<SkippedGroup> group_by_reason(const std::vector<Skipped>& skipped) {
  std::vector<SkippedGroup> groups;
  for (const Skipped& entry : skipped) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const SkippedGroup& known) {
      return known.reason == entry.reason;
    });
    if (group == groups.end()) {
      groups.push_back({entry.reason, 1, entry.path});
    } else {
      ++group->count;
    }
  }
  return groups;
}

}  // namespace thunderline::worlds::inbox
