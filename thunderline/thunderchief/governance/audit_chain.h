#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::thunderchief {

/// One thing that was done, and why. All text is UTF-8.
struct AuditEntry {
  int64_t unix_ms = 0;  ///< 0 for entries read back: `time` has it.
  std::string time;     ///< UTC, e.g. "2026-12-24T18:00:00.000Z".
  std::string who;      ///< "crown", "run", or the user of a command.
  std::string what;     ///< "deploy", "refuse", "rollback", "policy", …
  std::string subject;  ///< Of what, e.g. "agent_scoring/3".
  std::string before;
  std::string after;
  std::string why;
  /// The same for the same happening: a second entry with this key is not written. Not empty.
  std::string key;
};

/// The last entry of a log, kept beside it: without it nobody could tell that lines are missing at
/// the end. Number 0: an empty log.
struct AuditHead {
  uint64_t number = 0;
  std::string hash;  ///< SHA-256, 64 hex digits.
};

/// What is wrong with a log, at its first line where anything is.
struct AuditFault {
  uint64_t line = 0;    ///< From 1.
  std::string kind;     ///< "changed", "removed", "inserted" or "reordered".
  std::string message;  ///< One sentence.
};

/// A log as it was read.
struct AuditChain {
  std::vector<AuditEntry> entries;  ///< Those before the first break in the chain.
  std::vector<std::string> hashes;  ///< One an entry.
  uint64_t valid_bytes = 0;         ///< Of these entries.
  uint64_t unfinished_bytes = 0;    ///< A last line without its end, which no one was told of.
  std::optional<AuditFault> fault;
};

/// What the first line names as the line before it: 64 zeros.
const std::string& audit_root();

/// The line of an entry, with its end: JSON with the hash last. The hash is SHA-256 over the line's
/// bytes as they would be without the hash (docs/formats/audit_log.md).
std::string audit_line(const AuditEntry& entry, uint64_t number, const std::string& previous_hash);

/// The hash within a line that `audit_line` made.
std::string hash_of_line(std::string_view line);

/// Follows the chain from the first line to the head. Pure; any bytes are taken.
AuditChain read_chain(std::string_view content, const std::optional<AuditHead>& head);

}  // namespace thunderline::thunderchief
