// Whatever the bytes: a result, within the limits.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/inbox_corpus.h"
#include "thunderline/base/random.h"
#include "thunderline/worlds/inbox/mail/mime_tree.h"
#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_parser.h"

namespace thunderline::worlds::inbox {
namespace {

void expect_within_limits(std::string_view bytes) {
  const Mail mail = parse_mail(bytes);
  EXPECT_LE(mail.visible_text.size(), kMaxVisibleBytes);
  EXPECT_LE(mail.leaves, kMaxLeaves);
  EXPECT_GE(mail.leaves, 1u);
  EXPECT_LE(mail.html_bytes, mail.text_bytes);
  EXPECT_LE(mail.subject.size(), kMaxHeaderValueBytes);
  for (const float channel : channels_of(mail)) {
    EXPECT_GE(channel, 0);  // Also fails for NaN.
    EXPECT_LE(channel, 1);
  }
}

/// Words of the formats, so that random text gets past the first lines of the parser.
constexpr const char* kWords[] = {
    "\n", "\n\n", "\r\n", ":", ";", "=", "--b", "--b--", "--b\n", "\"", "\\", "<", ">", "<!--",
    "-->", "<a href=", "<script", "</script", "&#", "&amp", "http://", "@", "%", "=?x?q?", "?=",
    "=?x?b?", " ", "\t", "From ", "From: ", "Subject: ", "Date: ", "Received: ", "Message-ID: ",
    "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: message/rfc822\n",
    "Content-Type: multipart/digest; boundary=\"b\"\n", "Content-Type: text/html\n",
    "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n",
    "22 Aug 2002 11:33:04 +0100", "Aug 22 11:33:04 2002", "Re[2]:", "[x] re:", "you",
    "unsubscribe"};

std::string random_words(Random& random) {
  std::string text;
  for (uint64_t count = random.below(200); count > 0; --count) {
    if (random.below(4) == 0) {
      text += static_cast<char>(random.below(256));
    } else {
      text += kWords[random.below(std::size(kWords))];
    }
  }
  return text;
}

void mutate(std::string& bytes, Random& random) {
  for (uint64_t count = 1 + random.below(20); count > 0 && !bytes.empty(); --count) {
    const size_t at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.erase(at, random.below(50));
        break;
      case 2:
        bytes.insert(at, kWords[random.below(std::size(kWords))]);
        break;
      default:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(300)));
    }
  }
}

TEST(ParseMailFuzz, TakesRandomBytes) {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random.below(3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    expect_within_limits(bytes);
    expect_within_limits("Subject: s\nContent-Type: text/html\n\n" + bytes);
  }
}

TEST(ParseMailFuzz, TakesRandomWordsOfTheFormats) {
  Random random(2);
  for (int round = 0; round < 5'000; ++round) expect_within_limits(random_words(random));
}

TEST(ParseMailFuzz, TakesDamagedRealMails) {
  Random random(3);
  const auto& mails = testing::inbox_corpus().mails;
  for (size_t i = 0; i < mails.size(); i += 20) {
    const std::string bytes = testing::inbox_corpus_file(mails[i].file);
    for (int round = 0; round < 3; ++round) {
      std::string damaged = bytes;
      mutate(damaged, random);
      expect_within_limits(damaged);
    }
    expect_within_limits(std::string_view(bytes).substr(0, random.below(bytes.size())));
  }
}

/// A mebibyte of one pattern over and over: what makes a careless parser quadratic.
TEST(ParseMailFuzz, TakesAMebibyteOfAnyPattern) {
  for (const char* word : kWords) {
    std::string pattern;
    while (pattern.size() < kMaxMailBytes) pattern += word;
    expect_within_limits("Subject: " + pattern);
    expect_within_limits("Subject: s\nContent-Type: text/html\n\n" + pattern);
    expect_within_limits("Content-Type: multipart/mixed; boundary=b\n\n" + pattern);
  }
}

}  // namespace
}  // namespace thunderline::worlds::inbox
