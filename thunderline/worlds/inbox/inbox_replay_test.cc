#include "thunderline/worlds/inbox/inbox_replay.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>

#include "tests/support/small_inbox.h"

namespace thunderline::worlds::inbox {
namespace {

Corpus corpus_of(size_t mails) {
  std::vector<MailClass> labels;
  for (size_t i = 0; i < mails; ++i) {
    labels.push_back(i % 3 == 0 ? MailClass::kSpam : MailClass::kEasyHam);
  }
  return testing::small_corpus(labels);
}

TEST(MakeInbox, DrawsTheStreamsAsDefined) {
  InboxOptions options;
  options.seed = 5;
  const InboxReplay replay = make_inbox(corpus_of(300), options)->replay;
  ASSERT_EQ(replay.size(), 300u);
  std::mt19937_64 arrivals(6);
  for (size_t tick = 0; tick + 1 < replay.stage->arrivals.size(); ++tick) {
    EXPECT_EQ(replay.stage->arrivals[tick], arrivals() % 17);
  }
  const std::vector<size_t>& counts = replay.stage->arrivals;
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), size_t{0}), 300u);
  std::mt19937_64 feedback(7);
  std::mt19937_64 exploration(8);
  for (size_t i = 0; i < 300; ++i) {
    const double review = static_cast<double>(feedback() >> 11) / 9007199254740992.0;
    EXPECT_EQ(replay.truth->reviewed[i], review < 0.25);
    EXPECT_EQ(replay.truth->feedback_delay[i], static_cast<int64_t>(1 + feedback() % 20));
    EXPECT_EQ(replay.stage->exploration[i],
              static_cast<double>(exploration() >> 11) / 9007199254740992.0);
  }
}

TEST(MakeInbox, DescribesItself) {
  const WorldSpec spec = make_inbox(corpus_of(10), {})->replay.stage->spec;
  EXPECT_EQ(spec.name, "inbox");
  EXPECT_EQ(spec.actions, (std::vector<std::string>{"deliver", "quarantine"}));
  EXPECT_EQ(spec.channel_names.size(), kChannels);
  EXPECT_EQ(spec.reward_table, RewardTable{});
  EXPECT_EQ(spec.reward_low, -1);
  EXPECT_EQ(spec.reward_high, 1);
  EXPECT_EQ(spec.max_wait_ticks, 8);
}

TEST(MakeInbox, ALimitTakesTheFirstMailsOfTheSameOrder) {
  InboxOptions options;
  const InboxReplay all = make_inbox(corpus_of(100), options)->replay;
  options.limit = 30;
  const InboxReplay some = make_inbox(corpus_of(100), options)->replay;
  ASSERT_EQ(some.size(), 30u);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(*some.stage->contents[i], *all.stage->contents[i]);
    EXPECT_EQ(some.truth->spam[i], all.truth->spam[i]);
    EXPECT_EQ(some.truth->feedback_delay[i], all.truth->feedback_delay[i]);
  }
  options.limit = 1000;
  EXPECT_EQ(make_inbox(corpus_of(100), options)->replay.size(), 100u);
}

TEST(MakeInbox, CountsWhatItLeftOut) {
  Corpus corpus = corpus_of(10);
  corpus.mails[3].feed_item = true;
  corpus.mails[5].content = corpus.mails[4].content;
  corpus.skipped = {{"spam-1/x.txt", "junk"}};
  const Inbox inbox = make_inbox(corpus, {}).value();
  EXPECT_EQ(inbox.feed_items, 1u);
  EXPECT_EQ(inbox.repeated_texts, 1u);
  EXPECT_EQ(inbox.skipped, corpus.skipped);
}

TEST(InboxOptions, RefusesSettingsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](auto change) {
    InboxOptions options;
    change(options);
    const Status status = options.check();
    return !status && status.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(InboxOptions().check());
  EXPECT_TRUE(refused([](InboxOptions& o) { o.waiting_cost = -1; }));
  EXPECT_TRUE(refused([](InboxOptions& o) { o.review_rate = 1.5; }));
  EXPECT_TRUE(refused([&](InboxOptions& o) { o.review_rate = nan; }));
  EXPECT_TRUE(refused([](InboxOptions& o) { o.max_wait_ticks = 0; }));
  EXPECT_TRUE(refused([&](InboxOptions& o) { o.energy_per_tick = nan; }));
  EXPECT_TRUE(refused([](InboxOptions& o) { o.energy_cap = 0; }));
  EXPECT_TRUE(refused([](InboxOptions& o) { o.energy_cost = 0; }));
  EXPECT_TRUE(refused([](InboxOptions& o) { o.reward.deliver_ham = -2; }));
  EXPECT_FALSE(make_inbox(corpus_of(3), {.review_rate = 2}));
}

}  // namespace
}  // namespace thunderline::worlds::inbox
