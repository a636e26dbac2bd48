#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/governance/audit_chain.h"

namespace thunderline::thunderchief {

/// Where a home keeps its audit log.
std::string audit_folder(const std::string& home);

/// What `verify_audit` found.
struct AuditReport {
  uint64_t lines = 0;     ///< That are as they were written, from the first on.
  std::string head_hash;  ///< Of the last of them; 64 zeros for none. Note it elsewhere: it proves all.
  uint64_t unfinished_bytes = 0;  ///< Of a line that a crash cut short.
  std::optional<AuditFault> fault;
};

/// Reads a whole log and checks every line against the chain and the head. Writes nothing.
/// Errors: those of the files. A folder without a log has 0 lines.
Result<AuditReport> verify_audit(FileSystem& files, const std::string& folder);

/// The entries, oldest first. Errors: kBadData naming the first line that is not as it was written.
Result<std::vector<AuditEntry>> read_audit(FileSystem& files, const std::string& folder);

/// Append-only record of what was decided: one JSON line an entry, each with the hash of the line
/// before it (docs/formats/audit_log.md). An entry that was acknowledged survives kill -9 and power
/// loss. Several processes may append in turns.
/// Thread-safety: one thread.
class AuditLog {
 public:
  struct Options {
    std::string folder;
    std::chrono::milliseconds lock_wait{5000};  ///< For another process that is appending.
  };

  /// Opens the log, or makes it. What a crash left unfinished behind the last acknowledged entry is
  /// cut off and told of: `repaired`, and an entry "repair".
  /// Errors: kBadData when an acknowledged line is not as it was written (nothing is changed then);
  /// kRefused when another process holds the log; those of the files.
  static Result<AuditLog> open(FileSystem& files, const Clock& clock, Options options);

  /// Writes the entry and returns once it is durable; an entry whose key is in the log already is
  /// left out. Returns the entry's number. Its time is the clock's unless it is set.
  /// Errors: as `open`; after one the log may hold the entry: append it again.
  Result<uint64_t> append(AuditEntry entry);

  bool contains(const std::string& key) const { return keys_.contains(key); }
  uint64_t size() const { return head_.number; }

  /// What was cut off when the log was opened; empty: nothing.
  const std::string& repaired() const { return repaired_; }

 private:
  AuditLog(FileSystem& files, const Clock& clock, Options options)
      : files_(&files), clock_(&clock), options_(std::move(options)) {}

  Result<std::unique_ptr<FileLock>> take_lock() const;
  Status load();
  Status cut_tail(const AuditChain& chain, uint64_t size_bytes);
  Status write(const AuditEntry& entry);
  std::string path() const;

  FileSystem* files_;
  const Clock* clock_;
  Options options_;
  std::unique_ptr<WritableFile> file_;  ///< Null: to be loaded anew.
  uint64_t size_bytes_ = 0;
  AuditHead head_;
  std::set<std::string> keys_;
  std::string repaired_;
};

}  // namespace thunderline::thunderchief
