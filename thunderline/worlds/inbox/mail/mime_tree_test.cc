#include "thunderline/worlds/inbox/mail/mime_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;

/// Each leaf as `type: line|line`.
std::vector<std::string> leaves_in(const std::string& mail) {
  const std::vector<std::string_view> lines = split_lines(mail);
  const ParsedHeader parsed = parse_header(lines);
  std::vector<std::string> leaves;
  for (const Leaf& leaf :
       leaves_of(parsed.header, std::span(lines).subspan(parsed.body_line))) {
    std::string text = leaf.type + ": ";
    for (size_t i = 0; i < leaf.lines.size(); ++i) {
      text += (i > 0 ? "|" : "") + std::string(leaf.lines[i]);
    }
    leaves.push_back(text);
  }
  return leaves;
}

const char kMixed[] = "Content-Type: multipart/mixed; boundary=\"b  \"\n\n";

TEST(LeavesOf, AMailWithoutATypeIsPlainText) {
  EXPECT_THAT(leaves_in("A: 1\n\nx\ny\n"), ElementsAre("text/plain: x|y"));
  EXPECT_THAT(leaves_in("Content-Type: text\n\nx"), ElementsAre("text/plain: x"));
  EXPECT_THAT(leaves_in("Content-Type: Image/GIF\n\nx"), ElementsAre("image/gif: x"));
}

TEST(LeavesOf, SplitsPartsAtBoundaryLines) {
  EXPECT_THAT(leaves_in(std::string(kMixed) +
                        "preamble\n--b \t\nContent-Type: text/html\n\nx\n--b\n\ny\n\n--b-- \nlate"),
              ElementsAre("text/html: x", "text/plain: y|"));
}

TEST(LeavesOf, ABoundaryWithMoreBehindItIsText) {
  EXPECT_THAT(leaves_in(std::string(kMixed) + "--b\n\n--bx\n--b--x\n- -b"),
              ElementsAre("text/plain: --bx|--b--x|- -b"));
}

TEST(LeavesOf, APartMayBeginWithoutAnyHeader) {
  EXPECT_THAT(leaves_in(std::string(kMixed) + "--b\nno field\n--b\n\n"),
              ElementsAre("text/plain: no field", "text/plain: "));
}

TEST(LeavesOf, AMultipartWithoutPartsIsPlainText) {
  EXPECT_THAT(leaves_in(std::string(kMixed) + "x\n--b--\n--b\ny"),
              ElementsAre("text/plain: x|--b--|--b|y"));
  EXPECT_THAT(leaves_in("Content-Type: multipart/mixed\n\nx"), ElementsAre("text/plain: x"));
  EXPECT_THAT(leaves_in("Content-Type: multipart/mixed; boundary=\"  \"\n\n--\nx"),
              ElementsAre("text/plain: --|x"));
}

TEST(LeavesOf, TheOuterBoundaryEndsTheInnerList) {
  EXPECT_THAT(leaves_in(std::string(kMixed) +
                        "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
                        "--c\n\nx\n--b\n\ny"),
              ElementsAre("text/plain: x", "text/plain: y"));
}

TEST(LeavesOf, AMessageIsReadAsAMail) {
  EXPECT_THAT(leaves_in("Content-Type: message/rfc822\n\nContent-Type: text/html\n\nx"),
              ElementsAre("text/html: x"));
}

TEST(LeavesOf, PartsOfADigestAreMessages) {
  EXPECT_THAT(leaves_in("Content-Type: multipart/digest; boundary=b\n\n"
                        "--b\n\nContent-Type: text/html\n\nx\n--b\nContent-Type: text/plain\n\ny"),
              ElementsAre("text/html: x", "text/plain: y"));
}

std::string nested_multipart(int depth) {
  std::string mail;
  for (int i = 0; i < depth; ++i) {
    const std::string boundary = "b" + std::to_string(i) + "x";
    mail += "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" + boundary + "\n";
  }
  return mail + "Content-Type: text/html\n\nend";
}

TEST(LeavesOf, StopsAtTheDeepestNesting) {
  EXPECT_THAT(leaves_in(nested_multipart(kMaxNesting)), ElementsAre("text/html: end"));
  const auto leaves = leaves_in(nested_multipart(1000));
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_TRUE(leaves[0].starts_with("text/plain: --b8x|")) << leaves[0].substr(0, 80);
}

TEST(LeavesOf, AMessageBelowTheDeepestNestingIsALeaf) {
  std::string mail;
  for (int i = 0; i < 1000; ++i) mail += "Content-Type: message/rfc822\n\n";
  const auto leaves = leaves_in(mail + "end");
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_TRUE(leaves[0].starts_with("message/rfc822: "));
}

TEST(LeavesOf, StopsAtTheMostLeaves) {
  std::string mail = kMixed;
  for (int i = 0; i < 1000; ++i) mail += "--b\n\n" + std::to_string(i) + "\n";
  const auto leaves = leaves_in(mail);
  ASSERT_EQ(leaves.size(), kMaxLeaves);
  EXPECT_EQ(leaves.back(), "text/plain: 63");
}

TEST(Leaf, KnowsTextAndAttachments) {
  Leaf leaf;
  leaf.type = "text/x-anything";
  EXPECT_TRUE(leaf.is_text());
  EXPECT_FALSE(leaf.is_attachment());
  leaf.type = "textual/plain";
  leaf.disposition = "attachment";
  EXPECT_FALSE(leaf.is_text());
  EXPECT_TRUE(leaf.is_attachment());
}

}  // namespace
}  // namespace thunderline::worlds::inbox
