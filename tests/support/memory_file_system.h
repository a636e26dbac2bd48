#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/random.h"

namespace thunderline::testing {

/// What can be counted and made to fail. kAny stands for all of them in a `Fault`.
enum class FileOp {
  kCreate,
  kOpenAppend,
  kOpenRead,
  kAppend,
  kSync,
  kTruncate,
  kRename,
  kRemove,
  kCreateFolders,
  kSyncFolder,
  kRead,
  kList,
  kAny,
};
inline constexpr size_t kFileOps = static_cast<size_t>(FileOp::kAny);

/// One planned failure: the `nth` operation (1 is the first) of kind `op` after `plan_fault`.
struct Fault {
  enum class Kind {
    kIoError,     ///< EIO.
    kNoSpace,     ///< ENOSPC; an append leaves nothing.
    kShortWrite,  ///< An append leaves half of its bytes and fails.
  };
  FileOp op = FileOp::kAny;
  uint64_t nth = 1;
  Kind kind = Kind::kIoError;
  bool sticky = false;  ///< All later operations of that kind fail, too.
};

/// A file system in memory that knows what a power cut would leave, and fails on demand.
///
/// Durability, the worst that POSIX allows: bytes are safe after `WritableFile::sync` of their file,
/// names after `sync_folder` of their folder. `power_cut` keeps what is safe and a random part of the
/// rest: any subset of the unsynced names, and of an unsynced file any length between the safe one
/// and the newest, with any subset of its 512-byte sectors old, new or zero.
/// A failed `sync` drops the bytes it was to save: they stay visible, but no later `sync` makes them
/// safe (as on Linux, where the pages count as clean after the error was reported once).
/// Folders themselves are safe as soon as they are made. Thread-safety: any thread.
class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  /// Forgets what was not synced, as above; open files answer with errors from here on, locks are
  /// free. Same seed, same history: same outcome.
  void power_cut(uint64_t seed);

  /// Adds a failure. `clear_faults` drops all that are planned.
  void plan_fault(const Fault& fault);
  void clear_faults();

  /// True when a planned fault has struck since `clear_faults`.
  bool fault_struck() const;

  /// How many operations of the kind were tried so far (kAny: all).
  uint64_t count(FileOp op) const;

  /// The file's bytes as a reader sees them. Precondition: it exists.
  std::string content(const std::string& path) const;

  /// Makes the file hold these bytes, safe against power cuts.
  void put(const std::string& path, std::string_view content);

  /// Flips one bit of the file, also of what a power cut would leave.
  void flip_bit(const std::string& path, uint64_t bit);

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override;
  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override;
  Status truncate(const std::string& path, uint64_t size_bytes) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status create_folders(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Result<std::vector<DirEntry>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<uint64_t> file_size(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  struct Inode;
  struct State;
  class Writable;
  class Readable;
  class Lock;
  std::shared_ptr<State> state_;
};

}  // namespace thunderline::testing
