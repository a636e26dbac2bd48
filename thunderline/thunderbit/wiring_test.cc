#include "thunderline/thunderbit/wiring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderbit {
namespace {

/// The rule, read from the reference's own file.
bool reference_allows(const Json& table, const std::string& from, const std::string& to,
                      const std::string& relation) {
  for (const Json& category : table["categories"]) {
    if (category["id"] != from) continue;
    const Json& targets = category["can_link_to"];
    const Json& roles = table["relations"][relation]["from_roles"];
    return std::find(targets.begin(), targets.end(), to) != targets.end() &&
           std::find(roles.begin(), roles.end(), category["role"]) != roles.end();
  }
  return false;
}

TEST(Wiring, AllowsExactlyWhatTheReferenceDoes) {
  std::ifstream file(THUNDERLINE_SOURCE_DIR "/tests/golden/thunderbit/categories.json");
  std::stringstream text;
  text << file.rdbuf();
  const Json table = parse_json(text.str(), "categories.json").value();
  int allowed = 0;
  for (const CategoryInfo& from : category_table()) {
    for (const CategoryInfo& to : category_table()) {
      for (const RelationInfo& relation : relation_table()) {
        const bool expected = reference_allows(table, std::string(from.name), std::string(to.name),
                                               std::string(relation.name));
        const Status status = check_wiring(from.category, to.category, relation.relation);
        EXPECT_EQ(status.has_value(), expected)
            << from.name << " " << relation.name << " " << to.name;
        if (!status) {
          EXPECT_EQ(status.error().code, ErrorCode::kRefused);
        }
        allowed += expected;
      }
    }
  }
  EXPECT_GT(allowed, 50);
}

TEST(Wiring, RefusesAMaximThatTheOtherEndForbids) {
  CategoryInfo from = info(Category::kSocial);
  const CategoryInfo& motor = info(Category::kMotor);
  ASSERT_TRUE(check_wiring(from, motor, info(Relation::kRoutesTo)));
  from.required_maxims = {"Acta sine consilio"};
  const Status status = check_wiring(from, motor, info(Relation::kRoutesTo));
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("Acta sine consilio"), std::string::npos);

  CategoryInfo target = info(Category::kMnemonic);
  target.required_maxims = {"Acta sine consilio"};
  EXPECT_TRUE(check_wiring(info(Category::kSensory), target, info(Relation::kStores)));
  EXPECT_FALSE(check_wiring(motor, target, info(Relation::kStores)));
}

TEST(Wiring, InvertsWhoMayLink) {
  const CategorySet sources = can_be_linked_from(Category::kEthical);
  EXPECT_EQ(sources, (CategorySet{Category::kCognitive, Category::kExecutive}));
}

TEST(Wiring, LetsTheChainOfAMailStand) {
  EXPECT_TRUE(check_wiring(Category::kSensory, Category::kPerceptual, Relation::kFeeds));
  EXPECT_TRUE(check_wiring(Category::kPerceptual, Category::kCognitive, Relation::kFeeds));
  EXPECT_TRUE(check_wiring(Category::kCognitive, Category::kMotor, Relation::kTriggers));
}

}  // namespace
}  // namespace thunderline::thunderbit
