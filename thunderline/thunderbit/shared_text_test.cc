#include "thunderline/thunderbit/shared_text.h"

#include <gtest/gtest.h>

namespace thunderline::thunderbit {
namespace {

TEST(SharedText, SharesOneBufferBetweenCopies) {
  const SharedText text = std::string("a mail, with \0 in it", 20);
  const SharedText copy = text;
  EXPECT_TRUE(copy.shares_with(text));
  EXPECT_EQ(copy.view().data(), text.view().data());
  EXPECT_EQ(copy.size(), 20u);
}

TEST(SharedText, ComparesByValue) {
  const SharedText text = "owner";
  EXPECT_EQ(text, SharedText(std::string_view("owner")));
  EXPECT_EQ(text, "owner");
  EXPECT_FALSE(text == "another");
  EXPECT_EQ(SharedText(), "");
  EXPECT_TRUE(SharedText("").shares_with(SharedText())) << "the empty text owns nothing";
}

TEST(SharedText, SurvivesAssignmentToItselfAndMoves) {
  SharedText text = "kept";
  SharedText& alias = text;
  text = alias;
  EXPECT_EQ(text, "kept");
  SharedText moved = std::move(text);
  text = "new";
  EXPECT_EQ(moved, "kept");
  EXPECT_EQ(text, "new");
}

}  // namespace
}  // namespace thunderline::thunderbit
