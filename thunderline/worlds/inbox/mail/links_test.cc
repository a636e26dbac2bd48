#include "thunderline/worlds/inbox/mail/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Link> links_in(std::string_view text) {
  std::vector<Link> links;
  find_links(text, links);
  return links;
}

TEST(FindLinks, FindsEveryOneInAnyCaseAndKeepsRepeatedOnes) {
  EXPECT_THAT(links_in("see HTTP://A.com/x, https://b.org. (http://a.com) httpx://c http:/d"),
              ElementsAre(Link{"a.com", false, ""}, Link{"b.org", false, ""},
                          Link{"a.com", false, ""}));
}

TEST(FindLinks, EndsALinkAtWhatCannotBeInOne) {
  for (const char end : std::string_view(" \t\r\n\f\v<>\"'()[]{}|\\^`")) {
    EXPECT_THAT(links_in(std::string("http://a.com") + end + "b"),
                ElementsAre(Link{"a.com", false, ""}));
  }
}

TEST(FindLinks, ALinkInsideALinkIsPartOfIt) {
  EXPECT_EQ(links_in("http://a.com/?u=http://b.com").size(), 1u);
}

TEST(FindLinks, LooksAtSoManyBytesOnly) {
  const std::string path(kMaxLinkBytes, 'x');
  EXPECT_EQ(links_in("http://a.com/" + path + "/http://b.com").size(), 2u);
}

TEST(Link, SplitsUserHostAndPort) {
  EXPECT_EQ(link_at_start("http://u:p@x@Host.:81/p@q"), (Link{"host", true, "81"}));
  EXPECT_EQ(link_at_start("http://host:80:90#f"), (Link{"host", false, "80:90"}));
  EXPECT_EQ(link_at_start("http://host?a@b"), (Link{"host", false, ""}));
}

TEST(Link, NeedsAHost) {
  EXPECT_FALSE(link_at_start("http:///x"));
  EXPECT_FALSE(link_at_start("http://...:80/"));
  EXPECT_FALSE(link_at_start("http://user@/"));
  EXPECT_FALSE(link_at_start("mailto:a@b"));
  EXPECT_FALSE(link_at_start(" http://a"));
  EXPECT_THAT(links_in("http://"), IsEmpty());
}

TEST(IsOdd, KnowsHiddenHosts) {
  EXPECT_TRUE(is_odd({"1.22.333.4", false, ""}));
  EXPECT_TRUE(is_odd({"3232235777", false, ""}));
  EXPECT_TRUE(is_odd({"%34.com", false, ""}));
  EXPECT_TRUE(is_odd({"a.com", true, ""}));
  EXPECT_TRUE(is_odd({"a.com", false, "8080"}));
}

TEST(IsOdd, LeavesOrdinaryHostsAlone) {
  EXPECT_FALSE(is_odd({"a.com", false, ""}));
  EXPECT_FALSE(is_odd({"a.com", false, "80"}));
  EXPECT_FALSE(is_odd({"a.com", false, "443"}));
  for (const char* host : {"1.2.3", "1.2.3.4.5", "1.2.3.4444", "1.2.3.", "1234567", "12345678901",
                           "1.2.3.x"}) {
    EXPECT_FALSE(is_odd({host, false, ""})) << host;
  }
}

}  // namespace
}  // namespace thunderline::worlds::inbox
