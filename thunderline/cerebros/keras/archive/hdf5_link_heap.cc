#include "thunderline/cerebros/keras/archive/hdf5_link_heap.h"

#include <algorithm>
#include <bit>

namespace thunderline::cerebros::keras {
namespace {

constexpr uint64_t kLinksByName = 5;
constexpr size_t kMaxTreeDepth = 16;
constexpr size_t kMaxTreeNodes = 65'536;
constexpr uint64_t kMaxRows = 64;
constexpr uint64_t kMaxHeapWidth = 64;  // libhdf5 makes 4.
constexpr size_t kRecordHashBytes = 4;

/// Bytes that hold numbers up to `value`.
size_t bytes_for(uint64_t value) {
  return value == 0 ? 1 : (static_cast<size_t>(std::bit_width(value)) + 7) / 8;
}

/// The part of a fractal heap that groups use: managed objects, unfiltered.
class FractalHeap {
 public:
  explicit FractalHeap(const Hdf5Image& image) : image_(image) {}

  Status open(uint64_t address) {
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("FRHP")) return image_.damaged("a fractal heap is not one");
    cursor.skip(1);  // Version.
    id_size_ = cursor.number(2);
    const uint64_t filters = cursor.number(2);
    cursor.skip(1);  // Flags.
    const uint64_t max_managed = cursor.number(4);
    // Huge objects, free space, space, allocation, and counts of managed, huge and tiny objects.
    cursor.skip(10 * image_.length_size + 2 * image_.offset_size);
    width_ = cursor.number(2);
    start_size_ = cursor.number(image_.length_size);
    max_direct_size_ = cursor.number(image_.length_size);
    const uint64_t heap_bits = cursor.number(2);
    cursor.skip(2);  // Rows at the start.
    root_ = cursor.number(image_.offset_size);
    root_rows_ = cursor.number(2);
    if (!cursor.ok()) return image_.damaged("a fractal heap leaves the file");
    if (filters != 0) return image_.unsupported("a compressed fractal heap");
    if (width_ == 0 || width_ > kMaxHeapWidth || !std::has_single_bit(start_size_) ||
        !std::has_single_bit(max_direct_size_) || start_size_ > max_direct_size_ ||
        max_direct_size_ > (uint64_t{1} << 32) || heap_bits > 64 || root_rows_ > kMaxRows) {
      return image_.damaged("a fractal heap's measures are impossible");
    }
    offset_size_ = (heap_bits + 7) / 8;
    const size_t direct_bits = static_cast<size_t>(std::countr_zero(max_direct_size_));
    size_size_ = std::min((direct_bits + 7) / 8, bytes_for(max_managed));
    return {};
  }

  size_t id_size() const { return id_size_; }

  /// The object that a heap ID stands for.
  Result<std::span<const std::byte>> object(std::span<const std::byte> id) const {
    ByteCursor cursor(id);
    if ((cursor.number(1) & 0x30) != 0) return image_.unsupported("a link with a huge name");
    const uint64_t offset = cursor.number(offset_size_);
    const uint64_t size = cursor.number(size_size_);
    if (!cursor.ok()) return image_.damaged("a heap ID is cut off");
    if (root_rows_ == 0) return in_block(root_, offset, size, start_size_);
    return in_rows(root_, root_rows_, offset, size, 0);
  }

 private:
  /// Size of the blocks of a row: the first two rows have the starting size, then it doubles.
  uint64_t block_size(uint64_t row) const {
    return row < 2 ? start_size_ : start_size_ << std::min<uint64_t>(row - 1, 40);
  }

  /// Offsets count from the first byte of the block, its header included.
  Result<std::span<const std::byte>> in_block(uint64_t address, uint64_t offset, uint64_t size,
                                          uint64_t block_bytes) const {
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("FHDB")) return image_.damaged("a fractal heap's block is not one");
    ByteCursor block = image_.cursor(address);
    block.skip(offset);
    const auto bytes = block.take(size);
    if (!block.ok() || offset > block_bytes || size > block_bytes - offset) {
      return image_.damaged("an object leaves its fractal heap");
    }
    return bytes;
  }

  /// Finds the child of an indirect block that holds `offset`.
  Result<std::span<const std::byte>> in_rows(uint64_t address, uint64_t rows, uint64_t offset,
                                         uint64_t size, size_t depth) const {
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("FHIB") || depth > kMaxTreeDepth) {
      return image_.damaged("a fractal heap's indirect block is not one");
    }
    cursor.skip(1 + image_.offset_size + offset_size_);  // Version, heap, own offset.
    uint64_t begin = 0;
    for (uint64_t row = 0; row < rows; ++row) {
      const uint64_t bytes = block_size(row);
      for (uint64_t column = 0; column < width_; ++column) {
        const uint64_t child = cursor.number(image_.offset_size);
        if (!cursor.ok()) return image_.damaged("a fractal heap leaves the file");
        if (offset - begin < bytes) {
          if (bytes <= max_direct_size_) return in_block(child, offset - begin, size, bytes);
          return in_rows(child, rows_within(bytes), offset - begin, size, depth + 1);
        }
        begin += bytes;
      }
    }
    return image_.damaged("an object lies outside of its fractal heap");
  }

  /// Rows of an indirect block that spans `bytes`.
  uint64_t rows_within(uint64_t bytes) const {
    uint64_t rows = 0;
    for (uint64_t sum = 0; sum < bytes && rows < kMaxRows; ++rows) sum += block_size(rows) * width_;
    return rows;
  }

  const Hdf5Image& image_;
  size_t id_size_ = 0;
  uint64_t width_ = 0;
  uint64_t start_size_ = 0;
  uint64_t max_direct_size_ = 0;
  uint64_t root_ = 0;
  uint64_t root_rows_ = 0;
  size_t offset_size_ = 0;
  size_t size_size_ = 0;
};

