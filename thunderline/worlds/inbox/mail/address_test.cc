#include "thunderline/worlds/inbox/mail/address.h"

#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

std::string address(std::string_view value) {
  const Address found = find_address(value);
  return found.local + "@" + found.domain;
}

TEST(FindAddress, PrefersTheOneInAngleBrackets) {
  EXPECT_EQ(address("\"me@home\" <A.B@C.org>"), "a.b@c.org");
  EXPECT_EQ(address("x@y.z <no address>"), "x@y.z");
  EXPECT_EQ(address("x@y.z <open@a"), "x@y.z");
}

TEST(FindAddress, TakesTheFirstThatIsWhole) {
  EXPECT_EQ(address("@a b@ c@d,e@f"), "c@d");
  EXPECT_EQ(address("mailto:A_1=b@x-y.z!"), "a_1=b@x-y.z");
  EXPECT_EQ(address("a@.b.c.."), "a@b.c");
  EXPECT_EQ(address("nobody"), "@");
  EXPECT_EQ(address(""), "@");
}

TEST(SiteOf, IsTheLastLabels) {
  EXPECT_EQ(site_of("mail.a.com"), "a.com");
  EXPECT_EQ(site_of("a.com"), "a.com");
  EXPECT_EQ(site_of("com"), "com");
  EXPECT_EQ(site_of(""), "");
  EXPECT_EQ(site_of("x.a.co.uk"), "a.co.uk");
  EXPECT_EQ(site_of("a.co.uk"), "a.co.uk");
  EXPECT_EQ(site_of("co.uk"), "co.uk");
  EXPECT_EQ(site_of("x.a.ie"), "a.ie");
  EXPECT_EQ(site_of("x.com.net"), "com.net");
  EXPECT_EQ(site_of("x.com.1a"), "com.1a");
}

TEST(HasDisplayName, LooksBeforeTheAddressOrInAComment) {
  EXPECT_TRUE(has_display_name("Ann <a@b.c>"));
  EXPECT_TRUE(has_display_name("a@b.c (Ann)"));
  EXPECT_TRUE(has_display_name("\"Ann\" <a@b.c>"));
}

TEST(HasDisplayName, AnAddressOrNothingIsNoName) {
  EXPECT_FALSE(has_display_name("a@b.c"));
  EXPECT_FALSE(has_display_name("<a@b.c> (Ann)"));
  EXPECT_FALSE(has_display_name("\"\" <a@b.c>"));
  EXPECT_FALSE(has_display_name("\"a@b.c\" <a@b.c>"));
  EXPECT_FALSE(has_display_name("a@b.c ()"));
  EXPECT_FALSE(has_display_name("a@b.c (Ann"));
  EXPECT_FALSE(has_display_name(""));
}

}  // namespace
}  // namespace thunderline::worlds::inbox
