#include "thunderline/thunderbolt/training/feature_schema.h"

#include <cmath>
#include <set>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbit/category.h"

namespace thunderline::thunderbolt {
namespace {

constexpr std::string_view kChannelPrefix = "channel.";

struct BaseFeature {
  const char* name;
  const char* meaning;
};

/// Slots 8 to 23; the categories come before them, the channels after.
constexpr BaseFeature kBaseFeatures[] = {
    {"energy", "energy"},
    {"salience", "salience"},
    {"content_len", "log1p(bytes of content) / log1p(65536)"},
    {"tag_count", "tags / 16"},
    {"depth", "links on the longest path from a root / 10"},
    {"siblings", "other children of the bit's sources / 16"},
    {"children", "linked bits / 16"},
    {"time_since_spawn", "x / (x + 100), x in ticks"},
    {"transition_count", "transitions / 16"},
    {"status_pending", "1 if pending"},
    {"status_active", "1 if active"},
    {"status_other", "1 if neither pending nor active"},
    {"context_energy", "mean energy of the active bits"},
    {"active_bit_count", "x / (x + 100), x = active bits"},
    {"chain_depth", "continuations bound / 10"},
    {"cerebros_score", "last score, 0.5 if none"},
};

Status check_channel_names(std::span<const std::string> names) {
  if (names.size() > kChannelFeatureCount) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(names.size()) + " channels, where 16 are allowed", "channel_names");
  }
  for (const std::string& name : names) {
    if (name.empty()) {
      return fail(ErrorCode::kInvalidArgument, "a channel name is empty", "channel_names");
    }
  }
  return {};
}

/// The first name that stands twice.
std::optional<std::string> repeated_name(std::span<const FeatureInfo> features) {
  std::set<std::string_view> seen;
  for (const FeatureInfo& feature : features) {
    if (!seen.insert(feature.name).second) return feature.name;
  }
  return std::nullopt;
}

Result<FeatureInfo> read_feature(const Json& json, const std::string& where) {
  FeatureInfo feature;
  TL_ASSIGN_OR_RETURN(feature.name, json_string(json, "name", where));
  TL_ASSIGN_OR_RETURN(const double min, json_number(json, "min", where));
  TL_ASSIGN_OR_RETURN(const double max, json_number(json, "max", where));
  TL_ASSIGN_OR_RETURN(feature.meaning, json_string(json, "meaning", where));
  feature.min = static_cast<float>(min);
  feature.max = static_cast<float>(max);
  if (!(feature.min < feature.max) || !std::isfinite(feature.min) || !std::isfinite(feature.max)) {
    return fail(ErrorCode::kBadData, "\"min\" must be below \"max\", both finite", where);
  }
  return feature;
}

}  // namespace

Result<FeatureSchema> FeatureSchema::v1(std::span<const std::string> channel_names) {
  TL_RETURN_IF_ERROR(check_channel_names(channel_names));
  FeatureSchema schema;
  for (const thunderbit::CategoryInfo& info : thunderbit::category_table()) {
    const std::string name(info.name);
    schema.features_.push_back({"category_" + name, 0, 1, "1 if the category is " + name});
  }
  for (const BaseFeature& base : kBaseFeatures) {
    schema.features_.push_back({base.name, 0, 1, base.meaning});
  }
  for (size_t i = 0; i < kChannelFeatureCount; ++i) {
    const bool named = i < channel_names.size();
    schema.features_.push_back(
        {std::string(kChannelPrefix) + (named ? channel_names[i] : std::to_string(i)), 0, 1,
         named ? "given by the world" : "not used by the world: 0"});
  }
  TL_CHECK(schema.width() == kFeatureCount);
  schema.channel_names_.assign(channel_names.begin(), channel_names.end());
  if (const auto name = repeated_name(schema.features_)) {
    return fail(ErrorCode::kInvalidArgument, "a channel name stands twice", *name);
  }
  return schema;
}

Result<FeatureSchema> FeatureSchema::from_json(std::string_view text, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(text, where));
  FeatureSchema schema;
  TL_ASSIGN_OR_RETURN(const int64_t version, json_integer(json, "version", where));
  if (version < 1 || version > 1'000'000) {
    return fail(ErrorCode::kBadData, "no such schema version: " + std::to_string(version), where);
  }
  schema.version_ = static_cast<int>(version);
  for (const char* field : {"features", "channel_names"}) {
    if (!json.contains(field) || !json.at(field).is_array()) {
      return fail(ErrorCode::kBadData, std::string("\"") + field + "\" must be an array", where);
    }
  }
  for (const Json& item : json.at("features")) {
    const std::string at = where + ".features[" + std::to_string(schema.width()) + "]";
    TL_ASSIGN_OR_RETURN(FeatureInfo feature, read_feature(item, at));
    schema.features_.push_back(std::move(feature));
  }
  for (const Json& item : json.at("channel_names")) {
    if (!item.is_string()) {
      return fail(ErrorCode::kBadData, "a channel name must be a string", where + ".channel_names");
    }
    schema.channel_names_.push_back(item.get<std::string>());
  }
  if (const auto name = repeated_name(schema.features_)) {
    return fail(ErrorCode::kBadData, "a feature stands twice", where + ": " + *name);
  }
  if (version == kFeatureSchemaVersion) {
    // What version 1 is, is known: a text that says otherwise was tampered with or is broken.
    auto known = v1(schema.channel_names_);
    if (!known || !(*known == schema)) {
      return fail(ErrorCode::kBadData, "the features are not those of schema 1", where);
    }
  }
  return schema;
}

std::string FeatureSchema::to_json() const {
  OrderedJson json;
  json["version"] = version_;
  json["channel_names"] = channel_names_;
  json["features"] = OrderedJson::array();
  for (const FeatureInfo& feature : features_) {
    OrderedJson item;
    item["name"] = feature.name;
    item["min"] = feature.min;
    item["max"] = feature.max;
    item["meaning"] = feature.meaning;
    json["features"].push_back(std::move(item));
  }
  return dump_json(json);
}

std::optional<size_t> FeatureSchema::index_of(std::string_view name) const {
  for (size_t i = 0; i < features_.size(); ++i) {
    if (features_[i].name == name) return i;
  }
  return std::nullopt;
}

uint64_t FeatureSchema::hash() const {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : to_json()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

Status check_same_schema(const FeatureSchema& expected, const FeatureSchema& got) {
  const auto differs = [](const std::string& what, const std::string& wanted,
                          const std::string& found) {
    return fail(ErrorCode::kRefused,
                "another feature schema: expected " + what + " " + wanted + ", got " + found, what,
                "train a model with this schema");
  };
  if (expected.version() != got.version()) {
    return differs("version", std::to_string(expected.version()), std::to_string(got.version()));
  }
  if (expected.width() != got.width()) {
    return differs("width", std::to_string(expected.width()), std::to_string(got.width()));
  }
  for (size_t i = 0; i < expected.width(); ++i) {
    const FeatureInfo& wanted = expected.features()[i];
    const FeatureInfo& found = got.features()[i];
    const std::string slot = "feature " + std::to_string(i);
    if (wanted.name != found.name) return differs(slot, wanted.name, found.name);
    if (!(wanted == found)) {
      return differs(slot, wanted.name + " as \"" + wanted.meaning + "\"", "another definition");
    }
  }
  return {};
}

}  // namespace thunderline::thunderbolt
