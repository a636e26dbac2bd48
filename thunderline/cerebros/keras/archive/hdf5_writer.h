#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/tensor.h"

namespace thunderline::cerebros::keras {

/// A group or a dataset to write.
struct Hdf5Object {
  struct Group {};

  std::string path;  ///< "layers/dense/vars/0"; missing groups above it are made.
  std::variant<Group, const Tensor*, float, int64_t> content = Group{};  ///< Numbers are scalars.
  std::map<std::string, std::string> attributes;  ///< UTF-8 strings of variable length, as h5py's.
};

/// An HDF5 file with `objects`, made in their order: contiguous data, no compression, no times, so
/// that the bytes are the same for the same objects. Written by libhdf5 in memory.
/// Errors: kInternal for what libhdf5 refuses. Thread-safety: any thread; takes `hdf5_mutex`.
Result<std::string> hdf5_bytes(std::span<const Hdf5Object> objects);

/// libhdf5 is not to be called by two threads: whoever calls it holds this.
std::mutex& hdf5_mutex();

}  // namespace thunderline::cerebros::keras
