#include "thunderline/cerebros/keras/archive/hdf5_image.h"

#include <algorithm>
#include <cstring>

namespace thunderline::cerebros::keras {
namespace {

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
constexpr size_t kMaxMessages = 4096;
constexpr size_t kMaxChunks = 256;

bool known_size(size_t size) { return size == 2 || size == 4 || size == 8; }

/// A run of messages: the rest of the first header block, or a continuation.
struct Chunk {
  uint64_t address = 0;
  uint64_t size = 0;
};

/// What differs between the two versions of the object header.
struct HeaderStyle {
  int version = 1;
  bool creation_order = false;
};

/// Reads the messages of one chunk; what continues it is added to `chunks`.
Status read_messages(const Hdf5Image& image, const HeaderStyle& style, const Chunk& chunk,
                     std::vector<Chunk>& chunks, std::vector<Hdf5Message>& messages) {
  ByteCursor block = image.cursor(chunk.address);
  ByteCursor cursor(block.take(chunk.size));
  if (!block.ok()) return image.damaged("an object header leaves the file");
  const uint64_t prefix = style.version == 1 ? 8 : (style.creation_order ? 6 : 4);
  while (cursor.left() >= prefix) {
    Hdf5Message message;
    message.type = static_cast<uint16_t>(cursor.number(style.version == 1 ? 2 : 1));
    const uint64_t size = cursor.number(2);
    message.shared = (cursor.number(1) & 2) != 0;
    cursor.skip(prefix - (style.version == 1 ? 5 : 4));
    message.body = cursor.take(size);
    if (!cursor.ok()) return image.damaged("a message leaves its object header");
    if (message.is(Hdf5MessageType::kContinuation)) {
      ByteCursor body(message.body);
      Chunk next;
      next.address = body.number(image.offset_size);
      next.size = body.number(image.length_size);
      if (!body.ok() || chunks.size() >= kMaxChunks) {
        return image.damaged("an object header goes on without end");
      }
      chunks.push_back(next);
    }
    messages.push_back(message);
    if (messages.size() > kMaxMessages) {
      return image.damaged("an object header has too many messages");
    }
  }
  return {};
}

/// A continuation of version 2 stands between a signature and a checksum.
Result<Chunk> inner_chunk(const Hdf5Image& image, const HeaderStyle& style, Chunk chunk) {
  if (style.version == 1) return chunk;
  ByteCursor cursor = image.cursor(chunk.address);
  if (!cursor.expect("OCHK") || chunk.size < 8) {
    return image.damaged("an object header's continuation is not one");
  }
  return Chunk{chunk.address + 4, chunk.size - 8};
}

/// Reads what stands before the first message.
Result<Chunk> read_prefix(const Hdf5Image& image, uint64_t address, HeaderStyle& style) {
  ByteCursor cursor = image.cursor(address);
  Chunk chunk;
  if (cursor.expect("OHDR")) {
    style.version = static_cast<int>(cursor.number(1));
    const uint64_t flags = cursor.number(1);
    style.creation_order = (flags & 0x04) != 0;
    if ((flags & 0x20) != 0) cursor.skip(16);  // Four times.
    if ((flags & 0x10) != 0) cursor.skip(4);   // Thresholds of attribute storage.
    chunk.size = cursor.number(size_t{1} << (flags & 3));
    if (style.version != 2) {
      return image.unsupported("object header version " + std::to_string(style.version));
    }
  } else {
    cursor = image.cursor(address);
    style.version = static_cast<int>(cursor.number(1));
    cursor.skip(7);  // Reserved, number of messages, reference count.
    chunk.size = cursor.number(4);
    cursor.skip(4);  // To a multiple of 8.
    if (cursor.ok() && style.version != 1) {
      return image.damaged("no object header where one should be");
    }
  }
  if (!cursor.ok()) return image.damaged("an object header leaves the file");
  chunk.address = cursor.at();
  return chunk;
}

/// Versions 0 and 1: the root group is a symbol table entry.
Status read_old_superblock(Hdf5Image& image, ByteCursor& cursor, uint64_t version) {
  cursor.skip(4);  // Versions of free space and root group, reserved, version of shared headers.
  image.offset_size = cursor.number(1);
  image.length_size = cursor.number(1);
  if (!known_size(image.offset_size) || !known_size(image.length_size)) {
    return image.damaged("the superblock's sizes are impossible");
  }
  cursor.skip(1 + 2 + 2 + 4 + (version == 1 ? 4 : 0));
  cursor.skip(5 * image.offset_size);  // Base, free space, end of file, driver, the root's name.
  image.root = cursor.number(image.offset_size);
  if (!cursor.ok()) return image.damaged("the superblock is cut off");
  return {};
}

/// Versions 2 and 3: the root group is an address.
Status read_new_superblock(Hdf5Image& image, ByteCursor& cursor) {
  image.offset_size = cursor.number(1);
  image.length_size = cursor.number(1);
  if (!known_size(image.offset_size) || !known_size(image.length_size)) {
    return image.damaged("the superblock's sizes are impossible");
  }
  cursor.skip(1 + 3 * image.offset_size);  // Flags, base, extension, end of file.
  image.root = cursor.number(image.offset_size);
  if (!cursor.ok()) return image.damaged("the superblock is cut off");
  return {};
}

/// Offset of the superblock: 0, or after a user block of 512, 1024, 2048 … bytes.
uint64_t find_superblock(std::span<const std::byte> bytes) {
  for (uint64_t at = 0; at + kSignature.size() <= bytes.size(); at = at == 0 ? 512 : 2 * at) {
    if (std::memcmp(bytes.data() + at, kSignature.data(), kSignature.size()) == 0) return at;
  }
  return bytes.size();
}

}  // namespace

ByteCursor::ByteCursor(std::span<const std::byte> bytes, uint64_t at)
    : bytes_(bytes), at_(at), ok_(at <= bytes.size()) {}

uint64_t ByteCursor::number(size_t size) {
  uint64_t value = 0;
  size_t shift = 0;
  for (const std::byte byte : take(size)) {
    value |= static_cast<uint64_t>(byte) << shift;
    shift += 8;
  }
  return value;
}

std::span<const std::byte> ByteCursor::take(uint64_t size) {
  if (size > left()) ok_ = false;
  if (!ok_) return {};
  at_ += size;
  return bytes_.subspan(at_ - size, size);
}

bool ByteCursor::expect(std::string_view text) {
  const auto found = take(text.size());
  return found.size() == text.size() && std::memcmp(found.data(), text.data(), text.size()) == 0;
}

std::string text_of(std::span<const std::byte> bytes) {
  const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
  return std::string(reinterpret_cast<const char*>(bytes.data()),
                     static_cast<size_t>(end - bytes.begin()));
}

bool Hdf5Image::is_undefined(uint64_t address) const {
  return address == (~uint64_t{0} >> (64 - 8 * offset_size));
}

tl::unexpected<Error> Hdf5Image::damaged(const std::string& what) const {
  return fail(ErrorCode::kBadData, "the HDF5 file is damaged: " + what, where);
}

tl::unexpected<Error> Hdf5Image::unsupported(const std::string& what) const {
  return fail(ErrorCode::kBadData, "the HDF5 file uses what is not supported: " + what, where,
              "save the model anew with Keras 3");
}

Result<Hdf5Image> open_hdf5_image(std::span<const std::byte> bytes, const std::string& where) {
  Hdf5Image image;
  image.where = where;
  const uint64_t start = find_superblock(bytes);
  if (start == bytes.size()) return fail(ErrorCode::kBadData, "not an HDF5 file", where);
  image.bytes = bytes.subspan(start);
  ByteCursor cursor = image.cursor(kSignature.size());
  const uint64_t version = cursor.number(1);
  if (version > 3) return image.unsupported("superblock version " + std::to_string(version));
  TL_RETURN_IF_ERROR(version < 2 ? read_old_superblock(image, cursor, version)
                                 : read_new_superblock(image, cursor));
  return image;
}

Result<std::vector<Hdf5Message>> read_object_header(const Hdf5Image& image, uint64_t address) {
  HeaderStyle style;
  std::vector<Chunk> chunks;
  std::vector<Hdf5Message> messages;
  TL_ASSIGN_OR_RETURN(const Chunk first, read_prefix(image, address, style));
  chunks.push_back(first);
  for (size_t i = 0; i < chunks.size(); ++i) {
    Chunk chunk = chunks[i];
    if (i > 0) {
      TL_ASSIGN_OR_RETURN(chunk, inner_chunk(image, style, chunk));
    }
    TL_RETURN_IF_ERROR(read_messages(image, style, chunk, chunks, messages));
  }
  return messages;
}

const Hdf5Message* find_message(std::span<const Hdf5Message> messages, Hdf5MessageType type) {
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const Hdf5Message& message) { return message.is(type); });
  return found == messages.end() ? nullptr : &*found;
}

}  // namespace thunderline::cerebros::keras
