#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::keras {

/// What `Hdf5Reader` takes at most.
struct Hdf5Limits {
  size_t max_objects = 100'000;
  size_t max_depth = 32;                           ///< Groups within groups.
  uint64_t max_dataset_bytes = uint64_t{4} << 30;  ///< One dataset, unpacked.
};

/// Reads HDF5 files that nobody vouches for, from memory, without libhdf5 (whose Debian version has
/// many known faults with malformed files). Knows superblocks 0 to 3, both styles of object headers
/// and of groups, contiguous, compact and chunked data with deflate and shuffle, float32, float64
/// and integers of either byte order, and string attributes. Refuses soft, external and cyclic
/// links and external storage.
/// Lifetime: borrows the bytes. Thread-safety: const members from any thread.
class Hdf5Reader {
 public:
  /// Walks the whole tree of groups, so that damage in any of them shows here; datasets are read
  /// when asked for. Errors: kBadData, kResourceLimit.
  static Result<Hdf5Reader> open(std::span<const std::byte> bytes, const std::string& where,
                                 const Hdf5Limits& limits = {});

  /// Paths of all objects but the root, without a slash in front ("layers/dense/vars/0"), in byte
  /// order.
  std::vector<std::string> paths() const;

  bool contains(const std::string& path) const;

  /// The shape of the dataset at `path`. Errors: kNotFound; kBadData when it is a group.
  Result<std::vector<int64_t>> shape(const std::string& path) const;

  /// The dataset at `path`, of floats, as float32 (float64 is rounded). Errors: kNotFound; kBadData
  /// for other types and damage.
  Result<Tensor> read_floats(const std::string& path) const;

  /// The dataset at `path`, of integers. Errors: as `read_floats`; kBadData for what int64 cannot
  /// hold.
  Result<std::vector<int64_t>> read_integers(const std::string& path) const;

  /// The string attribute `name` of the object at `path`, if there is one. Errors: kNotFound;
  /// kBadData for other types and damage.
  Result<std::optional<std::string>> attribute(const std::string& path,
                                               const std::string& name) const;

 private:
  Hdf5Reader(std::span<const std::byte> bytes, std::string where, const Hdf5Limits& limits)
      : bytes_(bytes), where_(std::move(where)), limits_(limits) {}

  Result<uint64_t> address_of(const std::string& path) const;
  Status walk(uint64_t address, const std::string& path, std::vector<uint64_t>& ancestors);

  std::span<const std::byte> bytes_;
  std::string where_;
  Hdf5Limits limits_;
  std::map<std::string, uint64_t> addresses_;  // Of the object headers, by path.
};

}  // namespace thunderline::cerebros::keras
