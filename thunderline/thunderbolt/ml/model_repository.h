#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderbolt/ml/model_metadata.h"

namespace thunderline::thunderbolt {

/// Which version of a model serves, and which served before it.
struct CurrentPointer {
  int64_t version = 0;            ///< 0 = none yet.
  std::vector<int64_t> previous;  ///< Newest first, at most kMaxPrevious, each of them once.

  static constexpr size_t kMaxPrevious = 16;
  bool operator==(const CurrentPointer&) const = default;
};

/// One version as it lies on disk.
struct VersionEntry {
  enum class State { kAvailable, kBroken };
  int64_t version = 0;
  State state = State::kAvailable;
  std::string reason;  ///< Why it is broken.
  bool current = false;
  ModelMetadata metadata;  ///< Empty when broken.
};

/// A model with what is known of it, read and checked against its hash.
struct StoredModel {
  std::vector<std::byte> onnx;
  ModelMetadata metadata;
  std::string path;
};

/// Models on disk: `<root>/<name>/<version>/model.onnx` and `metadata.json`, a pointer file
/// `<root>/<name>/current`. Format: docs/formats/model_repository.md. A version's folder appears by
/// one rename and never changes after it. Files that a user put there without metadata.json are
/// read too.
/// Thread-safety: any thread for reading; one writer at a time, of all processes (`lock`).
/// Lifetime: `files` must outlive it.
class ModelRepository {
 public:
  ModelRepository(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  /// 1–64 letters, digits, '-', '_' and '.', not beginning with '.' or '-'. Errors:
  /// kInvalidArgument.
  static Status check_name(const std::string& name);

  const std::string& root() const { return root_; }
  std::string folder(const std::string& name) const;
  std::string folder(const std::string& name, int64_t version) const;

  /// Names with a folder, in byte order. An empty list where there is no repository yet.
  Result<std::vector<std::string>> names() const;

  /// Versions of a model, ascending. Errors: kNotFound for an unknown name.
  Result<std::vector<int64_t>> versions(const std::string& name) const;

  /// As `versions`, with the state of each and why. Reads metadata, not models.
  Result<std::vector<VersionEntry>> list(const std::string& name) const;

  /// One above the highest version; 1 for an unknown name. Numbers are not used again.
  Result<int64_t> next_version(const std::string& name) const;

  /// Version 0 when nothing was made current yet. Errors: kBadData for a garbled pointer file.
  Result<CurrentPointer> current(const std::string& name) const;

  /// Replaces the pointer file; a crash leaves the old pointer or the new.
  Status set_current(const std::string& name, const CurrentPointer& pointer);

  /// Errors: kNotFound for a missing version; kBadData when the bytes are not those of the metadata.
  Result<StoredModel> read(const std::string& name, int64_t version) const;

  /// Writes both files durably into a folder that is not yet a version; returns its path. Left-overs
  /// of earlier stagings of the name are removed first.
  Result<std::string> write_staging(const std::string& name, int64_t version,
                                    std::span<const std::byte> onnx,
                                    const ModelMetadata& metadata);
  /// Reads back what `write_staging` wrote.
  Result<StoredModel> read_staging(const std::string& name, int64_t version) const;

  /// Makes a staging a version: one rename, durable. Errors: kRefused when the version exists.
  Status publish_staging(const std::string& name, int64_t version);

  /// Removes the stagings of a name. Nothing to do for an unknown name.
  Status remove_stagings(const std::string& name);

  /// Keeps other processes from writing. Errors: kRefused when one is.
  Result<std::unique_ptr<FileLock>> lock();

 private:
  std::string staging(const std::string& name, int64_t version) const;
  Result<StoredModel> read_folder(const std::string& folder, const std::string& name,
                                  int64_t version) const;
  Result<ModelMetadata> read_metadata(const std::string& folder, const std::string& name,
                                      int64_t version) const;
  Status write_file(const std::string& path, std::span<const std::byte> content);

  FileSystem& files_;
  std::string root_;
};

}  // namespace thunderline::thunderbolt
