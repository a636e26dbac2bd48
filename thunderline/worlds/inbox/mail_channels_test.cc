#include "thunderline/worlds/inbox/mail_channels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace thunderline::worlds::inbox {
namespace {

float channel(Channel which, const Mail& mail) { return channels_of(mail)[which]; }

float of_subject(Channel which, const std::string& subject) {
  Mail mail;
  mail.subject = subject;
  return channel(which, mail);
}

float of_text(Channel which, const std::string& text) {
  Mail mail;
  mail.visible_text = text;
  return channel(which, mail);
}

TEST(Channels, AreAllZeroForNothing) {
  for (const float value : channels_of(Mail{})) EXPECT_EQ(value, 0);
  EXPECT_EQ(channel_names().size(), kChannels);
  EXPECT_EQ(channel_names()[kSecondPerson], "second_person");
}

TEST(Channels, SubjectCapitals) {
  EXPECT_FLOAT_EQ(of_subject(kSubjectCapitals, "ABc 1\xC4"), 2.0f / 3);
  EXPECT_EQ(of_subject(kSubjectCapitals, "123"), 0);
}

TEST(Channels, SubjectMarks) {
  EXPECT_FLOAT_EQ(of_subject(kSubjectMarks, "a! b?"), 0.5f);
  EXPECT_EQ(of_subject(kSubjectMarks, "$*%#!!"), 1);
}

TEST(Channels, SubjectGap) {
  EXPECT_EQ(of_subject(kSubjectGap, "win   xqz"), 1);
  EXPECT_EQ(of_subject(kSubjectGap, "win  xqz"), 0);
}

TEST(Channels, SubjectReply) {
  for (const char* subject : {"Re: x", "RE:", " re[12]: x", "[list] Re: x", "[a b]\tre: x"}) {
    EXPECT_EQ(of_subject(kSubjectReply, subject), 1) << subject;
  }
  for (const char* subject : {"", "Re", "Re : x", "Re[]: x", "Re[x]: y", "Re[1: x", "Reply: x",
                              "[a] [b] Re: x", "[open Re: x", "Fwd: Re: x"}) {
    EXPECT_EQ(of_subject(kSubjectReply, subject), 0) << subject;
  }
}

TEST(Channels, Sender) {
  Mail mail;
  mail.sender_named = true;
  mail.sender = {"ab12", "mail.a.com"};
  mail.message_id_domain = "x.a.com";
  EXPECT_EQ(channel(kSenderNamed, mail), 1);
  EXPECT_EQ(channel(kSenderDigits, mail), 1);
  EXPECT_EQ(channel(kMessageIdMatch, mail), 1);
  mail.sender.local = "abcdefg1";
  mail.message_id_domain = "b.com";
  EXPECT_FLOAT_EQ(channel(kSenderDigits, mail), 0.25f);
  EXPECT_EQ(channel(kMessageIdMatch, mail), 0);
  mail.sender.domain = mail.message_id_domain = "";
  EXPECT_EQ(channel(kMessageIdMatch, mail), 0) << "two empty sites do not match";
}

TEST(Channels, CapitalsAndExclamation) {
  EXPECT_FLOAT_EQ(of_text(kCapitals, "Abcd"), 0.5f);
  EXPECT_EQ(of_text(kCapitals, "ABcd"), 1);
  EXPECT_FLOAT_EQ(of_text(kExclamation, "!!"), static_cast<float>(std::log(3.0) / std::log(31.0)));
  EXPECT_EQ(of_text(kExclamation, std::string(40, '!')), 1);
}

TEST(Channels, HtmlAndLinks) {
  Mail mail;
  mail.text_bytes = 200;
  mail.html_bytes = 50;
  mail.links = {
      {"a.com", false, ""}, {"1.2.3.4", false, ""}, {"b.com", false, "81"}, {"c", true, ""}};
  EXPECT_FLOAT_EQ(channel(kHtml, mail), 0.25f);
  EXPECT_FLOAT_EQ(channel(kLinks, mail), static_cast<float>(std::log(5.0) / std::log(51.0)));
  EXPECT_FLOAT_EQ(channel(kLinkOdd, mail), 0.75f);
}

TEST(Channels, LinesCountWhenTheyAreNotAllSpace) {
  EXPECT_FLOAT_EQ(of_text(kQuoted, "> a\n\n \t\nb\n >c\nd\n"), 0.5f);
  EXPECT_EQ(of_text(kQuoted, "> a\n|b\nc"), 1);
  const std::string line80(80, 'x');
  EXPECT_FLOAT_EQ(of_text(kLongLines, line80 + "x\n" + line80 + "\na\nb\n"), 0.5f);
}

TEST(Channels, SecondPerson) {
  EXPECT_FLOAT_EQ(of_text(kSecondPerson, "You" + std::string(39 * 2, ' ')), 1);
  std::string words;
  for (int i = 0; i < 98; ++i) words += "x1";
  EXPECT_FLOAT_EQ(of_text(kSecondPerson, words + " yours you're"), 20 * 2.0f / 101);
  EXPECT_EQ(of_text(kSecondPerson, "young yous thee"), 0);
}

TEST(Channels, OptOut) {
  for (const char* text : {"UNSUBSCRIBE", "optout", "Opt out", "opt-out", "remove me",
                           "remove your", "to be removed", "for removal"}) {
    EXPECT_EQ(of_text(kOptOut, text), 1) << text;
  }
  EXPECT_EQ(of_text(kOptOut, "remove it, subscribe"), 0);
}

}  // namespace
}  // namespace thunderline::worlds::inbox
