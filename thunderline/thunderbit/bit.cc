#include "thunderline/thunderbit/bit.h"

#include <algorithm>
#include <cmath>

#include "thunderline/thunderbit/enum_names.h"

namespace thunderline::thunderbit {
namespace {

constexpr std::string_view kStatusNames[kBitStatusCount] = {"pending", "active",   "spawning",
                                                            "fading",  "archived", "retired"};
constexpr std::string_view kVerdictNames[kVerdictCount] = {"none", "approve", "warn", "veto"};
constexpr std::string_view kLabelNames[kScoreLabelCount] = {"critical", "low", "medium", "high"};

std::string place(const Uuid& id, std::string_view field) {
  return "bit " + id.to_string() + ", " + std::string(field);
}

/// False also for NaN.
bool in_unit_range(float value) { return value >= 0 && value <= 1; }

tl::unexpected<Error> not_in_unit_range(float value, const Uuid& id, std::string_view field) {
  return fail(ErrorCode::kInvalidArgument,
              "the value " + std::to_string(value) + " is outside [0, 1]", place(id, field));
}

Status check_length(const SharedText& text, size_t limit, const Uuid& id, std::string_view field) {
  if (text.size() <= limit) return {};
  return fail(ErrorCode::kResourceLimit,
              std::to_string(text.size()) + " bytes, where " + std::to_string(limit) +
                  " are allowed",
              place(id, field));
}

Status check_tags(const Tags& tags, const Uuid& id) {
  if (tags.size() > kMaxTags) {
    return fail(ErrorCode::kResourceLimit,
                std::to_string(tags.size()) + " tags, where " + std::to_string(kMaxTags) +
                    " are allowed",
                place(id, "tags"));
  }
  for (const std::string& tag : tags.view()) {
    if (tag.size() > kMaxNameBytes) {
      return fail(ErrorCode::kResourceLimit,
                  "a tag is longer than " + std::to_string(kMaxNameBytes) + " bytes",
                  place(id, "tags"));
    }
  }
  return {};
}

Status check_channels(const Channels& channels, const Uuid& id) {
  if (channels.count > kMaxChannels) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(channels.count) + " channels, where 16 are allowed",
                place(id, "channels"));
  }
  for (size_t i = 0; i < kMaxChannels; ++i) {
    const float value = channels.values[i];
    const bool fine = i < channels.count ? std::isfinite(value) : value == 0;
    if (fine) continue;
    return fail(ErrorCode::kInvalidArgument,
                i < channels.count ? "not a finite number" : "a value beyond the count",
                place(id, "channel " + std::to_string(i)));
  }
  return {};
}

}  // namespace

std::string_view name_of(BitStatus status) { return kStatusNames[static_cast<size_t>(status)]; }
std::string_view name_of(Verdict verdict) { return kVerdictNames[static_cast<size_t>(verdict)]; }
std::string_view name_of(ScoreLabel label) { return kLabelNames[static_cast<size_t>(label)]; }

Result<BitStatus> parse_bit_status(std::string_view name) {
  return parse_enum<BitStatus>(kStatusNames, name, "status");
}
Result<Verdict> parse_verdict(std::string_view name) {
  return parse_enum<Verdict>(kVerdictNames, name, "verdict");
}
Result<ScoreLabel> parse_score_label(std::string_view name) {
  return parse_enum<ScoreLabel>(kLabelNames, name, "score label");
}

ScoreLabel label_for(float score) {
  if (score < 0.2f) return ScoreLabel::kCritical;
  if (score < 0.4f) return ScoreLabel::kLow;
  return score < 0.7f ? ScoreLabel::kMedium : ScoreLabel::kHigh;
}

Score Score::of(float score, float confidence, SharedText suggested_action,
                SharedText model_version) {
  return {score, confidence, label_for(score), std::move(suggested_action),
          std::move(model_version)};
}

Result<Channels> Channels::from(std::span<const float> values) {
  if (values.size() > kMaxChannels) {
    return fail(ErrorCode::kInvalidArgument,
                std::to_string(values.size()) + " channels, where 16 are allowed", "channels");
  }
  Channels channels;
  channels.count = static_cast<uint8_t>(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return fail(ErrorCode::kInvalidArgument, "not a finite number",
                  "channel " + std::to_string(i));
    }
    channels.values[i] = values[i];
  }
  return channels;
}

Tags::Tags(std::vector<std::string> tags) {
  if (tags.empty()) return;
  tags_ = std::make_shared<const std::vector<std::string>>(std::move(tags));
}

bool Tags::contains(std::string_view tag) const {
  const auto all = view();
  return std::find(all.begin(), all.end(), tag) != all.end();
}

bool operator==(const Tags& a, const Tags& b) {
  if (a.tags_ == b.tags_) return true;
  return std::ranges::equal(a.view(), b.view());
}

Status check_score(const Score& score, const Uuid& id) {
  if (!in_unit_range(score.score)) return not_in_unit_range(score.score, id, "score");
  if (!in_unit_range(score.confidence)) {
    return not_in_unit_range(score.confidence, id, "confidence");
  }
  TL_RETURN_IF_ERROR(check_length(score.suggested_action, kMaxNameBytes, id, "suggested_action"));
  return check_length(score.model_version, kMaxNameBytes, id, "model_version");
}

Status check_bit(const Bit& bit) {
  if (bit.spawned_tick < 0) {
    return fail(ErrorCode::kInvalidArgument, "the tick is negative", place(bit.id, "spawned_tick"));
  }
  const std::pair<float, std::string_view> levels[] = {{bit.energy, "energy"},
                                                       {bit.salience, "salience"},
                                                       {bit.health, "health"},
                                                       {bit.priority, "priority"}};
  for (const auto& [value, field] : levels) {
    if (!in_unit_range(value)) return not_in_unit_range(value, bit.id, field);
  }
  const std::pair<const SharedText*, std::string_view> names[] = {
      {&bit.kind, "kind"}, {&bit.owner, "owner"}, {&bit.zone, "zone"}};
  for (const auto& [text, field] : names) {
    TL_RETURN_IF_ERROR(check_length(*text, kMaxNameBytes, bit.id, field));
  }
  TL_RETURN_IF_ERROR(check_length(bit.content, kMaxContentBytes, bit.id, "content"));
  TL_RETURN_IF_ERROR(check_tags(bit.tags, bit.id));
  TL_RETURN_IF_ERROR(check_channels(bit.channels, bit.id));
  if (bit.score) return check_score(*bit.score, bit.id);
  return {};
}

}  // namespace thunderline::thunderbit