/// Walks the B-tree version 2 that indexes the links of a group by name.
class LinkIndex {
 public:
  LinkIndex(const Hdf5Image& image, const FractalHeap& heap, size_t max_links)
      : image_(image), heap_(heap), max_links_(max_links) {}

  Result<std::vector<std::span<const std::byte>>> read(uint64_t address) {
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("BTHD")) return image_.damaged("a link index is not one");
    cursor.skip(1);  // Version.
    const uint64_t type = cursor.number(1);
    node_size_ = cursor.number(4);
    record_size_ = cursor.number(2);
    const uint64_t depth = cursor.number(2);
    cursor.skip(2);  // Split and merge percent.
    const uint64_t root = cursor.number(image_.offset_size);
    const uint64_t root_records = cursor.number(2);
    if (!cursor.ok() || type != kLinksByName || depth > kMaxTreeDepth || node_size_ < 16 ||
        record_size_ != kRecordHashBytes + heap_.id_size()) {
      return image_.damaged("a link index is impossible");
    }
    measure(depth);
    if (!image_.is_undefined(root)) TL_RETURN_IF_ERROR(read_node(root, root_records, depth));
    return std::move(bodies_);
  }

 private:
  static constexpr uint64_t kNodeOverhead = 10;  // Signature, version, type, checksum.

  /// How many bytes the child pointers of each level take: as many as the largest count needs.
  void measure(uint64_t depth) {
    uint64_t records = (node_size_ - kNodeOverhead) / record_size_;
    max_leaf_records_ = records;
    max_total_.push_back(records);
    for (uint64_t level = 1; level <= depth; ++level) {
      const uint64_t pointer = pointer_size(level);
      const uint64_t room = node_size_ - kNodeOverhead;
      records = room > pointer ? (room - pointer) / (record_size_ + pointer) : 0;
      max_total_.push_back(std::min<uint64_t>((records + 1) * max_total_.back() + records,
                                              uint64_t{1} << 40));
    }
  }

  size_t count_size() const { return bytes_for(max_leaf_records_); }
  size_t total_size(uint64_t level) const {
    return level > 1 ? bytes_for(max_total_[level - 1]) : 0;
  }
  uint64_t pointer_size(uint64_t level) const {
    return image_.offset_size + count_size() + total_size(level);
  }

  Status read_node(uint64_t address, uint64_t records, uint64_t level) {
    if (++nodes_ > kMaxTreeNodes) return image_.damaged("a link index has too many nodes");
    if (records == 0 && nodes_ > 1) return image_.damaged("a link index has an empty node");
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect(level == 0 ? "BTLF" : "BTIN")) {
      return image_.damaged("a link index node is not one");
    }
    cursor.skip(2);  // Version, type.
    for (uint64_t i = 0; i < records; ++i) {
      cursor.skip(kRecordHashBytes);
      const auto id = cursor.take(heap_.id_size());
      if (!cursor.ok() || bodies_.size() >= max_links_) {
        return image_.damaged("a link index leaves the file");
      }
      TL_ASSIGN_OR_RETURN(const auto body, heap_.object(id));
      bodies_.push_back(std::move(body));
    }
    for (uint64_t i = 0; level > 0 && i <= records; ++i) {
      const uint64_t child = cursor.number(image_.offset_size);
      const uint64_t count = cursor.number(count_size());
      cursor.skip(total_size(level));
      if (!cursor.ok()) return image_.damaged("a link index leaves the file");
      TL_RETURN_IF_ERROR(read_node(child, count, level - 1));
    }
    return {};
  }

  const Hdf5Image& image_;
  const FractalHeap& heap_;
  size_t max_links_;
  uint64_t node_size_ = 0;
  uint64_t record_size_ = 0;
  uint64_t max_leaf_records_ = 0;
  std::vector<uint64_t> max_total_;  // Records of a node and all below it, by level.
  size_t nodes_ = 0;
  std::vector<std::span<const std::byte>> bodies_;
};

}  // namespace

Result<std::vector<std::span<const std::byte>>> read_dense_links(
    const Hdf5Image& image, uint64_t heap_address, uint64_t tree_address, size_t max_links) {
  FractalHeap heap(image);
  TL_RETURN_IF_ERROR(heap.open(heap_address));
  return LinkIndex(image, heap, max_links).read(tree_address);
}

}  // namespace thunderline::cerebros::keras
