#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline {

/// A file that is written at its end. Thread-safety: one thread at a time.
/// After a failed `append` or `sync` nothing is known of the bytes since the last good `sync`.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  /// Hands the bytes to the operating system, all of them or an error.
  virtual Status append(std::span<const std::byte> data) = 0;

  /// Returns once every appended byte would survive a power cut (fdatasync).
  virtual Status sync() = 0;

  /// Closes the file. Without a `sync` before it, bytes may still be lost.
  virtual Status close() = 0;
};

/// A file that is read at any place. Thread-safety: any thread.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  virtual Result<uint64_t> size() const = 0;

  /// Reads up to `out.size()` bytes from `offset`; returns how many (fewer only at the end).
  virtual Result<size_t> read(uint64_t offset, std::span<std::byte> out) const = 0;
};

/// What holds a lock on a folder until it is destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// One entry of a folder.
struct DirEntry {
  enum class Kind { kFile, kFolder, kOther };
  std::string name;
  Kind kind = Kind::kOther;  ///< Links are kOther: they are not followed.
};

/// Every file operation of the product goes through here, so that tests can make any of them fail
/// (tests/support/memory_file_system.h) and nobody else has to think of errno.
///
/// Durability, as on POSIX: bytes need `WritableFile::sync`; a new, renamed or removed name needs
/// `sync_folder` of its folder.
/// Errors: kNotFound for a missing file or folder, kUnavailable for what the system refused.
/// Thread-safety: any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Makes the file, or empties the one that is there.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;

  /// Opens the file for writing at its end; makes it when missing.
  virtual Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) = 0;

  virtual Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) = 0;

  /// Cuts the file to `size_bytes` (durable after a sync of the file by `open_append`).
  virtual Status truncate(const std::string& path, uint64_t size_bytes) = 0;

  /// Atomic; replaces `to` when it is there.
  virtual Status rename(const std::string& from, const std::string& to) = 0;

  virtual Status remove(const std::string& path) = 0;

  /// Removes a folder with everything in it. Nothing to do when it is missing.
  virtual Status remove_tree(const std::string& path) = 0;

  /// Makes the folder and its missing parents.
  virtual Status create_folders(const std::string& path) = 0;

  /// Makes the folder's names durable.
  virtual Status sync_folder(const std::string& path) = 0;

  /// The entries of a folder, in byte order of their names.
  virtual Result<std::vector<DirEntry>> list(const std::string& path) = 0;

  virtual bool exists(const std::string& path) = 0;

  virtual Result<uint64_t> file_size(const std::string& path) = 0;

  /// Takes the lock file `path` for this process, or kRefused when another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The machine's file system. The returned object lives as long as the process.
FileSystem& posix_file_system();

/// Reads a whole file. Errors: kResourceLimit when it is larger than `limit_bytes`.
Result<std::string> read_file(FileSystem& files, const std::string& path,
                              uint64_t limit_bytes = uint64_t{1} << 31);

/// Replaces `path` by `content` so that a crash leaves the old content or the new, never a mixture:
/// writes a temporary name beside it, syncs, renames, syncs the folder.
Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content);

/// "a/b" and "c" give "a/b/c".
std::string join_path(std::string_view folder, std::string_view name);

/// The folder of a path: "." for a bare name.
std::string parent_path(const std::string& path);

}  // namespace thunderline
