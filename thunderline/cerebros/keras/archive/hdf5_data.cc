#include "thunderline/cerebros/keras/archive/hdf5_data.h"

#include <algorithm>

#include "thunderline/cerebros/keras/archive/hdf5_chunks.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr uint64_t kMaxAxes = 32;
constexpr uint64_t kMaxExtent = uint64_t{1} << 40;

enum Layout : uint64_t { kCompact = 0, kContiguous = 1, kChunked = 2 };

/// IEEE 754 of 4 or 8 bytes: position of exponent and mantissa, and the exponent's bias.
bool is_ieee(size_t size, std::span<const std::byte> properties) {
  ByteCursor cursor(properties);
  const uint64_t offset = cursor.number(2);
  const uint64_t precision = cursor.number(2);
  const uint64_t exponent_at = cursor.number(1);
  const uint64_t exponent_bits = cursor.number(1);
  const uint64_t mantissa_at = cursor.number(1);
  const uint64_t mantissa_bits = cursor.number(1);
  const uint64_t bias = cursor.number(4);
  if (!cursor.ok() || offset != 0 || mantissa_at != 0 || precision != 8 * size) return false;
  const bool single = exponent_at == 23 && exponent_bits == 8 && mantissa_bits == 23 && bias == 127;
  const bool twice = exponent_at == 52 && exponent_bits == 11 && mantissa_bits == 52 &&
      bias == 1023;
  return size == 4 ? single : (size == 8 && twice);
}

bool is_plain_integer(size_t size, std::span<const std::byte> properties) {
  ByteCursor cursor(properties);
  const uint64_t offset = cursor.number(2);
  const uint64_t precision = cursor.number(2);
  return cursor.ok() && offset == 0 && precision == 8 * size &&
         (size == 1 || size == 2 || size == 4 || size == 8);
}

Result<Hdf5Type> parse_type(const Hdf5Image& image, std::span<const std::byte> body) {
  ByteCursor cursor(body);
  const uint64_t type_class = cursor.number(1) & 0x0f;
  const uint64_t bits = cursor.number(3);
  Hdf5Type type;
  type.size = cursor.number(4);
  const auto properties = cursor.take(cursor.left());
  if (!cursor.ok() || type.size == 0) return image.damaged("a data type is cut off");
  type.big_endian = (bits & 1) != 0;
  type.is_signed = (bits & 8) != 0;
  const bool vax = (bits & 0x40) != 0;
  if (type_class == 0 && is_plain_integer(type.size, properties)) {
    type.kind = Hdf5Type::Kind::kInteger;
  }
  if (type_class == 1 && !vax && is_ieee(type.size, properties)) type.kind = Hdf5Type::Kind::kFloat;
  if (type_class == 3) type.kind = Hdf5Type::Kind::kFixedString;
  if (type_class == 9 && (bits & 0x0f) == 1) type.kind = Hdf5Type::Kind::kVariableString;
  return type;
}

Status parse_space(const Hdf5Image& image, std::span<const std::byte> body, Hdf5Dataset& dataset) {
  ByteCursor cursor(body);
  const uint64_t version = cursor.number(1);
  const uint64_t axes = cursor.number(1);
  cursor.skip(1);  // Flags: whether highest extents follow, which this reader does not need.
  const bool null_space = version == 2 && cursor.number(1) == 2;
  if (version == 1) cursor.skip(5);
  if (version != 1 && version != 2) return image.damaged("a data space has an unknown version");
  if (axes > kMaxAxes) return image.damaged("a data space has more than 32 axes");
  dataset.size = null_space ? 0 : 1;
  for (uint64_t axis = 0; axis < axes; ++axis) {
    const uint64_t extent = cursor.number(image.length_size);
    if (extent > kMaxExtent || __builtin_mul_overflow(dataset.size, extent, &dataset.size)) {
      return image.damaged("a data space is impossibly large");
    }
    dataset.shape.push_back(static_cast<int64_t>(extent));
  }
  if (!cursor.ok()) return image.damaged("a data space is cut off");
  return {};
}

/// Up to the end of what may be padded with zeros to a multiple of 8.
std::span<const std::byte> take_padded(ByteCursor& cursor, uint64_t size, bool padded) {
  const auto bytes = cursor.take(size);
  if (padded && size % 8 != 0) cursor.skip(8 - size % 8);
  return bytes;
}

/// The parts of an attribute message.
struct Attribute {
  std::string name;
  std::span<const std::byte> type;
  std::span<const std::byte> space;
  std::span<const std::byte> data;
};

Result<Attribute> parse_attribute(const Hdf5Image& image, std::span<const std::byte> body) {
  ByteCursor cursor(body);
  const uint64_t version = cursor.number(1);
  const uint64_t flags = cursor.number(1);
  const uint64_t name_size = cursor.number(2);
  const uint64_t type_size = cursor.number(2);
  const uint64_t space_size = cursor.number(2);
  if (version == 3) cursor.skip(1);  // Character set of the name.
  if (version < 1 || version > 3) return image.damaged("an attribute has an unknown version");
  if (version > 1 && (flags & 3) != 0) {
    return image.unsupported("an attribute of a shared data type");
  }
  Attribute attribute;
  attribute.name = text_of(take_padded(cursor, name_size, version == 1));
  attribute.type = take_padded(cursor, type_size, version == 1);
  attribute.space = take_padded(cursor, space_size, version == 1);
  attribute.data = cursor.take(cursor.left());
  if (!cursor.ok()) return image.damaged("an attribute is cut off");
  return attribute;
}

