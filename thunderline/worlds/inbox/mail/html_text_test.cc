#include "thunderline/worlds/inbox/mail/html_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thunderline::worlds::inbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string text_of(std::string_view html) { return strip_html(html).text; }
std::vector<std::string> hrefs_of(std::string_view html) { return strip_html(html).hrefs; }

TEST(StripHtml, DropsTagsAndBreaksLinesAtBlocks) {
  EXPECT_EQ(text_of("a<b>b</b><BR/>c<p class=x>d</P>e"), "ab\nc\nd\ne");
  EXPECT_EQ(text_of("<h1>t</h1><h7>u"), "\nt\nu");
}

TEST(StripHtml, DropsComments) {
  EXPECT_EQ(text_of("a<!-- > <p> -->b"), "ab");
  EXPECT_EQ(text_of("a<!-- never closed"), "a");
  EXPECT_EQ(text_of("a<!DOCTYPE x>b"), "ab");
}

TEST(StripHtml, KeepsALessThanThatOpensNothing) {
  EXPECT_EQ(text_of("1 < 2 <3 <"), "1 < 2 <3 <");
  EXPECT_EQ(text_of("a<?xml?>b</>c"), "abc");
}

TEST(StripHtml, ATagRunsToTheNextGreaterThanOrTheEnd) {
  EXPECT_EQ(text_of("a<i title=\"x>y\">b"), "ay\">b");
  EXPECT_EQ(text_of("a<br"), "a\n");
}

TEST(StripHtml, SkipsScriptsAndStyles) {
  EXPECT_EQ(text_of("a<script>if (1<2) x</p></SCRIPT >b"), "ab");
  EXPECT_EQ(text_of("a<STYLE type=x>p{}</style>b<style>open"), "ab");
  EXPECT_EQ(text_of("a</script>b<scripting>c"), "abc");
}

TEST(StripHtml, ResolvesEntitiesInText) {
  EXPECT_EQ(text_of("&lt;p&gt;&nbsp;x"), "<p> x");
}

TEST(ResolveEntities, KnowsNamesAndNumbers) {
  EXPECT_EQ(resolve_entities("&amp;&quot;&apos;&copy;&reg;"), "&\"'\xA9\xAE");
  EXPECT_EQ(resolve_entities("&#65;&#x42;&#228;&#256;&#x3b1;"), "AB\xE4??");
}

TEST(ResolveEntities, TheSemicolonMayBeMissing) {
  EXPECT_EQ(resolve_entities("a&amp b&#65 c&lt"), "a& bA c<");
}

TEST(ResolveEntities, ANameHasTenBytesAtMost) {
  EXPECT_EQ(resolve_entities("&#0000000651;"), "A1;");
}

TEST(ResolveEntities, KeepsWhatIsUnknown) {
  for (const char* text : {"&", "&;", "&uuml;", "&ampx;", "&#;", "&#x;", "&#6a;", "& amp;",
                           "&nbspnbspnbsp;", "AT&T"}) {
    EXPECT_EQ(resolve_entities(text), text);
  }
}

TEST(StripHtml, FindsTheLinksOfAnchorsAndAreas) {
  EXPECT_THAT(hrefs_of("<a href=\"x y\"><AREA HREF = 'z'><a class=q href=u>"),
              ElementsAre("x y", "z", "u"));
  EXPECT_THAT(hrefs_of("<link href=a><abbr href=b><img src=c><a name=href>"), IsEmpty());
}

TEST(StripHtml, TakesTheFirstHrefAndResolvesIt) {
  EXPECT_THAT(hrefs_of("<a title='href=t' href='\n a&amp;b ' href=c>"), ElementsAre("a&b"));
  EXPECT_THAT(hrefs_of("<a data-href=x href>"), IsEmpty());
}

TEST(StripHtml, AQuoteThatIsNeverClosedMakesNoHref) {
  EXPECT_THAT(hrefs_of("<a href=\"http://a/<email>\">"), IsEmpty());
}

}  // namespace
}  // namespace thunderline::worlds::inbox
