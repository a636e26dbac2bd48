// No label reaches an agent: not by file name, folder, excluded header, order, or ledger.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/inbox_corpus.h"
#include "thunderline/base/random.h"
#include "thunderline/worlds/inbox/inbox_world.h"
#include "thunderline/worlds/inbox/mail/bytes.h"
#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_order.h"
#include "thunderline/worlds/inbox/mail_parser.h"
#include "thunderline/worlds/inbox/report/simulator.h"

namespace thunderline::worlds::inbox {
namespace {

void shuffle(std::vector<CorpusMail>& mails, Random& random) {
  for (size_t last = mails.size(); last > 1; --last) {
    std::swap(mails[last - 1], mails[random.below(last)]);
  }
}

/// Another folder of the same stream of arrival.
std::string folder_of_equal_label(MailClass label, Random& random) {
  const std::string number = random.below(2) == 0 ? "1" : "2";
  if (label == MailClass::kEasyHam) return "easy-ham-" + number;
  return label == MailClass::kSpam ? "spam-" + number : "hard-ham-1";
}

/// The corpus under new names, in another order of reading. `name` gives each mail its name.
template <typename Name>
Corpus renamed(const Corpus& corpus, Random& random, Name name) {
  Corpus copy = corpus;
  for (size_t i = 0; i < copy.mails.size(); ++i) {
    CorpusMail& mail = copy.mails[i];
    mail.file = name(i, folder_of_equal_label(mail.label, random));
  }
  shuffle(copy.mails, random);
  return copy;
}

std::vector<int64_t> rewards_in_cents(const InboxLedger& ledger) {
  std::vector<int64_t> rewards;
  for (size_t i = 0; i < ledger.size(); ++i) {
    rewards.push_back(std::llround(ledger.reward(i) * 100));
  }
  return rewards;
}

TEST(Leaks, NewNamesThatKeepTheTieBreaksChangeNothing) {
  const Corpus& corpus = testing::inbox_corpus();
  std::vector<size_t> by_name(corpus.mails.size());
  std::iota(by_name.begin(), by_name.end(), size_t{0});
  std::sort(by_name.begin(), by_name.end(), [&](size_t a, size_t b) {
    return corpus.mails[a].file < corpus.mails[b].file;
  });
  std::vector<size_t> rank(by_name.size());
  for (size_t i = 0; i < by_name.size(); ++i) rank[by_name[i]] = i;
  Random random(1);
  const Corpus other = renamed(corpus, random, [&](size_t i, const std::string&) {
    return "all/" + std::to_string(100'000 + rank[i]);
  });
  const InboxReplay before = make_inbox(corpus, {})->replay;
  const InboxReplay after = make_inbox(other, {})->replay;
  EXPECT_EQ(before.stage->channels, after.stage->channels);
  EXPECT_EQ(before.stage->contents, after.stage->contents);
  EXPECT_EQ(rewards_in_cents(*simulate(before, heuristic_policy(before))),
            rewards_in_cents(*simulate(after, heuristic_policy(after))));
}

TEST(Leaks, AnyNewNamesChangeOnlyMailsOfOneSecondOfOneStream) {
  const Corpus& corpus = testing::inbox_corpus();
  Random random(2);
  const Corpus other = renamed(corpus, random, [&](size_t, const std::string& folder) {
    return folder + "/" + std::to_string(random());
  });
  const MailOrder before = order_mails(corpus, 42, false);
  const MailOrder after = order_mails(other, 42, false);
  ASSERT_EQ(before.labels, after.labels);
  std::map<int64_t, int> mails_of_second;
  for (const CorpusMail& mail : corpus.mails) ++mails_of_second[mail.delivered_unix_s];
  size_t same = 0;
  for (size_t i = 0; i < before.mails.size(); ++i) {
    const CorpusMail& old_mail = corpus.mails[before.mails[i]];
    const CorpusMail& new_mail = other.mails[after.mails[i]];
    ASSERT_EQ(old_mail.delivered_unix_s, new_mail.delivered_unix_s) << i;
    if (mails_of_second[old_mail.delivered_unix_s] > 1) continue;
    EXPECT_EQ(old_mail.content, new_mail.content) << i;
    ++same;
  }
  EXPECT_GT(same, before.mails.size() * 9 / 10) << "ties are rare";
}

/// The fields that channels may look at, and those that say how to read the body.
bool may_be_looked_at(const std::string& name) {
  return name == "from" || name == "subject" || name == "message-id" || name == "date" ||
         name.starts_with("content-");
}

/// The mail without its envelope line and without every field that is no channel's business.
std::string without_excluded_fields(std::string_view bytes) {
  std::vector<std::string_view> lines = split_lines(bytes);
  if (lines[0].starts_with("From ") || lines[0].starts_with(">From ")) lines.erase(lines.begin());
  const ParsedHeader parsed = parse_header(lines);
  std::string result;
  for (const HeaderField& field : parsed.header.fields()) {
    if (may_be_looked_at(field.name)) result += field.name + ": " + field.value + "\n";
  }
  result += "\n";
  for (size_t i = parsed.body_line; i < lines.size(); ++i) result.append(lines[i]) += '\n';
  return result;
}

TEST(Leaks, ExcludedHeadersAreInNoChannel) {
  const Corpus& corpus = testing::inbox_corpus();
  for (size_t i = 0; i < corpus.mails.size(); i += 3) {
    const CorpusMail& mail = corpus.mails[i];
    const std::string bytes = without_excluded_fields(testing::inbox_corpus_file(mail.file));
    const Mail stripped = parse_mail(bytes);
    EXPECT_EQ(channels_of(stripped), mail.channels) << mail.file;
    EXPECT_EQ(stripped.visible_text, *mail.content) << mail.file;
  }
}

TEST(Leaks, LabelsOfTheTailChangeNoScoreAndNoAction) {
  const InboxReplay replay = make_inbox(testing::inbox_corpus(), {})->replay;
  InboxTruth flipped = *replay.truth;
  for (size_t i = replay.size() * 7 / 10; i < replay.size(); ++i) flipped.spam[i].flip();
  const InboxReplay other = {replay.stage, std::make_shared<const InboxTruth>(flipped)};
  const auto before = simulate(replay, heuristic_policy(replay));
  const auto after = simulate(other, heuristic_policy(other));
  for (size_t i = 0; i < replay.size(); ++i) {
    ASSERT_EQ(before->last_score(i), after->last_score(i));
    ASSERT_EQ(before->action(i), after->action(i));
  }
  EXPECT_NE(rewards_in_cents(*before), rewards_in_cents(*after));
}

/// What a policy that decides every mail at once, the same way, meets of the world.
struct Meeting {
  std::vector<size_t> arrivals;
  std::vector<std::pair<bool, int64_t>> feedback;  // seen, delay; by position
};

Meeting meet(const InboxReplay& replay, int action) {
  InboxWorld world(replay, make_ledger(replay));
  Meeting meeting;
  std::vector<int64_t> decided_at(replay.size());
  meeting.feedback.resize(replay.size());
  for (int64_t tick = 0; !world.finished(); ++tick) {
    const auto arrivals = world.arrive(tick);
    meeting.arrivals.push_back(arrivals.size());
    for (const Feedback& closed : world.feedback_due(tick)) {
      meeting.feedback[closed.position] = {closed.seen, closed.tick - decided_at[closed.position]};
    }
    for (const Arrival& arrival : arrivals) {
      decided_at[arrival.position] = tick;
      EXPECT_TRUE(world.decide(arrival.position, action, tick, false));
    }
  }
  return meeting;
}

TEST(SameWorld, EveryPolicyMeetsTheSameArrivalsReviewsAndDelays) {
  const InboxReplay replay = make_inbox(testing::inbox_corpus(), {})->replay;
  Meeting delivering = meet(replay, kDeliver);
  Meeting quarantining = meet(replay, kQuarantine);
  const size_t ticks = std::min(delivering.arrivals.size(), quarantining.arrivals.size());
  delivering.arrivals.resize(ticks);
  quarantining.arrivals.resize(ticks);
  EXPECT_EQ(delivering.arrivals, quarantining.arrivals);
  size_t reviewed = 0;
  for (size_t i = 0; i < replay.size(); ++i) {
    ASSERT_TRUE(delivering.feedback[i].first);
    if (!quarantining.feedback[i].first) {
      ASSERT_EQ(quarantining.feedback[i].second, 21);
      continue;
    }
    ++reviewed;
    ASSERT_EQ(delivering.feedback[i].second, quarantining.feedback[i].second);
  }
  EXPECT_NEAR(static_cast<double>(reviewed) / static_cast<double>(replay.size()), 0.25, 0.02);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
