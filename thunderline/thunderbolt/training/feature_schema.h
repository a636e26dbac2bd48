#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

/// Slots of schema 1. Source: docs/formats/feature_schema.md.
inline constexpr size_t kFeatureCount = 40;
inline constexpr size_t kFirstChannelFeature = 24;
inline constexpr size_t kChannelFeatureCount = 16;
inline constexpr int kFeatureSchemaVersion = 1;

/// One slot of a feature vector.
struct FeatureInfo {
  std::string name;
  float min = 0;
  float max = 1;
  std::string meaning;

  bool operator==(const FeatureInfo&) const = default;
};

/// What the numbers of a feature vector are, as data: stored with every dataset and model, so that
/// a model is never fed with another schema's numbers.
class FeatureSchema {
 public:
  /// Schema 1 for a world with these channels. A channel's feature is called "channel.NAME";
  /// channels that the world does not use keep their number.
  /// Errors: kInvalidArgument for more than 16 names, an empty one, or one that stands twice.
  static Result<FeatureSchema> v1(std::span<const std::string> channel_names);

  /// Reads what `to_json` wrote, of any version. Errors: kBadData that names `where` and the field.
  static Result<FeatureSchema> from_json(std::string_view text, const std::string& where);
  std::string to_json() const;

  int version() const { return version_; }
  size_t width() const { return features_.size(); }
  std::span<const FeatureInfo> features() const { return features_; }
  std::optional<size_t> index_of(std::string_view name) const;

  /// The names that `v1` was given. Empty for a schema of another version.
  std::span<const std::string> channel_names() const { return channel_names_; }

  /// FNV-1a (64 bit) of `to_json()`: the same on every machine; equal schemas, equal hashes.
  uint64_t hash() const;

  bool operator==(const FeatureSchema&) const = default;

 private:
  FeatureSchema() = default;

  int version_ = kFeatureSchemaVersion;
  std::vector<FeatureInfo> features_;
  std::vector<std::string> channel_names_;
};

/// Whether what was made with `got` may be used where `expected` holds.
/// Errors: kRefused that says what differs first: version, width, or which slot.
Status check_same_schema(const FeatureSchema& expected, const FeatureSchema& got);

}  // namespace thunderline::thunderbolt
