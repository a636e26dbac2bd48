#include "thunderline/cerebros/keras/archive/hdf5_chunks.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace thunderline::cerebros::keras {
namespace {

constexpr uint64_t kMaxChunkBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxDeflateRatio = 1040;  // Of the deflate format itself.
constexpr uint64_t kSpareBytes = uint64_t{64} << 20;
constexpr size_t kMaxTreeNodes = 65'536;
constexpr uint64_t kMaxFilters = 16;
constexpr size_t kChecksumBytes = 4;

enum Filter : uint64_t { kDeflate = 1, kShuffle = 2, kFletcher32 = 3 };

Result<std::vector<uint64_t>> parse_filters(const Hdf5Image& image,
                                            std::span<const std::byte> body) {
  std::vector<uint64_t> filters;
  if (body.empty()) return filters;
  ByteCursor cursor(body);
  const uint64_t version = cursor.number(1);
  const uint64_t count = cursor.number(1);
  if (version == 1) cursor.skip(6);
  if ((version != 1 && version != 2) || count > kMaxFilters) {
    return image.damaged("a filter pipeline is impossible");
  }
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t id = cursor.number(2);
    const bool named = version == 1 || id >= 256;
    const uint64_t name_size = named ? cursor.number(2) : 0;
    cursor.skip(2);  // Flags.
    const uint64_t values = cursor.number(2);
    cursor.skip(version == 1 ? (name_size + 7) / 8 * 8 : name_size);
    cursor.skip(4 * values + (version == 1 && values % 2 == 1 ? 4 : 0));
    if (!cursor.ok()) return image.damaged("a filter pipeline is cut off");
    if (id != kDeflate && id != kShuffle && id != kFletcher32) {
      return image.unsupported("filter number " + std::to_string(id));
    }
    filters.push_back(id);
  }
  return filters;
}

/// Inflates into at most `limit` bytes.
Result<std::vector<std::byte>> inflate_chunk(const Hdf5Image& image,
                                             std::span<const std::byte> packed,
                                             uint64_t limit) {
  std::vector<std::byte> out(limit);
  uLongf size = static_cast<uLongf>(out.size());
  const int code = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                              reinterpret_cast<const Bytef*>(packed.data()),
                              static_cast<uLong>(packed.size()));
  if (code != Z_OK) return image.damaged("a compressed chunk cannot be unpacked");
  out.resize(size);
  return out;
}

/// Undoes the shuffle: the first bytes of all elements, then the second ones, and so on.
std::vector<std::byte> unshuffle(const std::vector<std::byte>& bytes, size_t element) {
  std::vector<std::byte> out = bytes;
  const size_t count = bytes.size() / element;
  for (size_t i = 0; i < count; ++i) {
    for (size_t part = 0; part < element; ++part) out[i * element + part] = bytes[part * count + i];
  }
  return out;
}

/// Reads the chunks of one dataset into its elements.
class ChunkReader {
 public:
  ChunkReader(const Hdf5Image& image, const Hdf5Dataset& dataset)
      : image_(image), dataset_(dataset) {}

  Result<std::vector<std::byte>> read(uint64_t wanted) {
    TL_ASSIGN_OR_RETURN(filters_, parse_filters(image_, dataset_.filters));
    ByteCursor cursor(dataset_.layout);
    cursor.skip(2);  // Version, class.
    const uint64_t axes = cursor.number(1);
    const uint64_t tree = cursor.number(image_.offset_size);
    if (axes != dataset_.shape.size() + 1) {
      return image_.damaged("chunks have another rank than their dataset");
    }
    chunk_bytes_ = dataset_.type.size;
    uint64_t chunks = 1;
    for (const int64_t extent : dataset_.shape) {
      const uint64_t side = cursor.number(4);
      if (side == 0 || __builtin_mul_overflow(chunk_bytes_, side, &chunk_bytes_) ||
          chunk_bytes_ > kMaxChunkBytes) {
        return image_.damaged("chunks have an impossible size");
      }
      chunk_.push_back(side);
      chunks *= (static_cast<uint64_t>(extent) + side - 1) / side;
    }
    if (!cursor.ok() || cursor.number(4) != dataset_.type.size) {
      return image_.damaged("chunks have another element size than their dataset");
    }
    if (image_.is_undefined(tree)) return image_.damaged("a dataset was never written");
    // Keeps memory and time in step with the file, whatever it claims.
    if (chunks > image_.bytes.size() || wanted / kMaxDeflateRatio > image_.bytes.size() ||
        chunks > (4 * wanted + kSpareBytes) / chunk_bytes_) {
      return image_.damaged("chunks claim more data than can be there");
    }
    out_.resize(wanted);
    TL_RETURN_IF_ERROR(read_node(tree, kAnyLevel));
    if (chunks_read_ != chunks) return image_.damaged("a dataset lacks chunks");
    return std::move(out_);
  }

 private:
  static constexpr int kAnyLevel = -1;

