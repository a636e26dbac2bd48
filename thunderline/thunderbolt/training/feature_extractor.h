#pragma once

#include <array>
#include <span>
#include <utility>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"
#include "thunderline/thunderbolt/training/feature_schema.h"

namespace thunderline::thunderbolt {

/// The features of one bit, and beside them the keys that must never be features.
struct TrainingFeatures {
  Uuid bit_id;
  thunderbit::SharedText pac_id;
  std::array<float, kFeatureCount> values{};
};

/// Turns bits into feature vectors of schema 1 (docs/formats/feature_schema.md).
/// Shapes: one row of 40 a bit, row-major. Range: [0, 1]; values beyond are capped.
/// Errors, all extractions: kInvalidArgument for a context whose channels are not the schema's;
/// kNotFound for a bit that is not there; kBadData, naming the feature and the bit, for NaN or
/// infinity.
/// Thread-safety: any thread.
class FeatureExtractor {
 public:
  /// Errors: kRefused for a schema of another version than 1.
  static Result<FeatureExtractor> create(FeatureSchema schema);

  const FeatureSchema& schema() const { return schema_; }

  /// Fills `out`, of bits.size() * 40 floats, with one row a bit, in their order. What belongs to
  /// the whole context is computed once. Fastest with refs in rising order. On an error `out` is
  /// unspecified. Errors: also kInvalidArgument for an `out` of another size.
  Status extract_batch(const thunderbit::Context& context, std::span<const thunderbit::BitRef> bits,
                       std::span<float> out) const;

  /// As above, by ids: a look-up more a bit.
  Status extract_batch(const thunderbit::Context& context, std::span<const Uuid> bits,
                       std::span<float> out) const;

  /// One bit's features. `bit` may be a changed copy of the bit of that id in `context`: fields
  /// come from `bit`, links from the context.
  Result<TrainingFeatures> extract_training_features(const thunderbit::Bit& bit,
                                                     const thunderbit::Context& context) const;

 private:
  explicit FeatureExtractor(FeatureSchema schema) : schema_(std::move(schema)) {}

  Status check_context(const thunderbit::Context& context) const;

  FeatureSchema schema_;
};

}  // namespace thunderline::thunderbolt
