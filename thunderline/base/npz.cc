#include "thunderline/base/npz.h"

#include <zip.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

namespace thunderline {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic("\x93NUMPY", 6);

/// Bytes of one element, 0 for a type that is not supported.
size_t element_size(std::string_view descr) {
  if (descr.size() != 3) return 0;
  const char kind = descr[1];
  const size_t size = static_cast<size_t>(descr[2] - '0');
  const bool one_of_many = size == 1 || size == 2 || size == 4 || size == 8;
  if (!one_of_many) return 0;
  if (kind == 'f') return size == 1 ? 0 : size;
  if (kind == 'b') return size == 1 ? 1 : 0;
  return kind == 'i' || kind == 'u' ? size : 0;
}

float half_to_float(uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int mantissa = half & 0x3ff;
  const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 0x1f) {
    return mantissa == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa | 0x400), exponent - 25);
}

template <typename From, typename To>
void convert(const std::vector<std::byte>& data, std::vector<To>& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(&value, data.data() + i * sizeof(From), sizeof(From));
    out[i] = static_cast<To>(value);
  }
}

template <typename To>
std::vector<To> elements(const NpyArray& array) {
  std::vector<To> out(static_cast<size_t>(array.size()));
  const std::string_view type = std::string_view(array.descr).substr(1);
  if (type == "f4") convert<float>(array.data, out);
  if (type == "f8") convert<double>(array.data, out);
  if (type == "i1") convert<int8_t>(array.data, out);
  if (type == "i2") convert<int16_t>(array.data, out);
  if (type == "i4") convert<int32_t>(array.data, out);
  if (type == "i8") convert<int64_t>(array.data, out);
  if (type == "u1" || type == "b1") convert<uint8_t>(array.data, out);
  if (type == "u2") convert<uint16_t>(array.data, out);
  if (type == "u4") convert<uint32_t>(array.data, out);
  if (type == "u8") convert<uint64_t>(array.data, out);
  if (type == "f2") {
    std::vector<uint16_t> halves(out.size());
    convert<uint16_t>(array.data, halves);
    std::transform(halves.begin(), halves.end(), out.begin(),
                   [](uint16_t half) { return static_cast<To>(half_to_float(half)); });
  }
  return out;
}

template <typename T>
NpyArray make_array(const char* descr, std::span<const T> values, std::vector<int64_t> shape) {
  NpyArray array{descr, std::move(shape), std::vector<std::byte>(values.size_bytes())};
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), values.size_bytes());
  return array;
}

/// The Python literal after `'key':` in the header's dict.
std::string_view header_value(std::string_view header, std::string_view key) {
  const size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos) return {};
  const size_t colon = header.find(':', at);
  if (colon == std::string_view::npos) return {};
  const size_t begin = header.find_first_not_of(' ', colon + 1);
  if (begin == std::string_view::npos) return {};
  return header.substr(begin);
}

Result<std::vector<int64_t>> parse_shape(std::string_view text, const std::string& where) {
  const auto bad = [&] { return fail(ErrorCode::kBadData, "broken shape in the .npy header", where); };
  if (text.empty() || text[0] != '(') return bad();
  std::vector<int64_t> shape;
  int64_t value = -1;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      value = (value < 0 ? 0 : value) * 10 + (c - '0');
      if (value > int64_t{1} << 40) return bad();
    } else if (c == ',' || c == ')') {
      if (value >= 0) shape.push_back(value);
      value = -1;
      if (c == ')') return shape;
      if (shape.size() > 32) return bad();
    } else if (c != ' ') {
      return bad();
    }
  }
  return bad();
}

void reverse_bytes(std::vector<std::byte>& data, size_t size) {
  for (size_t at = 0; at + size <= data.size(); at += size) {
    std::reverse(data.begin() + static_cast<ptrdiff_t>(at),
                 data.begin() + static_cast<ptrdiff_t>(at + size));
  }
}

