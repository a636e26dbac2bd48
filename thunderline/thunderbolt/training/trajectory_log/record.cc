#include "thunderline/thunderbolt/training/trajectory_log/record.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include "thunderline/base/crc32c.h"

namespace thunderline::thunderbolt {
namespace {

static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

enum StepFlag : uint8_t { kHasReward = 1, kHasPropensity = 2, kTerminated = 4, kTruncated = 8 };

/// The fixed first part of a step's payload. No padding: every byte is named and checked.
struct StepHead {
  Uuid id;
  uint32_t state_width;
  uint32_t next_width;
  int32_t action;
  uint32_t metadata_bytes;
  uint16_t episode_bytes;
  uint8_t source_bytes;
  uint8_t flags;
  uint32_t reserved;
};
static_assert(sizeof(StepHead) == 40 && std::is_trivially_copyable_v<StepHead>);

struct OutcomeBody {
  Uuid step_id;
  double reward;
  int64_t tick;
  uint64_t seen;
};
static_assert(sizeof(OutcomeBody) == 40);

struct ChiefHead {
  int64_t tick;
  double reward;
  uint32_t state_width;
  uint32_t next_width;
  int32_t action;
  uint32_t source_bytes;
};
static_assert(sizeof(ChiefHead) == 32);

struct TransitionHead {
  Uuid bit;
  int64_t tick;
  uint16_t episode_bytes;
  uint16_t verb_bytes;
  uint16_t from_bytes;
  uint16_t to_bytes;
  uint64_t reason_bytes;
};
static_assert(sizeof(TransitionHead) == 40);

struct EventHead {
  int64_t tick;
  uint32_t kind_bytes;
  uint32_t json_bytes;
};
static_assert(sizeof(EventHead) == 16);

/// Writes into memory that was made large enough before.
class Output {
 public:
  explicit Output(std::byte* at) : at_(at) {}

  template <typename T>
  void value(const T& value) {
    raw(&value, sizeof value);
  }
  void text(std::string_view text) { raw(text.data(), text.size()); }
  void floats(std::span<const float> values) { raw(values.data(), values.size_bytes()); }

 private:
  void raw(const void* data, size_t size) {
    if (size != 0) std::memcpy(at_, data, size);
    at_ += size;
  }
  std::byte* at_;
};

/// Reads what `Output` wrote; once something is missing, `ok` is false and stays so.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && bytes_.empty(); }

