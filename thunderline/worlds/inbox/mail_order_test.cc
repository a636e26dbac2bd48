#include "thunderline/worlds/inbox/mail_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/inbox_corpus.h"
#include "tests/support/small_inbox.h"
#include "thunderline/worlds/inbox/report/inbox_report.h"

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;

constexpr MailClass kEasy = MailClass::kEasyHam;
constexpr MailClass kHard = MailClass::kHardHam;
constexpr MailClass kSpam = MailClass::kSpam;
constexpr uint64_t kSeeds = 10;

void set_text(CorpusMail& mail, const std::string& text) {
  mail.content = std::make_shared<const std::string>(text);
}

TEST(SelectMails, SortsByTimeThenFile) {
  Corpus corpus = testing::small_corpus({kEasy, kEasy, kSpam});
  corpus.mails[0].delivered_unix_s = 9;
  corpus.mails[1].file = "z";
  corpus.mails[1].delivered_unix_s = corpus.mails[2].delivered_unix_s = 5;
  EXPECT_THAT(select_mails(corpus).mails, ElementsAre(2, 1, 0));
}

TEST(SelectMails, LeavesOutFeedItemsAndTheirTexts) {
  Corpus corpus = testing::small_corpus({kEasy, kEasy});
  corpus.mails[0].feed_item = true;
  corpus.mails[1].content = corpus.mails[0].content;
  const Selection selection = select_mails(corpus);
  EXPECT_THAT(selection.mails, ElementsAre(1)) << "a feed item's text does not count as seen";
  EXPECT_EQ(selection.feed_items, 1u);
  EXPECT_EQ(selection.repeated_texts, 0u);
}

TEST(SelectMails, ComparesTheLettersOfTextsAlone) {
  Corpus corpus = testing::small_corpus({kEasy, kSpam, kEasy});
  set_text(corpus.mails[0], "Twenty letters, at least!");
  set_text(corpus.mails[1], "TWENTY 22 letters at LEAST\xE4");
  const Selection selection = select_mails(corpus);
  EXPECT_THAT(selection.mails, ElementsAre(0, 2));
  EXPECT_EQ(selection.repeated_texts, 1u);
}

TEST(SelectMails, ShortTextsNeverMatch) {
  Corpus corpus = testing::small_corpus({kEasy, kEasy});
  for (CorpusMail& mail : corpus.mails) set_text(mail, "nineteenlettershere 123456789");
  EXPECT_EQ(select_mails(corpus).mails.size(), 2u);
  for (CorpusMail& mail : corpus.mails) set_text(mail, "twentyletterswehere! 123456789");
  EXPECT_EQ(select_mails(corpus).repeated_texts, 0u);
  for (CorpusMail& mail : corpus.mails) set_text(mail, "twentyletterswearehe 123456789");
  EXPECT_EQ(select_mails(corpus).repeated_texts, 1u);
}

TEST(OrderMails, KeepsEachStreamInItsOrderAndDependsOnTheSeed) {
  std::vector<MailClass> labels;
  for (int i = 0; i < 40; ++i) labels.push_back(i % 4 == 0 ? kHard : i % 4 == 1 ? kSpam : kEasy);
  const Corpus corpus = testing::small_corpus(labels);
  const MailOrder order = order_mails(corpus, 7, false);
  ASSERT_EQ(order.mails.size(), 40u);
  for (const MailClass label : {kEasy, kHard, kSpam}) {
    std::vector<size_t> stream;
    for (size_t i = 0; i < 40; ++i) {
      EXPECT_EQ(order.labels[i], labels[order.mails[i]]);
      if (order.labels[i] == label) stream.push_back(order.mails[i]);
    }
    EXPECT_TRUE(std::is_sorted(stream.begin(), stream.end()));
  }
  EXPECT_EQ(order_mails(corpus, 7, false).mails, order.mails);
  EXPECT_NE(order_mails(corpus, 8, false).mails, order.mails);
}

TEST(OrderMails, TakesACorpusOfOneKind) {
  EXPECT_EQ(order_mails(testing::small_corpus({kSpam, kSpam}), 1, false).mails.size(), 2u);
  EXPECT_TRUE(order_mails(Corpus{}, 1, true).mails.empty());
}

TEST(OrderMails, PlaceboPermutesTheLabelsAndKeepsTheirCounts) {
  const Corpus& corpus = testing::inbox_corpus();
  const MailOrder order = order_mails(corpus, 42, true);
  const MailOrder truth = order_mails(corpus, 42, false);
  for (const MailClass label : {kEasy, kHard, kSpam}) {
    EXPECT_EQ(std::count(order.labels.begin(), order.labels.end(), label),
              std::count(truth.labels.begin(), truth.labels.end(), label));
  }
  EXPECT_EQ(std::set<size_t>(order.mails.begin(), order.mails.end()),
            std::set<size_t>(truth.mails.begin(), truth.mails.end()));
  size_t agreeing = 0;
  size_t spam = 0;
  for (size_t i = 0; i < order.mails.size(); ++i) {
    if (order.labels[i] != kSpam) continue;
    ++spam;
    if (corpus.mails[order.mails[i]].label == kSpam) ++agreeing;
  }
  EXPECT_NEAR(static_cast<double>(agreeing) / static_cast<double>(spam), 0.314, 0.04);
}

/// AUC of the position, and correlation of each label with the one before it.
struct Blindness {
  double auc = 0;
  double correlation = 0;
};

Blindness blindness(const MailOrder& order) {
  std::vector<double> positions;
  std::vector<bool> spam;
  for (size_t i = 0; i < order.labels.size(); ++i) {
    positions.push_back(static_cast<double>(i));
    spam.push_back(order.labels[i] == kSpam);
  }
  const double count = static_cast<double>(spam.size());
  const double rate = static_cast<double>(std::count(spam.begin(), spam.end(), true)) / count;
  double covariance = 0;
  for (size_t i = 1; i < spam.size(); ++i) {
    covariance += ((spam[i] ? 1 : 0) - rate) * ((spam[i - 1] ? 1 : 0) - rate);
  }
  return {area_under_curve(positions, spam), covariance / (count * rate * (1 - rate))};
}

TEST(OrderMails, PositionSaysNothingOfTheLabel) {
  Blindness mean;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Blindness one = blindness(order_mails(testing::inbox_corpus(), seed, false));
    EXPECT_NEAR(one.auc, 0.5, 0.035) << "seed " << seed;
    mean.auc += one.auc / kSeeds;
    mean.correlation += one.correlation / kSeeds;
  }
  EXPECT_NEAR(mean.auc, 0.5, 0.01);
  EXPECT_LT(std::abs(mean.correlation), 0.03);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
