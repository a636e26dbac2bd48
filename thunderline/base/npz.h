#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"

namespace thunderline {

/// One array of an .npz file: C order, little endian. Source: NumPy's `numpy.lib.format`, version 1.0.
struct NpyArray {
  std::string descr = "<f4";   ///< <f2 <f4 <f8 |b1 |i1 <i2 <i4 <i8 |u1 <u2 <u4 <u8
  std::vector<int64_t> shape;  ///< Empty: a scalar.
  std::vector<std::byte> data;

  /// Number of elements.
  int64_t size() const;

  /// The elements as float32 or float64, converted from any of the types above.
  std::vector<float> to_floats() const;
  std::vector<double> to_doubles() const;

  static NpyArray of(std::span<const float> values, std::vector<int64_t> shape);
  static NpyArray of(std::span<const double> values, std::vector<int64_t> shape);
  static NpyArray of(std::span<const int64_t> values, std::vector<int64_t> shape);
};

/// Array by name, without ".npy".
using NpzArrays = std::map<std::string, NpyArray>;

/// Reads an .npz file, stored or deflated. Fortran order is turned into C order, big endian into
/// little. Errors: kBadData for what is no such file or holds Python objects; kResourceLimit for
/// more than `limit_bytes` once unpacked.
Result<NpzArrays> read_npz(FileSystem& files, const std::string& path,
                           uint64_t limit_bytes = uint64_t{4} << 30);

/// Parses one .npy document.
Result<NpyArray> parse_npy(std::span<const std::byte> bytes, const std::string& where);

/// The bytes of an .npz file, stored, the same for the same arrays.
Result<std::string> npz_bytes(const NpzArrays& arrays);

/// Writes an .npz file atomically.
Status write_npz(FileSystem& files, const std::string& path, const NpzArrays& arrays);

}  // namespace thunderline
