#include "thunderline/cerebros/train/tensorboard_writer.h"

#include <unistd.h>

#include <bit>
#include <utility>

#include "thunderline/base/crc32c.h"

namespace thunderline::cerebros::train {
namespace {

// Fields of the messages Event, Summary and Summary.Value.
constexpr uint32_t kWallTime = 1;
constexpr uint32_t kStep = 2;
constexpr uint32_t kFileVersion = 3;
constexpr uint32_t kSummary = 5;
constexpr uint32_t kValue = 1;
constexpr uint32_t kTag = 1;
constexpr uint32_t kSimpleValue = 2;

// Protobuf's wire types.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kBytes = 2;
constexpr uint32_t kFixed32 = 5;

template <typename T>
void append_little_endian(std::string& out, T number) {
  for (size_t i = 0; i < sizeof number; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

void append_varint(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>((number & 0x7f) | 0x80);
  out += static_cast<char>(number);
}

void append_key(std::string& out, uint32_t field, uint32_t type) {
  append_varint(out, field << 3 | type);
}

void append_bytes(std::string& out, uint32_t field, const std::string& bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

uint32_t masked_crc(const std::string& bytes) {
  const uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::string host_name() {
  char name[256] = "localhost";
  (void)::gethostname(name, sizeof name - 1);
  name[sizeof name - 1] = '\0';
  return name;
}

}  // namespace

Result<TensorboardWriter> TensorboardWriter::create(FileSystem& files, const Clock& clock,
                                                    const std::string& folder) {
  TL_RETURN_IF_ERROR(files.create_folders(folder));
  const std::string name = "events.out.tfevents." + std::to_string(clock.unix_ms() / 1000) + "." +
                           host_name() + "." + std::to_string(::getpid()) + ".0";
  TL_ASSIGN_OR_RETURN(auto file, files.create(join_path(folder, name)));
  TensorboardWriter writer(std::move(file), clock);
  std::string version;
  append_bytes(version, kFileVersion, "brain.Event:2");
  TL_RETURN_IF_ERROR(writer.write_event(version));
  return writer;
}

Status TensorboardWriter::add_scalar(const std::string& tag, int64_t step, double value) {
  std::string scalar;
  append_bytes(scalar, kTag, tag);
  append_key(scalar, kSimpleValue, kFixed32);
  append_little_endian(scalar, std::bit_cast<uint32_t>(static_cast<float>(value)));
  std::string summary;
  append_bytes(summary, kValue, scalar);
  std::string event;
  append_key(event, kStep, kVarint);
  append_varint(event, static_cast<uint64_t>(step));
  append_bytes(event, kSummary, summary);
  return write_event(event);
}

Status TensorboardWriter::write_event(const std::string& content) {
  std::string event;
  append_key(event, kWallTime, kFixed64);
  const double seconds = static_cast<double>(clock_->unix_ms()) / 1000;
  append_little_endian(event, std::bit_cast<uint64_t>(seconds));
  event += content;

  std::string length;
  append_little_endian(length, static_cast<uint64_t>(event.size()));
  std::string record = length;
  append_little_endian(record, masked_crc(length));
  record += event;
  append_little_endian(record, masked_crc(event));
  return file_->append(std::as_bytes(std::span(record)));
}

Status TensorboardWriter::close() { return file_->close(); }

}  // namespace thunderline::cerebros::train
