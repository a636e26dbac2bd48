#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "thunderline/thunderbolt/training/record_view.h"

namespace thunderline::thunderbolt {

/// Counts by name that are looked up without making a string.
struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};
using SourceCounts = std::unordered_map<std::string, uint64_t, NameHash, std::equal_to<>>;

void count_source(SourceCounts& counts, std::string_view source);

/// What a batch of records holds.
struct BatchFacts {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  RecordCounts counts;
  SourceCounts sources;

  void add(uint64_t sequence, const RecordView& view);
};

/// Where a `CommittedLogger` keeps its records: what differs between file formats.
/// Thread-safety: `encoded_size` and `encode` from one thread at a time, `commit`, `cut`, `clear` and
/// `close` from one thread at a time; all others from any thread at any time.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  /// Bytes that `encode` will append, or a few more.
  virtual size_t encoded_size(const RecordView& view) const = 0;
  virtual void encode(std::vector<std::byte>& out, uint64_t sequence,
                      const RecordView& view) const = 0;

  /// Appends encoded records (maybe none) and, with `sync`, returns once all of the store is safe.
  virtual Status commit(std::span<const std::byte> batch, const BatchFacts& facts, bool sync) = 0;

  /// After a failed `commit`: drops, if that can be done, what it may have left, so that records that
  /// were never acknowledged do not come back. Nothing is committed after it.
  virtual void cut() = 0;

  /// Removes all records; the next one has the number `next_sequence`.
  virtual Status clear(uint64_t next_sequence) = 0;

  /// Ends the store cleanly. Nothing is committed after it.
  virtual Status close() = 0;

  /// No record with a smaller number is kept (retention).
  virtual uint64_t first_sequence() const = 0;

  /// Visits what was committed, up to `last_sequence`.
  virtual Status replay(const ReplayOptions& options, uint64_t last_sequence,
                        const ReplayVisitor& visitor) = 0;

  /// Fills in what the store knows.
  virtual void describe(LogStats& stats) const = 0;
};

/// Whether the options want records of this kind, and of this source or episode.
bool wants_kind(const ReplayOptions& options, RecordKind kind);
bool wants_names(const ReplayOptions& options, const LogRecord& record);

}  // namespace thunderline::thunderbolt