/// Turns column-major elements into row-major ones.
void transpose_to_c_order(NpyArray& array, size_t size) {
  const size_t rank = array.shape.size();
  if (rank < 2) return;
  std::vector<std::byte> out(array.data.size());
  std::vector<int64_t> index(rank, 0);
  std::vector<int64_t> stride(rank, 1);
  for (size_t axis = 1; axis < rank; ++axis) stride[axis] = stride[axis - 1] * array.shape[axis - 1];
  for (size_t at = 0; at < out.size(); at += size) {
    int64_t from = 0;
    for (size_t axis = 0; axis < rank; ++axis) from += index[axis] * stride[axis];
    std::memcpy(out.data() + at, array.data.data() + static_cast<size_t>(from) * size, size);
    for (size_t axis = rank; axis-- > 0;) {
      if (++index[axis] < array.shape[axis]) break;
      index[axis] = 0;
    }
  }
  array.data = std::move(out);
}

std::string npy_header(const NpyArray& array) {
  std::string shape;
  for (const int64_t extent : array.shape) shape += std::to_string(extent) + ", ";
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  if (array.shape.size() == 1) shape.pop_back();
  std::string dict = "{'descr': '" + array.descr + "', 'fortran_order': False, 'shape': (" + shape +
                     "), }";
  const size_t prefix = kMagic.size() + 4;
  while ((prefix + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

std::string zip_message(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

/// Reads one entry, trusting what arrives and not the size that the archive claims.
Result<std::vector<std::byte>> read_entry(zip_t* archive, uint64_t index, uint64_t limit_bytes,
                                          const std::string& where) {
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen_index(archive, index, 0));
  if (entry == nullptr) {
    return fail(ErrorCode::kBadData, "cannot open the archive's entry", where);
  }
  std::vector<std::byte> data;
  std::vector<std::byte> block(1 << 16);
  while (true) {
    const zip_int64_t count = zip_fread(entry.get(), block.data(), block.size());
    if (count < 0) return fail(ErrorCode::kBadData, "the archive's entry is damaged", where);
    if (count == 0) return data;
    if (data.size() + static_cast<uint64_t>(count) > limit_bytes) {
      return fail(ErrorCode::kResourceLimit, "the arrays unpack to more bytes than the limit of " +
                                                 std::to_string(limit_bytes), where);
    }
    data.insert(data.end(), block.begin(), block.begin() + count);
  }
}

}  // namespace

int64_t NpyArray::size() const {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

std::vector<float> NpyArray::to_floats() const { return elements<float>(*this); }
std::vector<double> NpyArray::to_doubles() const { return elements<double>(*this); }

NpyArray NpyArray::of(std::span<const float> values, std::vector<int64_t> shape) {
  return make_array("<f4", values, std::move(shape));
}
NpyArray NpyArray::of(std::span<const double> values, std::vector<int64_t> shape) {
  return make_array("<f8", values, std::move(shape));
}
NpyArray NpyArray::of(std::span<const int64_t> values, std::vector<int64_t> shape) {
  return make_array("<i8", values, std::move(shape));
}

Result<NpyArray> parse_npy(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || !text.starts_with(kMagic)) {
    return fail(ErrorCode::kBadData, "not a NumPy array", where);
  }
  const bool version_1 = text[6] == 1;
  const size_t length_bytes = version_1 ? 2 : 4;
  size_t header_size = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    header_size |= static_cast<size_t>(static_cast<uint8_t>(text[8 + i])) << (8 * i);
  }
  const size_t data_at = 8 + length_bytes + header_size;
  if (data_at > text.size()) return fail(ErrorCode::kBadData, "the .npy header is cut off", where);
  const std::string_view header = text.substr(8 + length_bytes, header_size);

  NpyArray array;
  const std::string_view descr = header_value(header, "descr");
  if (descr.size() < 5 || descr[0] != '\'') {
    return fail(ErrorCode::kBadData, "the .npy header has no plain element type", where,
                "structured arrays are not supported");
  }
  array.descr = std::string(descr.substr(1, 3));
  const size_t size = element_size(array.descr);
  if (size == 0 || descr[4] != '\'') {
    return fail(ErrorCode::kBadData, "element type " + array.descr + " is not supported", where,
                "save numbers or booleans, not objects or strings");
  }
  TL_ASSIGN_OR_RETURN(array.shape, parse_shape(header_value(header, "shape"), where));
  uint64_t expected = size;
  for (const int64_t extent : array.shape) {
    if (__builtin_mul_overflow(expected, static_cast<uint64_t>(extent), &expected)) {
      return fail(ErrorCode::kBadData, "the .npy header claims an impossible shape", where);
    }
  }
  if (bytes.size() - data_at != expected) {
    return fail(ErrorCode::kBadData,
                "the array has " + std::to_string(bytes.size() - data_at) + " bytes of data, its "
                "shape asks for " + std::to_string(expected), where);
  }
  array.data.assign(bytes.begin() + static_cast<ptrdiff_t>(data_at), bytes.end());
  if (array.descr[0] == '>') {
    reverse_bytes(array.data, size);
    array.descr[0] = '<';
  }
  if (header_value(header, "fortran_order").starts_with("True")) transpose_to_c_order(array, size);
  return array;
}

Result<NpzArrays> read_npz(FileSystem& files, const std::string& path, uint64_t limit_bytes) {
  TL_ASSIGN_OR_RETURN(const std::string content, read_file(files, path, limit_bytes));
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(content.data(), content.size(), 0, &error);
  if (source == nullptr) return fail(ErrorCode::kInternal, "out of memory", path);
  const Archive archive(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive == nullptr) {
    zip_source_free(source);
    return fail(ErrorCode::kBadData,
                "not an .npz file: " + zip_message(zip_error_code_zip(&error)), path);
  }
  NpzArrays arrays;
  uint64_t left = limit_bytes;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* raw_name = zip_get_name(archive.get(), static_cast<uint64_t>(i), 0);
    std::string name = raw_name == nullptr ? "" : raw_name;
    const std::string where = path + ": " + name;
    TL_ASSIGN_OR_RETURN(const auto data,
                        read_entry(archive.get(), static_cast<uint64_t>(i), left, where));
    left -= data.size();
    TL_ASSIGN_OR_RETURN(NpyArray array, parse_npy(data, where));
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays.insert_or_assign(std::move(name), std::move(array));
  }
  return arrays;
}

