// The golden files of the inbox world: what anyone who follows its definition gets.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/inbox_corpus.h"
#include "tests/support/sha256.h"
#include "thunderline/base/json_util.h"
#include "thunderline/worlds/inbox/mail/bytes.h"
#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_order.h"
#include "thunderline/worlds/inbox/mail_parser.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr double kTolerance = 1e-6;

std::string golden_text(const std::string& name) {
  return read_file(posix_file_system(),
                   std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/inbox/" + name)
      .value();
}

std::vector<Json> golden_mails() {
  std::vector<Json> mails;
  const std::string text = golden_text("mails.jsonl");
  for (const std::string_view line : split_lines(text)) {
    mails.push_back(parse_json(line, "mails.jsonl").value());
  }
  return mails;
}

/// Each byte as the character of that number (Latin-1), in UTF-8.
std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

Json links_as_json(const std::vector<Link>& links) {
  Json list = Json::array();
  for (const Link& link : links) list.push_back({link.host, link.has_user ? 1 : 0, link.port});
  return list;
}

void expect_fields(const Json& golden, const Mail& mail) {
  EXPECT_EQ(golden["delivered"], mail.delivered.unix_s);
  EXPECT_EQ(golden["delivered_source"], source_name(mail.delivered.source));
  EXPECT_EQ(golden["header_fields"], mail.header_fields);
  EXPECT_EQ(golden["subject"], latin1_to_utf8(mail.subject));
  EXPECT_EQ(golden["sender_local"], latin1_to_utf8(mail.sender.local));
  EXPECT_EQ(golden["sender_domain"], mail.sender.domain);
  EXPECT_EQ(golden["message_id_domain"], mail.message_id_domain);
  EXPECT_EQ(golden["leaves"], mail.leaves);
  EXPECT_EQ(golden["text_bytes"], mail.text_bytes);
  EXPECT_EQ(golden["html_bytes"], mail.html_bytes);
  EXPECT_EQ(golden["visible_length"], mail.visible_text.size());
  EXPECT_EQ(golden["visible_sha256"], testing::Sha256::of(mail.visible_text));
  EXPECT_EQ(golden["links"], links_as_json(mail.links));
}

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(testing::Sha256::of(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(testing::Sha256::of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Golden, MailsHaveTheirFieldsAndChannels) {
  const std::vector<Json> mails = golden_mails();
  ASSERT_EQ(mails.size(), 61u);
  for (const Json& golden : mails) {
    SCOPED_TRACE(golden["file"].get<std::string>());
    const Mail mail = parse_mail(testing::inbox_corpus_file(golden["file"]));
    expect_fields(golden, mail);
    const auto channels = channels_of(mail);
    for (size_t i = 0; i < kChannels; ++i) {
      EXPECT_NEAR(golden["channels"][channel_names()[i]].get<double>(), channels[i], kTolerance)
          << channel_names()[i];
    }
  }
}

TEST(Golden, MailsAreSelectedAndLabelledAsTheyShould) {
  const Corpus& corpus = testing::inbox_corpus();
  std::map<std::string, bool> selected;
  for (const size_t index : select_mails(corpus).mails) selected[corpus.mails[index].file] = true;
  std::map<std::string, MailClass> labels;
  for (const CorpusMail& mail : corpus.mails) labels[mail.file] = mail.label;
  for (const Json& golden : golden_mails()) {
    const std::string file = golden["file"];
    EXPECT_EQ(golden["selected"].get<bool>(), selected[file]) << file;
    EXPECT_EQ(golden["spam"].get<int>() == 1, labels.at(file) == MailClass::kSpam) << file;
  }
}

TEST(Golden, OrderOfSeed42) {
  const Json golden = parse_json(golden_text("order_seed42.json"), "order").value();
  const Corpus& corpus = testing::inbox_corpus();
  const MailOrder order = order_mails(corpus, 42, false);
  ASSERT_EQ(golden["mails"], order.mails.size());
  std::string names;
  size_t spam = 0;
  for (size_t i = 0; i < order.mails.size(); ++i) {
    if (i > 0) names += '\n';
    names += corpus.mails[order.mails[i]].file;
    if (order.labels[i] == MailClass::kSpam) ++spam;
  }
  EXPECT_EQ(golden["spam"], spam);
  for (size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(golden["first_200"][i], corpus.mails[order.mails[i]].file) << i;
  }
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(golden["last_5"][i], corpus.mails[order.mails[order.mails.size() - 5 + i]].file);
  }
  EXPECT_EQ(golden["sha256_of_all_names_joined_by_newline"], testing::Sha256::of(names));
}

TEST(Golden, CountsAndMeansOfTheCorpus) {
  const Json golden = parse_json(golden_text("summary.json"), "summary").value();
  const Corpus& corpus = testing::inbox_corpus();
  const Selection selection = select_mails(corpus);
  EXPECT_EQ(golden["files"], corpus.mails.size());
  EXPECT_EQ(golden["no_mail"], corpus.skipped.size());
  EXPECT_EQ(golden["feed_items"], selection.feed_items);
  EXPECT_EQ(golden["repeated_texts"], selection.repeated_texts);
  EXPECT_EQ(golden["selected"], selection.mails.size());
  for (size_t channel = 0; channel < kChannels; ++channel) {
    double sums[2] = {0, 0};
    double counts[2] = {0, 0};
    for (const size_t index : selection.mails) {
      const CorpusMail& mail = corpus.mails[index];
      const size_t kind = mail.label == MailClass::kSpam ? 1 : 0;
      sums[kind] += mail.channels[channel];
      counts[kind] += 1;
    }
    const std::string& name = channel_names()[channel];
    const Json& means = golden["channel_means"][name];
    const double all = (sums[0] + sums[1]) / (counts[0] + counts[1]);
    EXPECT_NEAR(means["all"].get<double>(), all, kTolerance) << name;
    EXPECT_NEAR(means["ham"].get<double>(), sums[0] / counts[0], kTolerance) << name;
    EXPECT_NEAR(means["spam"].get<double>(), sums[1] / counts[1], kTolerance) << name;
  }
}

TEST(Golden, TheGeneratorIsTheOneTheOrderWasDrawnWith) {
  std::mt19937_64 generator(42);
  EXPECT_EQ(generator(), 13930160852258120406u);
  EXPECT_EQ(generator(), 11788048577503494824u);
  EXPECT_EQ(generator(), 13874630024467741450u);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
