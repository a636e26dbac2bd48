#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/category.h"
#include "thunderline/thunderbit/shared_text.h"

namespace thunderline::thunderbit {

/// Where a bit is in its life. kRetired is the end: only `Protocol::retire` leads there, and
/// nothing leads out.
enum class BitStatus : uint8_t { kPending, kActive, kSpawning, kFading, kArchived, kRetired };
inline constexpr size_t kBitStatusCount = 6;

/// What a critic last said.
enum class Verdict : uint8_t { kNone, kApprove, kWarn, kVeto };
inline constexpr size_t kVerdictCount = 4;

/// Bands of a score: critical < 0.2 <= low < 0.4 <= medium < 0.7 <= high.
enum class ScoreLabel : uint8_t { kCritical, kLow, kMedium, kHigh };
inline constexpr size_t kScoreLabelCount = 4;

std::string_view name_of(BitStatus status);
std::string_view name_of(Verdict verdict);
std::string_view name_of(ScoreLabel label);
/// Errors: kInvalidArgument that lists the names there are.
Result<BitStatus> parse_bit_status(std::string_view name);
Result<Verdict> parse_verdict(std::string_view name);
Result<ScoreLabel> parse_score_label(std::string_view name);

/// The band that `score` falls in.
ScoreLabel label_for(float score);

inline constexpr size_t kMaxChannels = 16;
inline constexpr size_t kMaxTags = 64;
inline constexpr size_t kMaxNameBytes = 256;  ///< Of a kind, owner, zone, tag, action or version.
inline constexpr size_t kMaxContentBytes = size_t{16} << 20;
inline constexpr int64_t kNever = -1;  ///< A tick at which nothing happened.

/// What a model, or the heuristic before the first model, thought of a bit.
struct Score {
  float score = 0;                              ///< Range: [0, 1].
  float confidence = 0;                         ///< Range: [0, 1].
  ScoreLabel label = ScoreLabel::kCritical;
  SharedText suggested_action;
  SharedText model_version;                     ///< Which of the two made it, and which model.

  /// A score with the label of its band.
  static Score of(float score, float confidence, SharedText suggested_action,
                  SharedText model_version);

  bool operator==(const Score&) const = default;
};

/// Up to 16 numbers that a bit's world gives it; the context holds their names. Values beyond
/// `count` are 0. Range: any finite number (a world documents its own; features are capped to [0,
/// 1]).
struct Channels {
  std::array<float, kMaxChannels> values{};
  uint8_t count = 0;

  Channels() = default;
  /// Errors: kInvalidArgument for more than 16 or a value that is not finite.
  static Result<Channels> from(std::span<const float> values);

  std::span<const float> view() const { return {values.data(), count}; }
  bool operator==(const Channels&) const = default;
};

/// The tags of a bit, shared between its copies.
class Tags {
 public:
  Tags() = default;
  Tags(std::vector<std::string> tags);  // NOLINT: a list of tags is tags

  std::span<const std::string> view() const {
    return tags_ == nullptr ? std::span<const std::string>() : std::span(*tags_);
  }
  size_t size() const { return tags_ == nullptr ? 0 : tags_->size(); }
  bool contains(std::string_view tag) const;

  friend bool operator==(const Tags& a, const Tags& b);

 private:
  std::shared_ptr<const std::vector<std::string>> tags_;
};

/// An agent, as a plain value. Its id, category (hence role) and spawn time never change.
/// Units: ticks of the context. Range: energy, salience, health, priority in [0, 1].
struct Bit {
  Uuid id;
  Category category = Category::kSensory;
  BitStatus status = BitStatus::kPending;
  Verdict verdict = Verdict::kNone;
  CapabilitySet capabilities_used;
  float energy = 1;
  float salience = 0.5f;
  float health = 1;
  float priority = 0.5f;
  uint32_t chain_depth = 0;       ///< Continuations bound so far.
  uint32_t transition_count = 0;  ///< Steps, binds, changes of status and the retirement so far.
  int64_t spawned_tick = 0;  ///< Range: 0 and up.
  int64_t last_evaluated_tick = kNever;
  Channels channels;
  std::optional<Score> score;
  SharedText content;
  SharedText kind;
  SharedText owner;
  SharedText zone;
  Tags tags;

  Role role() const { return role_of(category); }
  bool operator==(const Bit&) const = default;
};

/// Whether every field of `bit` is in its documented range.
/// Errors: kInvalidArgument or kResourceLimit, naming the bit and the field.
Status check_bit(const Bit& bit);

/// As above for a score of the bit `id`.
Status check_score(const Score& score, const Uuid& id);

}  // namespace thunderline::thunderbit
