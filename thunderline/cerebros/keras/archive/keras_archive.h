#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/keras/archive/keras_config.h"
#include "thunderline/cerebros/keras/model.h"

namespace thunderline::cerebros::keras {

/// The version of Keras whose archives these functions write.
inline constexpr const char* kKerasVersion = "3.15.1";

struct WriteOptions {
  /// `date_saved`, in UTC. With the default, equal models give equal bytes.
  int64_t saved_unix_ms = 0;
};

/// `metadata.json`: the version, and `date_saved` in UTC.
std::string archive_metadata(int64_t saved_unix_ms);

/// Reads a `.keras` archive (version 3: a zip of metadata.json, config.json, model.weights.h5).
/// Errors: kNotFound, kBadData, kResourceLimit; `where` names the place down to the layer or
/// dataset.
Result<Model> load_keras(FileSystem& files, const std::string& path,
                         const ReadOptions& options = {});

/// As `load_keras`, of the archive's bytes; `where` names them in errors.
Result<Model> parse_keras(std::span<const std::byte> bytes, const std::string& where,
                          const ReadOptions& options = {});

/// The archive of a model, such that Keras 3.15.1 loads it: `parse_keras` gives back an equal
/// model. Errors: kInvalidArgument when `validate` fails.
Result<std::string> keras_bytes(const Model& model, const WriteOptions& options = {});

/// Writes the archive atomically.
Status save_keras(FileSystem& files, const std::string& path, const Model& model,
                  const WriteOptions& options = {});

}  // namespace thunderline::cerebros::keras
