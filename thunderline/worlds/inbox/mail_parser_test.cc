#include "thunderline/worlds/inbox/mail_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;

TEST(ParseMail, ReadsAnOrdinaryMail) {
  const Mail mail = parse_mail(
      "From a@b Thu Aug 22 11:33:04 2002\r\n"
      "From: Ann <Ann1@Mail.Example.com>\r\n"
      "Subject: =?utf-8?q?hello_?=\r\n"
      " =?utf-8?q?world?= \r\n"
      "Message-ID: <x@example.com>\r\n"
      "\r\n"
      "see http://a.com\r\n"
      "bye\r\n");
  EXPECT_TRUE(mail.is_mail);
  EXPECT_EQ(mail.header_fields, 3u);
  EXPECT_EQ(mail.subject, "hello world");
  EXPECT_EQ(mail.sender.local, "ann1");
  EXPECT_EQ(mail.sender.domain, "mail.example.com");
  EXPECT_TRUE(mail.sender_named);
  EXPECT_EQ(mail.message_id_domain, "example.com");
  EXPECT_EQ(mail.delivered.source, DateSource::kEnvelope);
  EXPECT_EQ(mail.visible_text, "see http://a.com\nbye");
  EXPECT_EQ(mail.text_bytes, 20u);
  EXPECT_EQ(mail.html_bytes, 0u);
  EXPECT_THAT(mail.links, ElementsAre(Link{"a.com", false, ""}));
}

TEST(ParseMail, DropsAQuotedEnvelopeToo) {
  EXPECT_EQ(parse_mail(">From x\nSubject: s\n\n").subject, "s");
  EXPECT_FALSE(parse_mail("From\nSubject: s\n\n").is_mail) << "no envelope: the body's first line";
}

TEST(ParseMail, JoinsTextPartsAndLeavesOutTheOthers) {
  const Mail mail = parse_mail(
      "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
      "--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
      "<a href=3D'http://a.com'>x</a>=\ny http://not.a.link\n"
      "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=x\n\nhidden\n"
      "--b\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nAAAA\n"
      "--b\nContent-Type: text/enriched\nContent-Transfer-Encoding: base64\n\naHR0cDovL2IuY29t\n");
  EXPECT_EQ(mail.leaves, 4u);
  EXPECT_EQ(mail.visible_text, "xy http://not.a.link\nhttp://b.com");
  EXPECT_EQ(mail.html_bytes, 47u);
  EXPECT_EQ(mail.text_bytes, 59u);
  EXPECT_THAT(mail.links, ElementsAre(Link{"a.com", false, ""}, Link{"b.com", false, ""}));
}

TEST(ParseMail, AnyOfFourFieldsMakesAMail) {
  for (const char* field : {"From", "Subject", "Date", "Received"}) {
    EXPECT_TRUE(parse_mail(std::string(field) + ":\n").is_mail) << field;
  }
  EXPECT_FALSE(parse_mail("To: x\n").is_mail);
  EXPECT_FALSE(parse_mail("").is_mail);
  EXPECT_FALSE(parse_mail(std::string(1000, '\0')).is_mail);
  EXPECT_FALSE(parse_mail("\n\nSubject: too late\n").is_mail);
}

TEST(ParseMail, CutsTheVisibleTextButCountsAllOfIt) {
  const Mail mail = parse_mail("Subject: s\n\n" + std::string(100'000, 'x') + " http://a.com");
  EXPECT_EQ(mail.visible_text.size(), kMaxVisibleBytes);
  EXPECT_EQ(mail.text_bytes, 100'013u);
  EXPECT_EQ(mail.links.size(), 1u);
}

TEST(ParseMail, LooksAtTheFirstMebibyteOnly) {
  const std::string header = "Subject: s\n\n";
  const Mail mail = parse_mail(header + std::string(50'000'000, 'x'));
  EXPECT_EQ(mail.text_bytes, kMaxMailBytes - header.size());
}

TEST(ParseMail, NeverMindsCharsets) {
  const Mail mail = parse_mail(
      "Subject: =?no-such-charset?q?=FF=FE?=\nContent-Type: text/plain; charset=\"\\\xFF\n\n\xC3(");
  EXPECT_EQ(mail.subject, "\xFF\xFE");
  EXPECT_EQ(mail.visible_text, "\xC3(");
}

}  // namespace
}  // namespace thunderline::worlds::inbox