/// An object of a global heap collection, where strings of variable length lie.
Result<std::string> heap_string(const Hdf5Image& image, std::span<const std::byte> reference) {
  ByteCursor cursor(reference);
  const uint64_t length = cursor.number(4);
  const uint64_t address = cursor.number(image.offset_size);
  const uint64_t wanted = cursor.number(4);
  if (!cursor.ok()) return image.damaged("a string is cut off");
  if (length == 0) return std::string();
  ByteCursor block = image.cursor(address);
  if (!block.expect("GCOL")) return image.damaged("a string's heap is not one");
  block.skip(4);  // Version, reserved.
  const uint64_t size = block.number(image.length_size);
  const uint64_t prefix = 8 + image.length_size;
  ByteCursor objects(block.take(size < prefix ? 0 : size - prefix));
  while (objects.left() >= prefix) {
    const uint64_t index = objects.number(2);
    objects.skip(2 + 4);  // Reference count, reserved.
    const uint64_t bytes = objects.number(image.length_size);
    if (index == 0) break;  // Free space: the end.
    const auto data = take_padded(objects, bytes, true);
    if (objects.ok() && index == wanted && length <= data.size()) {
      return text_of(data.first(length));
    }
  }
  return image.damaged("a string is not in its heap");
}

Result<std::span<const std::byte>> stored_bytes(const Hdf5Image& image,
                                                std::span<const std::byte> layout,
                                                uint64_t layout_class, uint64_t wanted) {
  ByteCursor cursor(layout);
  cursor.skip(2);  // Version, class.
  std::span<const std::byte> bytes;
  if (layout_class == kCompact) {
    bytes = cursor.take(cursor.number(2));
  } else {
    const uint64_t address = cursor.number(image.offset_size);
    if (image.is_undefined(address)) return image.damaged("a dataset was never written");
    ByteCursor data = image.cursor(address);
    bytes = data.take(wanted);
    if (!data.ok()) return image.damaged("a dataset leaves the file");
  }
  if (!cursor.ok() || bytes.size() < wanted) return image.damaged("a dataset is cut off");
  return bytes.first(wanted);
}

}  // namespace

Result<Hdf5Dataset> parse_dataset(const Hdf5Image& image, std::span<const Hdf5Message> messages) {
  if (find_message(messages, Hdf5MessageType::kExternalFiles) != nullptr) {
    return image.unsupported("data in an external file");
  }
  const Hdf5Message* type = find_message(messages, Hdf5MessageType::kDatatype);
  const Hdf5Message* space = find_message(messages, Hdf5MessageType::kDataspace);
  const Hdf5Message* layout = find_message(messages, Hdf5MessageType::kLayout);
  if (type == nullptr || space == nullptr || layout == nullptr) {
    return image.damaged("an object is not a dataset");
  }
  const Hdf5Message* filters = find_message(messages, Hdf5MessageType::kFilters);
  if (type->shared || space->shared || (filters != nullptr && filters->shared)) {
    return image.unsupported("a dataset of a shared type");
  }
  Hdf5Dataset dataset;
  TL_ASSIGN_OR_RETURN(dataset.type, parse_type(image, type->body));
  TL_RETURN_IF_ERROR(parse_space(image, space->body, dataset));
  dataset.layout = layout->body;
  if (filters != nullptr) dataset.filters = filters->body;
  return dataset;
}

Result<std::vector<std::byte>> read_elements(const Hdf5Image& image, const Hdf5Dataset& dataset,
                                             uint64_t max_bytes) {
  uint64_t wanted = 0;
  if (__builtin_mul_overflow(dataset.size, dataset.type.size, &wanted) || wanted > max_bytes) {
    return fail(ErrorCode::kResourceLimit,
                "a dataset is larger than " + std::to_string(max_bytes) + " bytes", image.where);
  }
  if (wanted == 0) return std::vector<std::byte>();
  ByteCursor cursor(dataset.layout);
  const uint64_t version = cursor.number(1);
  const uint64_t layout_class = cursor.number(1);
  if (!cursor.ok() || (version != 3 && version != 4)) {
    return image.unsupported("data layout version " + std::to_string(version));
  }
  if (layout_class == kChunked) {
    if (version != 3) return image.unsupported("chunks indexed in the way of HDF5 1.10");
    return read_chunks(image, dataset, wanted);
  }
  if (layout_class != kCompact && layout_class != kContiguous) {
    return image.unsupported("data layout " + std::to_string(layout_class));
  }
  TL_ASSIGN_OR_RETURN(const auto bytes, stored_bytes(image, dataset.layout, layout_class, wanted));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<std::optional<std::string>> string_attribute(const Hdf5Image& image,
                                                    std::span<const Hdf5Message> messages,
                                                    const std::string& name) {
  for (const Hdf5Message& message : messages) {
    if (!message.is(Hdf5MessageType::kAttribute) || message.shared) continue;
    TL_ASSIGN_OR_RETURN(const Attribute attribute, parse_attribute(image, message.body));
    if (attribute.name != name) continue;
    TL_ASSIGN_OR_RETURN(const Hdf5Type type, parse_type(image, attribute.type));
    Hdf5Dataset space;
    TL_RETURN_IF_ERROR(parse_space(image, attribute.space, space));
    if (space.size == 1 && type.kind == Hdf5Type::Kind::kVariableString) {
      TL_ASSIGN_OR_RETURN(std::string text, heap_string(image, attribute.data));
      return std::optional(std::move(text));
    }
    if (space.size == 1 && type.kind == Hdf5Type::Kind::kFixedString &&
        attribute.data.size() >= type.size) {
      return std::optional(text_of(attribute.data.first(type.size)));
    }
    return image.damaged("the attribute \"" + name + "\" is not a string");
  }
  return std::optional<std::string>();
}

}  // namespace thunderline::cerebros::keras
