#include "thunderline/cerebros/keras/archive/hdf5_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "thunderline/cerebros/keras/archive/hdf5_data.h"
#include "thunderline/cerebros/keras/archive/hdf5_group.h"
#include "thunderline/cerebros/keras/archive/hdf5_image.h"

namespace thunderline::cerebros::keras {
namespace {

std::string child_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

/// The bits of one element of up to 8 bytes.
uint64_t element_bits(const std::vector<std::byte>& bytes, size_t index, const Hdf5Type& type) {
  uint64_t bits = 0;
  for (size_t i = 0; i < type.size; ++i) {
    const size_t at = type.big_endian ? i : type.size - 1 - i;
    bits = bits << 8 | static_cast<uint64_t>(bytes[index * type.size + at]);
  }
  return bits;
}

float to_float(uint64_t bits, size_t size) {
  if (size == 8) {
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return static_cast<float>(value);
  }
  const auto half = static_cast<uint32_t>(bits);
  float value;
  std::memcpy(&value, &half, sizeof(value));
  return value;
}

int64_t to_integer(uint64_t bits, const Hdf5Type& type) {
  if (!type.is_signed || type.size == 8) return static_cast<int64_t>(bits);
  const size_t unused = 64 - 8 * type.size;
  return static_cast<int64_t>(bits << unused) >> unused;
}

}  // namespace

Result<Hdf5Reader> Hdf5Reader::open(std::span<const std::byte> bytes, const std::string& where,
                                    const Hdf5Limits& limits) {
  Hdf5Reader reader(bytes, where, limits);
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes, where));
  std::vector<uint64_t> ancestors;
  TL_RETURN_IF_ERROR(reader.walk(image.root, "", ancestors));
  return reader;
}

Status Hdf5Reader::walk(uint64_t address, const std::string& path,
                        std::vector<uint64_t>& ancestors) {
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes_, where_));
  if (std::find(ancestors.begin(), ancestors.end(), address) != ancestors.end()) {
    return image.damaged("the group \"" + path + "\" contains itself");
  }
  if (ancestors.size() >= limits_.max_depth) {
    return fail(ErrorCode::kResourceLimit, "groups are nested more than " +
                                               std::to_string(limits_.max_depth) + " deep", where_);
  }
  TL_ASSIGN_OR_RETURN(const auto messages, read_object_header(image, address));
  if (!is_group(messages)) {
    if (path.empty()) return image.damaged("its root is not a group");
    return {};
  }
  TL_ASSIGN_OR_RETURN(const auto links, read_links(image, messages, limits_.max_objects));
  ancestors.push_back(address);
  for (const Hdf5Link& link : links) {
    const std::string child = child_path(path, link.name);
    if (!addresses_.emplace(child, link.address).second) {
      return image.damaged("\"" + child + "\" is there twice");
    }
    if (addresses_.size() > limits_.max_objects) {
      return fail(ErrorCode::kResourceLimit, "the HDF5 file has more than " +
                                                 std::to_string(limits_.max_objects) + " objects",
                  where_);
    }
    TL_RETURN_IF_ERROR(walk(link.address, child, ancestors));
  }
  ancestors.pop_back();
  return {};
}

std::vector<std::string> Hdf5Reader::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, address] : addresses_) paths.push_back(path);
  return paths;
}

bool Hdf5Reader::contains(const std::string& path) const { return addresses_.contains(path); }

Result<uint64_t> Hdf5Reader::address_of(const std::string& path) const {
  const auto found = addresses_.find(path);
  if (found == addresses_.end()) {
    return fail(ErrorCode::kNotFound, "no such object", where_ + ": " + path);
  }
  return found->second;
}

Result<std::vector<int64_t>> Hdf5Reader::shape(const std::string& path) const {
  TL_ASSIGN_OR_RETURN(const uint64_t address, address_of(path));
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes_, where_ + ": " + path));
  TL_ASSIGN_OR_RETURN(const auto messages, read_object_header(image, address));
  TL_ASSIGN_OR_RETURN(Hdf5Dataset dataset, parse_dataset(image, messages));
  return std::move(dataset.shape);
}

Result<Tensor> Hdf5Reader::read_floats(const std::string& path) const {
  TL_ASSIGN_OR_RETURN(const uint64_t address, address_of(path));
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes_, where_ + ": " + path));
  TL_ASSIGN_OR_RETURN(const auto messages, read_object_header(image, address));
  TL_ASSIGN_OR_RETURN(Hdf5Dataset dataset, parse_dataset(image, messages));
  if (dataset.type.kind != Hdf5Type::Kind::kFloat) {
    return image.unsupported("a dataset that is neither float32 nor float64");
  }
  TL_ASSIGN_OR_RETURN(const auto bytes, read_elements(image, dataset, limits_.max_dataset_bytes));
  Tensor tensor{std::move(dataset.shape), std::vector<float>(dataset.size)};
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    tensor.data[i] = to_float(element_bits(bytes, i, dataset.type), dataset.type.size);
  }
  return tensor;
}

Result<std::vector<int64_t>> Hdf5Reader::read_integers(const std::string& path) const {
  TL_ASSIGN_OR_RETURN(const uint64_t address, address_of(path));
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes_, where_ + ": " + path));
  TL_ASSIGN_OR_RETURN(const auto messages, read_object_header(image, address));
  TL_ASSIGN_OR_RETURN(const Hdf5Dataset dataset, parse_dataset(image, messages));
  if (dataset.type.kind != Hdf5Type::Kind::kInteger) {
    return image.unsupported("a dataset that is not of integers");
  }
  TL_ASSIGN_OR_RETURN(const auto bytes, read_elements(image, dataset, limits_.max_dataset_bytes));
  std::vector<int64_t> values(dataset.size);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = to_integer(element_bits(bytes, i, dataset.type), dataset.type);
    if (!dataset.type.is_signed && values[i] < 0) return image.damaged("an integer is above 2^63");
  }
  return values;
}

Result<std::optional<std::string>> Hdf5Reader::attribute(const std::string& path,
                                                         const std::string& name) const {
  TL_ASSIGN_OR_RETURN(const uint64_t address, address_of(path));
  TL_ASSIGN_OR_RETURN(const Hdf5Image image, open_hdf5_image(bytes_, where_ + ": " + path));
  TL_ASSIGN_OR_RETURN(const auto messages, read_object_header(image, address));
  return string_attribute(image, messages, name);
}

}  // namespace thunderline::cerebros::keras
