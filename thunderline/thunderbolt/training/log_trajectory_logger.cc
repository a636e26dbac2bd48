#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

namespace thunderline::thunderbolt {
namespace {

std::optional<Error> refusal(const LogTrajectoryOptions& options) {
  if (!options.read_only) return std::nullopt;
  return Error{ErrorCode::kRefused, "the trajectory log was opened for reading", options.folder, ""};
}

}  // namespace

LogTrajectoryLogger::LogTrajectoryLogger(std::unique_ptr<SegmentStore> segments,
                                         const LogTrajectoryOptions& options,
                                         RecoveredRecords recovered)
    : CommittedLogger(std::move(segments),
                      {options.durability, options.batch_interval, options.batch_bytes},
                      std::move(recovered), refusal(options)),
      segments_(static_cast<SegmentStore&>(store())) {}

Result<std::unique_ptr<LogTrajectoryLogger>> LogTrajectoryLogger::open(
    FileSystem& files, const Clock& clock, const LogTrajectoryOptions& options) {
  const SegmentStoreOptions store_options{options.folder,    options.segment_bytes,
                                          options.max_bytes, options.max_age,
                                          options.read_only, options.seed};
  RecoveredRecords recovered;
  TL_ASSIGN_OR_RETURN(auto segments, SegmentStore::open(files, clock, store_options, recovered));
  return std::unique_ptr<LogTrajectoryLogger>(
      new LogTrajectoryLogger(std::move(segments), options, std::move(recovered)));
}

Result<CompactReport> LogTrajectoryLogger::compact() {
  CompactReport report;
  const auto work = [&](uint64_t next_sequence) -> Status {
    TL_ASSIGN_OR_RETURN(report, segments_.compact(next_sequence));
    return {};
  };
  TL_RETURN_IF_ERROR(with_idle_store(work));
  return report;
}

Result<VerifyReport> verify_trajectory_log(FileSystem& files, const std::string& folder) {
  VerifyReport report;
  const auto count = [&](size_t, const FoundRecord& record) -> Status {
    ++report.records.of(static_cast<RecordKind>(record.header.kind));
    if (report.first_sequence == 0) report.first_sequence = record.header.sequence;
    report.last_sequence = record.header.sequence;
    return {};
  };
  TL_ASSIGN_OR_RETURN(const LogScan scan, scan_log(files, folder, count));
  report.segments = scan.segments.size();
  for (const SegmentScan& segment : scan.segments) {
    report.size_bytes += segment.size_bytes;
    report.damage.insert(report.damage.end(), segment.damage.begin(), segment.damage.end());
  }
  if (!scan.segments.empty()) {
    report.torn_tail_bytes = scan.segments.back().tail_bytes();
    report.sealed = scan.segments.back().sealed;
  }
  return report;
}

}  // namespace thunderline::thunderbolt