  template <typename T>
  T value() {
    T value{};
    const auto from = take(sizeof value);
    if (!from.empty()) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  std::string_view text(size_t size) {
    const auto from = take(size);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  std::vector<float> floats(size_t count) {
    const auto from = take(count * sizeof(float));
    std::vector<float> values(from.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), from.data(), from.size());
    return values;
  }
  void skip(size_t size) { take(size); }

 private:
  std::span<const std::byte> take(size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

size_t payload_size(const StepView& step) {
  return sizeof(StepHead) + (step.reward ? 8 : 0) + (step.propensity ? 8 : 0) +
         step.state.size_bytes() + step.next_state.size_bytes() + step.source.size() +
         step.episode.size() + step.metadata.size();
}
size_t payload_size(const Outcome&) { return sizeof(OutcomeBody); }
size_t payload_size(const ChiefStep& step) {
  return sizeof(ChiefHead) + 4 * (step.state.size() + step.next_state.size()) + step.source.size();
}
size_t payload_size(const Transition& t) {
  return sizeof(TransitionHead) + t.episode.size() + t.verb.size() + t.from.size() + t.to.size() +
         t.reason.size();
}
size_t payload_size(const LogEvent& event) {
  return sizeof(EventHead) + event.kind.size() + event.json.size();
}

void encode(Output out, const StepView& step) {
  const int flags = (step.reward ? kHasReward : 0) | (step.propensity ? kHasPropensity : 0) |
                    (step.terminated ? kTerminated : 0) | (step.truncated ? kTruncated : 0);
  out.value(StepHead{step.id, static_cast<uint32_t>(step.state.size()),
                     static_cast<uint32_t>(step.next_state.size()), step.action,
                     static_cast<uint32_t>(step.metadata.size()),
                     static_cast<uint16_t>(step.episode.size()),
                     static_cast<uint8_t>(step.source.size()), static_cast<uint8_t>(flags), 0});
  if (step.reward) out.value(*step.reward);
  if (step.propensity) out.value(*step.propensity);
  out.floats(step.state);
  out.floats(step.next_state);
  out.text(step.source);
  out.text(step.episode);
  out.text(step.metadata);
}

void encode(Output out, const Outcome& outcome) {
  out.value(OutcomeBody{outcome.step_id, outcome.reward, outcome.tick, outcome.seen ? 1u : 0u});
}

void encode(Output out, const ChiefStep& step) {
  out.value(ChiefHead{step.tick, step.reward, static_cast<uint32_t>(step.state.size()),
                      static_cast<uint32_t>(step.next_state.size()), step.action,
                      static_cast<uint32_t>(step.source.size())});
  out.floats(step.state);
  out.floats(step.next_state);
  out.text(step.source);
}

void encode(Output out, const Transition& t) {
  out.value(TransitionHead{t.bit, t.tick, static_cast<uint16_t>(t.episode.size()),
                           static_cast<uint16_t>(t.verb.size()),
                           static_cast<uint16_t>(t.from.size()),
                           static_cast<uint16_t>(t.to.size()), t.reason.size()});
  for (const std::string* text : {&t.episode, &t.verb, &t.from, &t.to, &t.reason}) {
    out.text(*text);
  }
}

void encode(Output out, const LogEvent& event) {
  out.value(EventHead{event.tick, static_cast<uint32_t>(event.kind.size()),
                      static_cast<uint32_t>(event.json.size())});
  out.text(event.kind);
  out.text(event.json);
}

size_t record_size(size_t payload_bytes) {
  return (kRecordHeaderBytes + payload_bytes + kRecordAlignment - 1) / kRecordAlignment *
         kRecordAlignment;
}

tl::unexpected<Error> broken_payload(const char* what) {
  return fail(ErrorCode::kBadData, std::string("the content of ") + what + " is malformed");
}

LogRecord decode_step(Input& in) {
  const auto head = in.value<StepHead>();
  Step step;
  step.id = head.id;
  step.action = head.action;
  step.terminated = (head.flags & kTerminated) != 0;
  step.truncated = (head.flags & kTruncated) != 0;
  if ((head.flags & kHasReward) != 0) step.reward = in.value<double>();
  if ((head.flags & kHasPropensity) != 0) step.propensity = in.value<double>();
  step.state = in.floats(head.state_width);
  step.next_state = in.floats(head.next_width);
  step.source = in.text(head.source_bytes);
  step.episode = in.text(head.episode_bytes);
  step.metadata = in.text(head.metadata_bytes);
  return step;
}

LogRecord decode_outcome(Input& in) {
  const auto body = in.value<OutcomeBody>();
  return Outcome{body.step_id, body.seen != 0, body.reward, body.tick};
}

LogRecord decode_chief_step(Input& in) {
  const auto head = in.value<ChiefHead>();
  ChiefStep step;
  step.tick = head.tick;
  step.reward = head.reward;
  step.action = head.action;
  step.state = in.floats(head.state_width);
  step.next_state = in.floats(head.next_width);
  step.source = in.text(head.source_bytes);
  return step;
}

LogRecord decode_transition(Input& in) {
  const auto head = in.value<TransitionHead>();
  Transition transition;
  transition.bit = head.bit;
  transition.tick = head.tick;
  transition.episode = in.text(head.episode_bytes);
  transition.verb = in.text(head.verb_bytes);
  transition.from = in.text(head.from_bytes);
  transition.to = in.text(head.to_bytes);
  transition.reason = in.text(head.reason_bytes);
  return transition;
}

LogRecord decode_event(Input& in) {
  const auto head = in.value<EventHead>();
  LogEvent event;
  event.tick = head.tick;
  event.kind = in.text(head.kind_bytes);
  event.json = in.text(head.json_bytes);
  return event;
}

/// Appends a record of `payload_bytes`, which `encode_payload` writes.
template <typename EncodePayload>
void append(ByteBuffer& out, uint32_t salt, uint64_t sequence, uint8_t kind, size_t payload_bytes,
            const EncodePayload& encode_payload) {
  const size_t begin = out.size();
  const size_t size = record_size(payload_bytes);
  out.resize(begin + size);  // Padding is zero.
  std::byte* const record = out.data() + begin;
  RecordHeader header{0, static_cast<uint32_t>(size), sequence, kind, kRecordVersion, 0,
                      static_cast<uint32_t>(payload_bytes)};
  std::memcpy(record, &header, sizeof header);
  encode_payload(Output(record + kRecordHeaderBytes));
  header.crc = crc32c({record + sizeof header.crc, size - sizeof header.crc}, salt);
  std::memcpy(record, &header.crc, sizeof header.crc);
}

}  // namespace

RecordHeader read_record_header(const std::byte* bytes) {
  RecordHeader header;
  std::memcpy(&header, bytes, sizeof header);
  return header;
}

bool is_plausible(const RecordHeader& header) {
  const bool known_kind = (header.kind >= static_cast<uint8_t>(RecordKind::kStep) &&
                           header.kind <= static_cast<uint8_t>(RecordKind::kEvent)) ||
                          header.kind == kSealKind;
  return known_kind && header.version == kRecordVersion && header.reserved == 0 &&
         header.size_bytes <= kMaxRecordBytes && header.payload_bytes <= kMaxRecordBytes &&
         header.size_bytes == record_size(header.payload_bytes);
}

bool crc_matches(std::span<const std::byte> record, uint32_t salt) {
  return read_record_header(record.data()).crc == crc32c(record.subspan(sizeof(uint32_t)), salt);
}

size_t encoded_size(const RecordView& view) {
  return std::visit([](const auto* record) { return record_size(payload_size(*record)); }, view);
}

void append_record(ByteBuffer& out, uint32_t salt, uint64_t sequence, const RecordView& view) {
  const auto kind = static_cast<uint8_t>(kind_of(view));
  std::visit(
      [&](const auto* record) {
        append(out, salt, sequence, kind, payload_size(*record),
               [record](Output output) { encode(output, *record); });
      },
      view);
}

void append_seal(ByteBuffer& out, uint32_t salt, uint64_t sequence) {
  append(out, salt, sequence, kSealKind, 0, [](Output) {});
}

bool is_well_formed(RecordKind kind, std::span<const std::byte> payload) {
  // Steps are nearly all there is; their numbers need not be copied for this.
  if (kind == RecordKind::kStep) return decode_step_key(payload).has_value();
  return decode_record(kind, payload).has_value();
}

Result<StepKey> decode_step_key(std::span<const std::byte> payload) {
  Input in(payload);
  const auto head = in.value<StepHead>();
  const bool rewarded = (head.flags & kHasReward) != 0;
  in.skip(rewarded ? 8 : 0);
  in.skip((head.flags & kHasPropensity) != 0 ? 8 : 0);
  in.skip(4 * (size_t{head.state_width} + head.next_width));
  StepKey key{head.id, rewarded, in.text(head.source_bytes), in.text(head.episode_bytes)};
  in.skip(head.metadata_bytes);
  if (!in.at_end()) return broken_payload("a step");
  return key;
}

Result<LogRecord> decode_record(RecordKind kind, std::span<const std::byte> payload) {
  Input in(payload);
  LogRecord record;
  switch (kind) {
    case RecordKind::kStep:
      record = decode_step(in);
      break;
    case RecordKind::kOutcome:
      record = decode_outcome(in);
      break;
    case RecordKind::kChiefStep:
      record = decode_chief_step(in);
      break;
    case RecordKind::kTransition:
      record = decode_transition(in);
      break;
    case RecordKind::kEvent:
      record = decode_event(in);
      break;
  }
  if (!in.at_end()) return broken_payload(kind_name(kind));
  return record;
}

}  // namespace thunderline::thunderbolt
