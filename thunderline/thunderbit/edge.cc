#include "thunderline/thunderbit/edge.h"

#include "thunderline/thunderbit/enum_names.h"

namespace thunderline::thunderbit {
namespace {

using enum Role;

constexpr RelationInfo kTable[kRelationCount] = {
    {Relation::kFeeds, "feeds", {kObserver, kTransformer, kAnalyzer, kStorage}, 1.0f,
     "data flows from source to target"},
    {Relation::kTriggers, "triggers", {kController, kTransformer}, 1.0f,
     "source starts an action in target"},
    {Relation::kValidates, "validates", {kCritic}, 1.0f, "critic judges before target executes"},
    {Relation::kStores, "stores", {kObserver, kTransformer, kActuator, kAnalyzer}, 1.0f,
     "source persists data in target storage"},
    {Relation::kRecalls, "recalls", {kStorage}, 0.8f, "data retrieved from storage reaches target"},
    {Relation::kRoutesTo, "routes_to", {kRouter}, 1.0f, "router selects target for a message"},
    {Relation::kControls, "controls", {kController}, 0.9f, "controller sequences target"},
    {Relation::kInhibits, "inhibits", {kCritic, kController, kTransformer}, 0.5f,
     "source suppresses target's activation"},
    {Relation::kModulates, "modulates", {kAnalyzer, kStorage, kRouter}, 0.3f,
     "source shifts target's parameters"},
};

constexpr std::array<std::string_view, kRelationCount> relation_names() {
  std::array<std::string_view, kRelationCount> names;
  for (size_t i = 0; i < kRelationCount; ++i) names[i] = kTable[i].name;
  return names;
}
constexpr auto kNames = relation_names();

}  // namespace

std::span<const RelationInfo> relation_table() { return kTable; }
const RelationInfo& info(Relation relation) { return kTable[static_cast<size_t>(relation)]; }
std::string_view name_of(Relation relation) { return info(relation).name; }
Result<Relation> parse_relation(std::string_view name) {
  return parse_enum<Relation>(kNames, name, "relation");
}

}  // namespace thunderline::thunderbit
