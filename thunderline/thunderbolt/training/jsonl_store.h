#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/thunderbolt/training/committed_logger.h"
#include "thunderline/thunderbolt/training/record_store.h"

namespace thunderline::thunderbolt {

/// A store of one text file, `trajectories.jsonl`: a first line that says what it is and where the
/// numbers begin, then one JSON object a record. No checksums, no retention: a damaged line is found
/// only where it is no longer JSON.
class JsonlStore final : public RecordStore {
 public:
  /// Opens the folder's file, cuts off a torn last line, fills `recovered`.
  /// Errors: kRefused when another process has it open, kBadData when it is another kind of file.
  static Result<std::unique_ptr<JsonlStore>> open(FileSystem& files, const std::string& folder,
                                                  RecoveredRecords& recovered);

  size_t encoded_size(const RecordView& view) const override;
  void encode(std::vector<std::byte>& out, uint64_t sequence,
              const RecordView& view) const override;
  Status commit(std::span<const std::byte> batch, const BatchFacts& facts, bool sync) override;
  void cut() override;
  Status clear(uint64_t next_sequence) override;
  Status close() override;
  uint64_t first_sequence() const override;
  Status replay(const ReplayOptions& options, uint64_t last_sequence,
                const ReplayVisitor& visitor) override;
  void describe(LogStats& stats) const override;

 private:
  JsonlStore(FileSystem& files, const std::string& folder);

  Status recover(RecoveredRecords& recovered);
  Status begin_file(uint64_t next_sequence);

  FileSystem& files_;
  const std::string folder_;
  const std::string path_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<WritableFile> file_;

  mutable std::mutex mutex_;  // guards all below
  BatchFacts facts_;
  uint64_t first_sequence_ = 1;
  uint64_t size_bytes_ = 0;
  uint64_t damaged_lines_ = 0;
};

}  // namespace thunderline::thunderbolt
