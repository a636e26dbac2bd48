#include "thunderline/thunderbit/category.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbit/bit_json.h"
#include "thunderline/thunderbit/edge.h"

namespace thunderline::thunderbit {
namespace {

Json reference() {
  std::ifstream file(THUNDERLINE_SOURCE_DIR "/tests/golden/thunderbit/categories.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str(), "categories.json").value();
}

TEST(CategoryTable, IsTheReferencesToTheLetter) {
  const Json ours = parse_json(category_table_to_json(), "table").value();
  const Json theirs = reference();
  ASSERT_EQ(theirs["categories"].size(), kCategoryCount);
  for (size_t i = 0; i < kCategoryCount; ++i) {
    EXPECT_EQ(ours["categories"][i], theirs["categories"][i]);
  }
  EXPECT_EQ(ours["default_active_maxims"], theirs["default_active_maxims"]);
  EXPECT_EQ(ours["bit_status"], theirs["bit_status"]);
}

TEST(RelationTable, IsTheReferencesInWhatItAllows) {
  const Json ours = parse_json(category_table_to_json(), "table").value();
  const Json theirs = reference();
  ASSERT_EQ(theirs["relations"].size(), kRelationCount);
  for (const auto& [name, relation] : theirs["relations"].items()) {
    EXPECT_EQ(ours["relations"][name]["from_roles"], relation["from_roles"]) << name;
    EXPECT_EQ(ours["relations"][name]["strength"], relation["strength"]) << name;
  }
}

TEST(CategoryTable, StandsInTheOrderOfTheEnumeration) {
  for (size_t i = 0; i < kCategoryCount; ++i) {
    EXPECT_EQ(category_table()[i].category, static_cast<Category>(i));
    EXPECT_EQ(parse_category(category_table()[i].name).value(), static_cast<Category>(i));
  }
  for (size_t i = 0; i < kRelationCount; ++i) {
    EXPECT_EQ(relation_table()[i].relation, static_cast<Relation>(i));
    EXPECT_EQ(parse_relation(relation_table()[i].name).value(), static_cast<Relation>(i));
  }
}

TEST(ParseCategory, NamesTheChoicesWhenItRefuses) {
  const auto result = parse_category("sensorial");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(result.error().hint.find("sensory, cognitive"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderbit
