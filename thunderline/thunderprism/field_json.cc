#include "thunderline/thunderprism/field_json.h"

#include <algorithm>
#include <map>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbit/bit_json.h"

namespace thunderline::thunderprism {
namespace {

using thunderbit::Bit;
using thunderbit::BitStatus;
using thunderbit::Context;

std::string text_of(const thunderbit::SharedText& text) { return std::string(text.view()); }

OrderedJson score_json(const thunderbit::Score& score) {
  return {{"score", score.score},
          {"confidence", score.confidence},
          {"label", name_of(score.label)},
          {"action", text_of(score.suggested_action)},
          {"model_version", text_of(score.model_version)}};
}

OrderedJson bit_json(const Bit& bit) {
  OrderedJson json;
  json["id"] = bit.id.to_string();
  json["category"] = name_of(bit.category);
  json["status"] = name_of(bit.status);
  json["kind"] = text_of(bit.kind);
  json["energy"] = bit.energy;
  json["salience"] = bit.salience;
  json["spawned_tick"] = bit.spawned_tick;
  json["score"] = bit.score ? score_json(*bit.score) : OrderedJson();
  return json;
}

struct CategorySum {
  size_t n = 0;
  size_t scored = 0;
  double sum = 0.0;
};

/// The newest living bits, oldest first: their places in the context.
std::vector<size_t> newest_living(const Context& context) {
  std::vector<size_t> places;
  for (size_t i = context.size(); i-- > 0 && places.size() < kShownBits;) {
    if (context.find(context.ref_at(i))->status != BitStatus::kRetired) places.push_back(i);
  }
  std::reverse(places.begin(), places.end());
  return places;
}

/// The bits that were scored last, retired ones too, newest first.
OrderedJson evaluations(const Context& context) {
  std::vector<const Bit*> scored;
  constexpr size_t kLookedAt = 2000;
  for (size_t i = context.size(), seen = 0; i-- > 0 && seen < kLookedAt; ++seen) {
    const Bit* bit = context.find(context.ref_at(i));
    if (bit->score) scored.push_back(bit);
  }
  const size_t n = std::min(scored.size(), kShownEvaluations);
  std::partial_sort(scored.begin(), scored.begin() + static_cast<std::ptrdiff_t>(n), scored.end(),
                    [](const Bit* a, const Bit* b) {
                      return a->last_evaluated_tick > b->last_evaluated_tick;
                    });
  OrderedJson list = OrderedJson::array();
  for (size_t i = 0; i < n; ++i) {
    OrderedJson line = score_json(*scored[i]->score);
    line["id"] = scored[i]->id.to_string();
    line["category"] = name_of(scored[i]->category);
    line["tick"] = scored[i]->last_evaluated_tick;
    list.push_back(std::move(line));
  }
  return list;
}

}  // namespace

std::string field_json(const Context& context) {
  OrderedJson json;
  json["tick"] = context.tick();
  for (size_t i = 0; i < thunderbit::kBitStatusCount; ++i) {
    const auto status = static_cast<BitStatus>(i);
    json["counts"][std::string(name_of(status))] = context.count(status);
  }
  std::map<thunderbit::Category, CategorySum> sums;
  std::map<Uuid, size_t> place;
  json["bits"] = OrderedJson::array();
  const std::vector<size_t> shown = newest_living(context);
  for (const size_t i : shown) {
    const Bit& bit = *context.find(context.ref_at(i));
    CategorySum& sum = sums[bit.category];
    ++sum.n;
    if (bit.score) {
      ++sum.scored;
      sum.sum += bit.score->score;
    }
    place[bit.id] = json["bits"].size();
    json["bits"].push_back(bit_json(bit));
  }
  json["edges"] = OrderedJson::array();
  for (const size_t i : shown) {
    for (const thunderbit::Edge& edge : context.edges_from(context.ref_at(i))) {
      const auto to = place.find(edge.to);
      if (to == place.end()) continue;
      json["edges"].push_back({place.at(edge.from), to->second, name_of(edge.relation)});
    }
  }
  json["categories"] = OrderedJson::array();
  for (const auto& row : thunderbit::category_table()) {
    const CategorySum& sum = sums[row.category];
    json["categories"].push_back(
        {{"name", row.name},
         {"shape", row.shape},
         {"n", sum.n},
         {"mean_score", sum.scored == 0 ? OrderedJson()
                                        : OrderedJson(sum.sum / static_cast<double>(sum.scored))}});
  }
  json["shown"] = shown.size();
  json["evaluations"] = evaluations(context);
  return dump_json(json);
}

Result<std::string> bit_detail_json(const Context& context, const std::string& id) {
  TL_ASSIGN_OR_RETURN(const Uuid uuid, Uuid::parse(id));
  const Bit* bit = context.find(uuid);
  if (bit == nullptr) {
    return fail(ErrorCode::kNotFound, "no such bit (any more)", id,
                "its steps stand at /api/v1/trajectories?episode=" + id);
  }
  OrderedJson json = OrderedJson::parse(thunderbit::bit_to_json(*bit));
  json["channel_names"] = OrderedJson(std::vector<std::string>(context.channel_names().begin(),
                                                               context.channel_names().end()));
  TL_ASSIGN_OR_RETURN(const thunderbit::BitRef ref, context.resolve(uuid));
  json["links"] = OrderedJson::array();
  for (const auto& edge : context.edges_from(ref)) {
    json["links"].push_back({{"to", edge.to.to_string()}, {"relation", name_of(edge.relation)}});
  }
  for (const auto& edge : context.edges_to(ref)) {
    json["links"].push_back({{"from", edge.from.to_string()}, {"relation", name_of(edge.relation)}});
  }
  return dump_json(json) + "\n";
}

}  // namespace thunderline::thunderprism