Result<std::string> npz_bytes(const NpzArrays& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (target == nullptr) return fail(ErrorCode::kInternal, "out of memory");
  Archive archive(zip_open_from_source(target, ZIP_TRUNCATE, &error));
  if (archive == nullptr) {
    zip_source_free(target);
    return fail(ErrorCode::kInternal, zip_message(zip_error_code_zip(&error)));
  }
  std::vector<std::string> documents;  // Must outlive zip_close, which reads them.
  documents.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    std::string document = npy_header(array);
    document.append(reinterpret_cast<const char*>(array.data.data()), array.data.size());
    documents.push_back(std::move(document));
    zip_source_t* entry =
        zip_source_buffer(archive.get(), documents.back().data(), documents.back().size(), 0);
    const zip_int64_t index =
        entry == nullptr ? -1 : zip_file_add(archive.get(), (name + ".npy").c_str(), entry,
                                             ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(entry);
      return fail(ErrorCode::kInternal, zip_strerror(archive.get()), name);
    }
    zip_set_file_compression(archive.get(), static_cast<uint64_t>(index), ZIP_CM_STORE, 0);
    zip_file_set_dostime(archive.get(), static_cast<uint64_t>(index), 0, (1 << 5) | 1, 0);
  }
  zip_source_keep(target);
  if (zip_close(archive.get()) != 0) {
    zip_source_free(target);
    return fail(ErrorCode::kInternal, zip_strerror(archive.get()));
  }
  archive.release();  // zip_close freed it.

  std::string bytes;
  zip_stat_t facts;
  if (zip_source_open(target) == 0 && zip_source_stat(target, &facts) == 0) {
    bytes.resize(facts.size);
    zip_source_read(target, bytes.data(), bytes.size());
    zip_source_close(target);
  }
  zip_source_free(target);
  return bytes;
}

Status write_npz(FileSystem& files, const std::string& path, const NpzArrays& arrays) {
  TL_ASSIGN_OR_RETURN(const std::string bytes, npz_bytes(arrays));
  return write_file_atomically(files, path, bytes);
}

}  // namespace thunderline
