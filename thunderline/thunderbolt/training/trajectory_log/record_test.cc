#include "thunderline/thunderbolt/training/trajectory_log/record.h"

#include <gtest/gtest.h>

#include "tests/support/trajectory_test_data.h"

namespace thunderline::thunderbolt {
namespace {

constexpr uint32_t kSalt = 0x1234'5678;

ByteBuffer encoded(const RecordView& view, uint64_t sequence = 7) {
  ByteBuffer bytes;
  append_record(bytes, kSalt, sequence, view);
  return bytes;
}

std::span<const std::byte> payload_of(const ByteBuffer& bytes) {
  return std::span(bytes).subspan(kRecordHeaderBytes, read_record_header(bytes.data()).payload_bytes);
}

template <typename Record>
void expect_round_trip(const Record& record, const RecordView& view) {
  const ByteBuffer bytes = encoded(view);
  const RecordHeader header = read_record_header(bytes.data());
  EXPECT_EQ(header.sequence, 7u);
  EXPECT_EQ(header.size_bytes, bytes.size());
  EXPECT_EQ(bytes.size(), encoded_size(view));
  EXPECT_EQ(bytes.size() % kRecordAlignment, 0u);
  EXPECT_TRUE(is_plausible(header));
  EXPECT_TRUE(crc_matches(bytes, kSalt));
  EXPECT_FALSE(crc_matches(bytes, kSalt + 1));
  const auto decoded = decode_record(static_cast<RecordKind>(header.kind), payload_of(bytes));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Record>(*decoded), record);
}

TEST(Record, OfEveryKindIsReadBackEqual) {
  Step step = test_step(3);
  StepView view = view_of(step);
  expect_round_trip(step, &view);
  step = Step{};
  step.id = test_id(1);
  view = view_of(step);
  expect_round_trip(step, &view);
  const Outcome outcome{test_id(2), true, 0.25, -4};
  expect_round_trip(outcome, &outcome);
  const ChiefStep chief{"vine", 9, {1.0f}, -3, 0.5, {}};
  expect_round_trip(chief, &chief);
  const Transition transition{test_id(3), "e", "retire", "active", "retired", 8, "done"};
  expect_round_trip(transition, &transition);
  const LogEvent event{"gate", 5, "[1]"};
  expect_round_trip(event, &event);
}

TEST(Record, GivesAStepsKeyWithoutACopy) {
  const Step step = test_step(3);
  const StepView view = view_of(step);
  const ByteBuffer bytes = encoded(&view);
  const StepKey key = decode_step_key(payload_of(bytes)).value();
  EXPECT_EQ(key.id, step.id);
  EXPECT_TRUE(key.rewarded);
  EXPECT_EQ(key.source, step.source);
  EXPECT_EQ(key.episode, step.episode);
}

TEST(Record, OfAWrongLengthIsRefusedWhateverItClaims) {
  const Step step = test_step(3);
  const StepView view = view_of(step);
  const ByteBuffer bytes = encoded(&view);
  const auto payload = payload_of(bytes);
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(is_well_formed(RecordKind::kStep, payload.first(size)));
    EXPECT_FALSE(decode_record(RecordKind::kStep, payload.first(size)));
  }
  ByteBuffer claims(payload.begin(), payload.end());
  std::fill(claims.begin() + 16, claims.begin() + 24, std::byte{0xff});  // Both widths.
  EXPECT_FALSE(decode_record(RecordKind::kStep, claims));
}

TEST(Record, HeadersThatCannotBeAreToldApartWithoutTheCrc) {
  const Outcome outcome{test_id(2), true, 0.25, -4};
  const RecordHeader good = read_record_header(encoded(&outcome).data());
  for (const auto& spoil : std::vector<void (*)(RecordHeader&)>{
           [](RecordHeader& h) { h.kind = 0; }, [](RecordHeader& h) { h.kind = 6; },
           [](RecordHeader& h) { h.version = 2; }, [](RecordHeader& h) { h.reserved = 1; },
           [](RecordHeader& h) { h.size_bytes += 8; }, [](RecordHeader& h) { h.size_bytes = 0; },
           [](RecordHeader& h) { h.payload_bytes = 0xffff'ffff; },
           [](RecordHeader& h) { h.size_bytes = h.payload_bytes = kMaxRecordBytes + 8; }}) {
    RecordHeader header = good;
    spoil(header);
    EXPECT_FALSE(is_plausible(header));
  }
}

}  // namespace
}  // namespace thunderline::thunderbolt
