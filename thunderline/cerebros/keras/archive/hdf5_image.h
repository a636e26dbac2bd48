#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::keras {

/// A place in a byte string that cannot leave it: the first read that does not fit turns `ok`
/// false, and from then on every read gives zeros. Little endian.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes, uint64_t at = 0);

  bool ok() const { return ok_; }
  uint64_t at() const { return at_; }
  uint64_t left() const { return ok_ ? bytes_.size() - at_ : 0; }

  /// An unsigned number of `size` bytes (1 to 8).
  uint64_t number(size_t size);

  /// The next `size` bytes, empty when they are not there.
  std::span<const std::byte> take(uint64_t size);

  void skip(uint64_t size) { take(size); }

  /// True when the next bytes are `text`; goes past them.
  bool expect(std::string_view text);

 private:
  std::span<const std::byte> bytes_;
  uint64_t at_ = 0;
  bool ok_ = true;
};

/// The text up to the first zero byte, or all of it.
std::string text_of(std::span<const std::byte> bytes);

/// An HDF5 file in memory, from its superblock on. Addresses count from the first byte of `bytes`.
/// Lifetime: the bytes are borrowed.
struct Hdf5Image {
  std::span<const std::byte> bytes;
  size_t offset_size = 8;  ///< Bytes of an address in the file: 2, 4 or 8.
  size_t length_size = 8;  ///< Bytes of a length.
  uint64_t root = 0;       ///< Address of the root group's object header.
  std::string where;

  ByteCursor cursor(uint64_t address) const { return ByteCursor(bytes, address); }

  /// The address that stands for "nowhere".
  bool is_undefined(uint64_t address) const;

  tl::unexpected<Error> damaged(const std::string& what) const;
  tl::unexpected<Error> unsupported(const std::string& what) const;
};

/// Message types of an object header that this reader knows. Source: HDF5 File Format Specification
/// 3.0, section IV.A.2.
enum class Hdf5MessageType : uint16_t {
  kDataspace = 0x01,
  kLinkInfo = 0x02,
  kDatatype = 0x03,
  kLink = 0x06,
  kExternalFiles = 0x07,
  kLayout = 0x08,
  kFilters = 0x0b,
  kAttribute = 0x0c,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
};

struct Hdf5Message {
  uint16_t type = 0;
  bool shared = false;  ///< The body only refers to a message elsewhere.
  std::span<const std::byte> body;

  bool is(Hdf5MessageType wanted) const { return type == static_cast<uint16_t>(wanted); }
};

/// Finds and reads the superblock (versions 0 to 3). Errors: kBadData.
Result<Hdf5Image> open_hdf5_image(std::span<const std::byte> bytes, const std::string& where);

/// Reads the object header (versions 1 and 2) at `address` with its continuations; at most 4,096
/// messages. Errors: kBadData.
Result<std::vector<Hdf5Message>> read_object_header(const Hdf5Image& image, uint64_t address);

/// The first message of a type, or null.
const Hdf5Message* find_message(std::span<const Hdf5Message> messages, Hdf5MessageType type);

}  // namespace thunderline::cerebros::keras
