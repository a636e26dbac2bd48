#include "thunderline/thunderbolt/training/feature_extractor.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace thunderline::thunderbolt {
namespace {

using thunderbit::Bit;
using thunderbit::BitRef;
using thunderbit::BitStatus;
using thunderbit::Context;
using thunderbit::LinkCounts;

/// First slots after the categories; the order of FeatureSchema::v1.
enum Slot : size_t {
  kEnergy = 8,
  kSalience,
  kContentLen,
  kTagCount,
  kDepth,
  kSiblings,
  kChildren,
  kTimeSinceSpawn,
  kTransitionCount,
  kStatusPending,
  kStatusActive,
  kStatusOther,
  kContextEnergy,
  kActiveBitCount,
  kChainDepth,
  kCerebrosScore,
  kFirstChannel,
};
static_assert(kFirstChannel == kFirstChannelFeature);

constexpr float kPerTag = 1.0f / 16;
constexpr float kPerLinkedBit = 1.0f / 16;
constexpr float kPerTransition = 1.0f / 16;
constexpr float kPerDepth = 1.0f / 10;
constexpr uint32_t kSiblingLimit = 16;  // more than these make the feature 1
constexpr float kHalfWay = 100;         // of what rises towards 1
constexpr float kNoScore = 0.5f;
constexpr size_t kContentLimit = 65536;
constexpr size_t kPrefetchDistance = 8;  // rows; about the time that the memory takes

/// What all rows of a batch have in common.
struct ContextFeatures {
  int64_t tick = 0;
  float energy = 0;
  float active = 0;
};

float saturating(double value) {
  return value <= 0 ? 0 : static_cast<float>(value / (value + kHalfWay));
}

ContextFeatures features_of(const Context& context) {
  return {context.tick(), static_cast<float>(context.mean_energy()),
          saturating(static_cast<double>(context.active_count()))};
}

float content_feature(size_t bytes) {
  static const float scale = 1 / std::log1p(static_cast<float>(kContentLimit));
  return bytes == 0 ? 0 : std::log1p(static_cast<float>(bytes)) * scale;
}

float capped_count(size_t count, float per_one) {
  return std::min(1.0f, static_cast<float>(count) * per_one);
}

void write_row(const Bit& bit, const LinkCounts& links, const ContextFeatures& common, float* row) {
  std::fill_n(row, thunderbit::kCategoryCount, 0.0f);
  row[static_cast<size_t>(bit.category)] = 1;
  row[kEnergy] = bit.energy;
  row[kSalience] = bit.salience;
  row[kContentLen] = content_feature(bit.content.size());
  row[kTagCount] = capped_count(bit.tags.size(), kPerTag);
  row[kDepth] = capped_count(links.depth, kPerDepth);
  row[kSiblings] = capped_count(links.siblings, kPerLinkedBit);
  row[kChildren] = capped_count(links.children, kPerLinkedBit);
  row[kTimeSinceSpawn] = saturating(static_cast<double>(common.tick - bit.spawned_tick));
  row[kTransitionCount] = capped_count(bit.transition_count, kPerTransition);
  const bool pending = bit.status == BitStatus::kPending;
  const bool active = bit.status == BitStatus::kActive;
  row[kStatusPending] = pending;
  row[kStatusActive] = active;
  row[kStatusOther] = !pending && !active;
  row[kContextEnergy] = common.energy;
  row[kActiveBitCount] = common.active;
  row[kChainDepth] = capped_count(bit.chain_depth, kPerDepth);
  row[kCerebrosScore] = bit.score ? bit.score->score : kNoScore;
  std::copy_n(bit.channels.values.data(), kChannelFeatureCount, row + kFirstChannel);
}

/// Caps the row; false where it holds what is no finite number.
bool cap_row(float* row) {
  float poison = 0;  // becomes NaN with the first value that is not finite
  for (size_t i = 0; i < kFeatureCount; ++i) {
    poison += row[i] * 0.0f;
    row[i] = std::min(1.0f, std::max(0.0f, row[i]));
  }
  return poison == 0.0f;
}

tl::unexpected<Error> not_finite(const FeatureSchema& schema, const Bit& bit,
                                 const LinkCounts& links, const ContextFeatures& common) {
  std::array<float, kFeatureCount> row;
  write_row(bit, links, common, row.data());
  size_t slot = 0;
  while (slot + 1 < kFeatureCount && std::isfinite(row[slot])) ++slot;
  return fail(ErrorCode::kBadData,
              "the feature \"" + schema.features()[slot].name + "\" is " +
                  (std::isnan(row[slot]) ? "not a number" : "infinite"),
              "bit " + bit.id.to_string(), "mend what sets it");
}

}  // namespace

Result<FeatureExtractor> FeatureExtractor::create(FeatureSchema schema) {
  if (schema.version() != kFeatureSchemaVersion) {
    return fail(ErrorCode::kRefused,
                "features of schema " + std::to_string(schema.version()) + " cannot be extracted",
                "schema.version", "only schema 1 is known");
  }
  return FeatureExtractor(std::move(schema));
}

Status FeatureExtractor::check_context(const Context& context) const {
  if (std::ranges::equal(context.channel_names(), schema_.channel_names())) return {};
  return fail(ErrorCode::kInvalidArgument, "the context's channels are not the schema's",
              "context.channel_names", "make both from the world's channel names");
}

Status FeatureExtractor::extract_batch(const Context& context, std::span<const BitRef> bits,
                                       std::span<float> out) const {
  TL_RETURN_IF_ERROR(check_context(context));
  if (out.size() != bits.size() * kFeatureCount) {
    return fail(ErrorCode::kInvalidArgument,
                "room for " + std::to_string(out.size()) + " floats, where " +
                    std::to_string(bits.size()) + " rows of 40 are asked for",
                "out");
  }
  const ContextFeatures common = features_of(context);
  Context::Reader reader(context);
  float* row = out.data();
  for (size_t i = 0; i < bits.size(); ++i) {
    if (i + kPrefetchDistance < bits.size()) reader.prefetch(bits[i + kPrefetchDistance]);
    const BitRef ref = bits[i];
    const Bit* bit = reader.bit(ref);
    if (bit == nullptr) return tl::unexpected<Error>(context.resolve(ref).error());
    const LinkCounts links = reader.link_counts(ref, kSiblingLimit);
    write_row(*bit, links, common, row);
    if (!cap_row(row)) return not_finite(schema_, *bit, links, common);
    row += kFeatureCount;
  }
  return {};
}

Status FeatureExtractor::extract_batch(const Context& context, std::span<const Uuid> bits,
                                       std::span<float> out) const {
  std::vector<BitRef> refs;
  refs.reserve(bits.size());
  for (const Uuid& id : bits) {
    TL_ASSIGN_OR_RETURN(const BitRef ref, context.resolve(id));
    refs.push_back(ref);
  }
  return extract_batch(context, std::span<const BitRef>(refs), out);
}

Result<TrainingFeatures> FeatureExtractor::extract_training_features(const Bit& bit,
                                                                     const Context& context) const {
  TL_RETURN_IF_ERROR(check_context(context));
  TL_ASSIGN_OR_RETURN(const BitRef ref, context.resolve(bit.id));
  const ContextFeatures common = features_of(context);
  const LinkCounts links = context.link_counts(ref);
  TrainingFeatures features;
  features.bit_id = bit.id;
  features.pac_id = context.scope().pac_id;
  write_row(bit, links, common, features.values.data());
  if (!cap_row(features.values.data())) return not_finite(schema_, bit, links, common);
  return features;
}

}  // namespace thunderline::thunderbolt
