#include "thunderline/cerebros/keras/archive/hdf5_group.h"

#include "thunderline/cerebros/keras/archive/hdf5_link_heap.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr size_t kMaxTreeNodes = 65'536;
constexpr size_t kMaxNameBytes = 4096;

/// Walks the symbol table of one group.
class SymbolTable {
 public:
  SymbolTable(const Hdf5Image& image, size_t max_links) : image_(image), max_links_(max_links) {}

  Result<std::vector<Hdf5Link>> read(uint64_t tree, uint64_t heap) {
    TL_RETURN_IF_ERROR(read_heap(heap));
    TL_RETURN_IF_ERROR(read_node(tree, kAnyLevel));
    return std::move(links_);
  }

 private:
  static constexpr int kAnyLevel = -1;

  /// The names of the members lie in the local heap.
  Status read_heap(uint64_t address) {
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("HEAP")) return image_.damaged("a group's local heap is not one");
    cursor.skip(4);  // Version, reserved.
    const uint64_t size = cursor.number(image_.length_size);
    cursor.skip(image_.length_size);  // Free list.
    ByteCursor data = image_.cursor(cursor.number(image_.offset_size));
    names_ = data.take(size);
    if (!cursor.ok() || !data.ok()) return image_.damaged("a group's local heap leaves the file");
    return {};
  }

  /// Reads a B-tree node; its children must lie one level below, so that no cycle is possible.
  Status read_node(uint64_t address, int expected_level) {
    if (++nodes_ > kMaxTreeNodes) return image_.damaged("a group's tree has too many nodes");
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("TREE") || cursor.number(1) != 0) {
      return image_.damaged("a group's tree is not one");
    }
    const int level = static_cast<int>(cursor.number(1));
    if (expected_level != kAnyLevel && level != expected_level) {
      return image_.damaged("the levels of a group's tree do not fit");
    }
    const uint64_t children = cursor.number(2);
    // Only the root may be empty, so that the members bound the nodes of a whole file.
    if (children == 0 && expected_level != kAnyLevel) {
      return image_.damaged("a group's tree has an empty node");
    }
    cursor.skip(2 * image_.offset_size + image_.length_size);  // Siblings, first key.
    for (uint64_t i = 0; i < children; ++i) {
      const uint64_t child = cursor.number(image_.offset_size);
      cursor.skip(image_.length_size);
      if (!cursor.ok()) return image_.damaged("a group's tree leaves the file");
      TL_RETURN_IF_ERROR(level == 0 ? read_entries(child) : read_node(child, level - 1));
    }
    return {};
  }

  /// Reads a symbol table node: the leaf that holds the members.
  Status read_entries(uint64_t address) {
    if (++nodes_ > kMaxTreeNodes) return image_.damaged("a group's tree has too many nodes");
    ByteCursor cursor = image_.cursor(address);
    if (!cursor.expect("SNOD")) return image_.damaged("a group's symbol table node is not one");
    cursor.skip(2);  // Version, reserved.
    const uint64_t count = cursor.number(2);
    if (count == 0) return image_.damaged("a group's tree has an empty node");
    for (uint64_t i = 0; i < count; ++i) {
      Hdf5Link link;
      const uint64_t name_at = cursor.number(image_.offset_size);
      link.address = cursor.number(image_.offset_size);
      const uint64_t cache_type = cursor.number(4);
      cursor.skip(4 + 16);  // Reserved, scratch.
      if (!cursor.ok() || name_at >= names_.size()) {
        return image_.damaged("a group's symbol table leaves the file");
      }
      link.name = text_of(names_.subspan(name_at));
      if (cache_type == 2) return image_.unsupported("soft link \"" + link.name + "\"");
      TL_RETURN_IF_ERROR(add(std::move(link)));
    }
    return {};
  }

  Status add(Hdf5Link link) {
    if (link.name.empty() || link.name.size() > kMaxNameBytes) {
      return image_.damaged("a member of a group has an impossible name");
    }
    if (links_.size() >= max_links_) return image_.damaged("a group has too many members");
    links_.push_back(std::move(link));
    return {};
  }

  const Hdf5Image& image_;
  size_t max_links_;
  size_t nodes_ = 0;
  std::span<const std::byte> names_;
  std::vector<Hdf5Link> links_;
};

Result<Hdf5Link> parse_link(const Hdf5Image& image, std::span<const std::byte> body) {
  ByteCursor cursor(body);
  const uint64_t version = cursor.number(1);
  const uint64_t flags = cursor.number(1);
  const uint64_t type = (flags & 0x08) != 0 ? cursor.number(1) : 0;
  if ((flags & 0x04) != 0) cursor.skip(8);  // Creation order.
  if ((flags & 0x10) != 0) cursor.skip(1);  // Character set: ASCII or UTF-8.
  const uint64_t name_size = cursor.number(size_t{1} << (flags & 3));
  const auto name = cursor.take(name_size);
  Hdf5Link link;
  link.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (!cursor.ok() || version != 1 || link.name.empty() || link.name.size() > kMaxNameBytes) {
    return image.damaged("a group's link is not one");
  }
  if (type == 1) return image.unsupported("soft link \"" + link.name + "\"");
  if (type != 0) return image.unsupported("external link \"" + link.name + "\"");
  link.address = cursor.number(image.offset_size);
  if (!cursor.ok()) return image.damaged("a group's link is cut off");
  return link;
}

Result<std::vector<Hdf5Link>> dense_links(const Hdf5Image& image, const Hdf5Message& info,
                                          size_t max_links) {
  ByteCursor cursor(info.body);
  cursor.skip(1);  // Version.
  if ((cursor.number(1) & 1) != 0) cursor.skip(8);  // Highest creation order.
  const uint64_t heap = cursor.number(image.offset_size);
  const uint64_t tree = cursor.number(image.offset_size);
  if (!cursor.ok()) return image.damaged("a group's link information is cut off");
  std::vector<Hdf5Link> links;
  if (image.is_undefined(heap)) return links;
  TL_ASSIGN_OR_RETURN(const auto bodies, read_dense_links(image, heap, tree, max_links));
  for (const auto& body : bodies) {
    TL_ASSIGN_OR_RETURN(Hdf5Link link, parse_link(image, body));
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace

bool is_group(std::span<const Hdf5Message> messages) {
  return find_message(messages, Hdf5MessageType::kSymbolTable) != nullptr ||
         find_message(messages, Hdf5MessageType::kLinkInfo) != nullptr ||
         find_message(messages, Hdf5MessageType::kLink) != nullptr;
}

Result<std::vector<Hdf5Link>> read_links(const Hdf5Image& image,
                                         std::span<const Hdf5Message> messages, size_t max_links) {
  if (const Hdf5Message* table = find_message(messages, Hdf5MessageType::kSymbolTable)) {
    ByteCursor cursor(table->body);
    const uint64_t tree = cursor.number(image.offset_size);
    const uint64_t heap = cursor.number(image.offset_size);
    if (!cursor.ok()) return image.damaged("a group's symbol table message is cut off");
    return SymbolTable(image, max_links).read(tree, heap);
  }
  std::vector<Hdf5Link> links;
  if (const Hdf5Message* info = find_message(messages, Hdf5MessageType::kLinkInfo)) {
    TL_ASSIGN_OR_RETURN(links, dense_links(image, *info, max_links));
  }
  for (const Hdf5Message& message : messages) {
    if (!message.is(Hdf5MessageType::kLink)) continue;
    if (links.size() >= max_links) return image.damaged("a group has too many members");
    TL_ASSIGN_OR_RETURN(Hdf5Link link, parse_link(image, message.body));
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace thunderline::cerebros::keras
