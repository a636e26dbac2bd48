#include "thunderline/thunderbit/bit_json.h"

#include <gtest/gtest.h>

#include "tests/support/thunderbits.h"
#include "thunderline/base/json_util.h"

namespace thunderline::thunderbit {
namespace {

using testing::Field;

Field chain_of_a_mail() {
  ContextOptions options;
  options.scope = {"pac-1", "graph-1", "inbox"};
  options.channel_names = {"html", "links"};
  options.metadata = {{"run", "7"}};
  Field field{Context::create(options).value()};
  SpawnAttrs attrs;
  attrs.content = std::string("caf\xc3\xa9 and a stray byte \xff");
  attrs.tags = Tags({"mail", "\xfe"});
  attrs.channels = Channels::from(std::vector<float>{0.1f, 1.0f / 3}).value();
  const BitRef sensory = field.spawn(Category::kSensory, attrs);
  const BitRef perceptual = field.spawn(Category::kPerceptual);
  const BitRef cognitive = field.spawn(Category::kCognitive);
  const BitRef executive = field.spawn(Category::kExecutive);
  field.link(sensory, perceptual, Relation::kFeeds);
  field.link(perceptual, cognitive, Relation::kFeeds);
  field.link(cognitive, executive, Relation::kTriggers);
  field.link(executive, cognitive, Relation::kControls);
  field.context = advance_tick(field.context, 5);
  BitChanges changes;
  changes.score = Score::of(0.3f, 0.7f, "deliver", "v2");
  field.mutate(cognitive, changes);
  field.step(executive, {});
  field.retire(sensory);
  return field;
}

TEST(ContextJson, RoundTripsToAnEqualContext) {
  const Context context = chain_of_a_mail().context;
  const std::string text = context_to_json(context);
  const auto read = context_from_json(text, "test");
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_TRUE(*read == context);
  EXPECT_EQ(context_to_json(*read), text);
  EXPECT_EQ(read->link_counts(read->ref_at(3)), context.link_counts(context.ref_at(3)));
  EXPECT_DOUBLE_EQ(read->total_energy(), context.total_energy());
}

TEST(ContextJson, RoundTripsAfterACompaction) {
  const Context context = compact(chain_of_a_mail().context).context;
  const Context read = context_from_json(context_to_json(context), "test").value();
  EXPECT_TRUE(read == context);
  EXPECT_NE(read.find(context.ref_at(0)), nullptr) << "refs hold";
}

TEST(BitJson, RoundTripsTextThatIsNotUtf8) {
  const Context context = chain_of_a_mail().context;
  for (const Bit& bit : context.bits()) {
    const auto read = bit_from_json(bit_to_json(bit), "test");
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, bit);
  }
}

/// The context's JSON with one thing changed.
template <typename Change>
Error error_after(Change change) {
  Json json = parse_json(context_to_json(chain_of_a_mail().context), "test").value();
  change(json);
  const auto read = context_from_json(dump_json(json), "file.json");
  return read ? Error{ErrorCode::kInternal, "it was read", "", ""} : read.error();
}

TEST(ContextJson, RefusesWhatIsBrokenAndSaysWhere) {
  struct Case {
    const char* where;
    void (*breaks)(Json&);
  };
  const Case cases[] = {
      {"version", [](Json& j) { j["version"] = 2; }},
      {"file.json", [](Json& j) { j.erase("bits"); }},
      {"bits[1]", [](Json& j) { j["bits"][1]["energy"] = 7; }},
      {"bits[1].category", [](Json& j) { j["bits"][1]["category"] = "nerve"; }},
      {"bits[1].role", [](Json& j) { j["bits"][1]["role"] = "critic"; }},
      {"bits[1].id", [](Json& j) { j["bits"][1]["id"] = j["bits"][0]["id"]; }},
      {"bits[1].id", [](Json& j) { j["bits"][1]["id"] = "x"; }},
      {"bits[0].content", [](Json& j) { j["bits"][0]["content"] = {{"hex", "zz"}}; }},
      {"bits[0].content", [](Json& j) { j["bits"][0]["content"] = {{"hex", "f"}}; }},
      {"bits[0]", [](Json& j) { j["bits"][0]["channels"] = Json::array({1, "two"}); }},
      {"bits[2]", [](Json& j) { j["bits"][2]["depth"] = -1; }},
      {"bits[2].score", [](Json& j) { j["bits"][2]["score"].erase("label"); }},
      {"bits[2].depth", [](Json& j) { j["bits"][2]["depth"] = 4294967295; }},
      {"bits[1]", [](Json& j) { j["bits"][1]["spawned_tick"] = INT64_MIN; }},
      {"tick", [](Json& j) { j["tick"] = -1; }},
      {"edges[1]", [](Json& j) { j["edges"][1]["relation"] = "validates"; }},
      {"edges[1]", [](Json& j) { j["edges"][1]["to"] = j["edges"][1]["from"]; }},
      {"edges[1]", [](Json& j) { j["edges"][1] = j["edges"][0]; }},
      {"edges[3]", [](Json& j) { j["edges"][3]["closes_cycle"] = false; }},
      {"events", [](Json& j) { j["events"].erase(0); }},
      {"events[0]", [](Json& j) { j["events"][0]["sequence"] = 9; }},
      {"policy", [](Json& j) { j["policy"]["veto_risk"] = 9; }},
      {"metadata", [](Json& j) { j["metadata"] = Json::array({1}); }},
  };
  for (const Case& broken : cases) {
    const Error error = error_after(broken.breaks);
    EXPECT_EQ(error.code, ErrorCode::kBadData) << broken.where << ": " << to_string(error);
    EXPECT_NE(error.where.find(broken.where), std::string::npos) << to_string(error);
  }
  EXPECT_EQ(context_from_json("[]", "x").error().code, ErrorCode::kBadData);
  EXPECT_EQ(context_from_json("{", "x").error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace thunderline::thunderbit