  Status read_node(uint64_t address, int expected_level) {
    if (++nodes_ > kMaxTreeNodes) return image_.damaged("a chunk index has too many nodes");
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("TREE") || cursor.number(1) != 1) {
      return image_.damaged("a chunk index is not one");
    }
    const int level = static_cast<int>(cursor.number(1));
    if (expected_level != kAnyLevel && level != expected_level) {
      return image_.damaged("the levels of a chunk index do not fit");
    }
    const uint64_t children = cursor.number(2);
    cursor.skip(2 * image_.offset_size);  // Siblings.
    for (uint64_t i = 0; i < children; ++i) {
      const uint64_t stored = cursor.number(4);
      const uint64_t skipped_filters = cursor.number(4);
      std::vector<uint64_t> origin;
      for (size_t axis = 0; axis < chunk_.size(); ++axis) origin.push_back(cursor.number(8));
      cursor.skip(8);  // Offset within an element.
      const uint64_t child = cursor.number(image_.offset_size);
      if (!cursor.ok()) return image_.damaged("a chunk index leaves the file");
      TL_RETURN_IF_ERROR(level == 0 ? read_chunk(child, stored, skipped_filters, origin)
                                    : read_node(child, level - 1));
    }
    return {};
  }

  Status read_chunk(uint64_t address, uint64_t stored, uint64_t skipped_filters,
                    const std::vector<uint64_t>& origin) {
    // In order, and each once: the next origin is the only one that may come.
    if (origin != next_origin()) return image_.damaged("a chunk index is out of order");
    ByteCursor cursor = image_.cursor(address);
    const auto packed = cursor.take(stored);
    if (!cursor.ok()) return image_.damaged("a chunk leaves the file");
    TL_ASSIGN_OR_RETURN(const auto bytes, unfilter(packed, skipped_filters));
    if (bytes.size() != chunk_bytes_) return image_.damaged("a chunk has the wrong size");
    copy_chunk(bytes, origin);
    ++chunks_read_;
    return {};
  }

  /// Origin of the chunk number `chunks_read_`, in C order.
  std::vector<uint64_t> next_origin() const {
    std::vector<uint64_t> origin(chunk_.size());
    uint64_t index = chunks_read_;
    for (size_t axis = chunk_.size(); axis-- > 0;) {
      const uint64_t along =
          (static_cast<uint64_t>(dataset_.shape[axis]) + chunk_[axis] - 1) / chunk_[axis];
      origin[axis] = index % along * chunk_[axis];
      index /= along;
    }
    return origin;
  }

  Result<std::vector<std::byte>> unfilter(std::span<const std::byte> packed,
                                          uint64_t skipped) const {
    std::vector<std::byte> bytes(packed.begin(), packed.end());
    for (size_t i = filters_.size(); i-- > 0;) {
      if ((skipped >> i & 1) != 0) continue;
      if (filters_[i] == kDeflate) {
        TL_ASSIGN_OR_RETURN(bytes, inflate_chunk(image_, bytes, chunk_bytes_ + kChecksumBytes));
      } else if (filters_[i] == kShuffle) {
        bytes = unshuffle(bytes, dataset_.type.size);
      } else {
        if (bytes.size() < kChecksumBytes) return image_.damaged("a chunk lacks its checksum");
        bytes.resize(bytes.size() - kChecksumBytes);
      }
    }
    return bytes;
  }

  /// Copies the rows of a chunk that lie within the dataset.
  void copy_chunk(const std::vector<std::byte>& bytes, const std::vector<uint64_t>& origin) {
    const size_t axes = chunk_.size();
    const size_t element = dataset_.type.size;
    const uint64_t width = static_cast<uint64_t>(dataset_.shape[axes - 1]);
    const uint64_t row = std::min(chunk_[axes - 1], width - origin[axes - 1]);
    std::vector<uint64_t> index(axes, 0);
    for (uint64_t from = 0; from < bytes.size(); from += chunk_[axes - 1] * element) {
      uint64_t to = 0;
      bool inside = true;
      for (size_t axis = 0; axis < axes; ++axis) {
        const uint64_t at = origin[axis] + index[axis];
        inside = inside && at < static_cast<uint64_t>(dataset_.shape[axis]);
        to = to * static_cast<uint64_t>(dataset_.shape[axis]) + at;
      }
      if (inside) std::memcpy(out_.data() + to * element, bytes.data() + from, row * element);
      for (size_t axis = axes - 1; axis-- > 0;) {
        if (++index[axis] < chunk_[axis]) break;
        index[axis] = 0;
      }
    }
  }

  const Hdf5Image& image_;
  const Hdf5Dataset& dataset_;
  std::vector<uint64_t> filters_;
  std::vector<uint64_t> chunk_;  // Extent by axis.
  uint64_t chunk_bytes_ = 0;
  uint64_t chunks_read_ = 0;
  size_t nodes_ = 0;
  std::vector<std::byte> out_;
};

}  // namespace

Result<std::vector<std::byte>> read_chunks(const Hdf5Image& image, const Hdf5Dataset& dataset,
                                           uint64_t wanted) {
  if (dataset.shape.empty()) return image.damaged("a scalar in chunks");
  return ChunkReader(image, dataset).read(wanted);
}

}  // namespace thunderline::cerebros::keras
