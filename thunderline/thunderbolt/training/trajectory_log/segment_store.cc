#include "thunderline/thunderbolt/training/trajectory_log/segment_store.h"

#include <algorithm>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

constexpr const char* kLockName = "LOCK";

RecordKind kind_of(const FoundRecord& record) { return static_cast<RecordKind>(record.header.kind); }

/// Enters a record found on disk into the indexes.
Status recover_record(const FoundRecord& found, RecordCounts& counts, SourceCounts& sources,
                      StepIndex& index) {
  ++counts.of(kind_of(found));
  if (kind_of(found) == RecordKind::kStep) {
    TL_ASSIGN_OR_RETURN(const StepKey key, decode_step_key(found.payload()));
    count_source(sources, key.source);
    if (!index.find(key.id)) index.insert(key.id, found.header.sequence, key.rewarded);
    return {};
  }
  if (kind_of(found) != RecordKind::kOutcome && kind_of(found) != RecordKind::kChiefStep) return {};
  TL_ASSIGN_OR_RETURN(const LogRecord record, decode_record(kind_of(found), found.payload()));
  if (const Outcome* outcome = std::get_if<Outcome>(&record)) {
    if (index.find(outcome->step_id)) index.close(outcome->step_id);
  } else {
    count_source(sources, std::get<ChiefStep>(record).source);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SegmentStore>> SegmentStore::open(FileSystem& files, const Clock& clock,
                                                         const SegmentStoreOptions& options,
                                                         RecoveredRecords& recovered) {
  std::unique_ptr<SegmentStore> store(new SegmentStore(files, clock, options));
  if (!options.read_only) {
    TL_RETURN_IF_ERROR(files.create_folders(options.folder));
    TL_ASSIGN_OR_RETURN(store->lock_, files.lock(join_path(options.folder, kLockName)));
    TL_RETURN_IF_ERROR(store->remove_leftovers());
  }
  TL_RETURN_IF_ERROR(store->recover(recovered));
  return store;
}

Status SegmentStore::remove_leftovers() {
  TL_ASSIGN_OR_RETURN(const auto entries, files_.list(options_.folder));
  for (const DirEntry& entry : entries) {
    if (!entry.name.ends_with(".tlog.tmp")) continue;
    TL_RETURN_IF_ERROR(files_.remove(join_path(options_.folder, entry.name)));
  }
  return {};
}

Status SegmentStore::recover(RecoveredRecords& recovered) {
  const auto enter = [&](size_t index, const FoundRecord& record) {
    if (segments_.size() <= index) segments_.resize(index + 1);
    Segment& segment = segments_[index];
    return recover_record(record, segment.counts, segment.sources, recovered.index);
  };
  TL_ASSIGN_OR_RETURN(const LogScan scan, scan_log(files_, options_.folder, enter));
  segments_.resize(scan.segments.size());
  for (size_t i = 0; i < segments_.size(); ++i) {
    segments_[i].header = scan.segments[i].header;
    segments_[i].last_sequence = scan.segments[i].last_sequence;
    segments_[i].size_bytes = scan.segments[i].size_bytes;
    segments_[i].damage = scan.segments[i].damage;
  }
  const uint64_t seed = options_.seed == 0 ? entropy_seed() : options_.seed;
  salt_ = scan.salt.value_or(static_cast<uint32_t>(derive_seed(seed, 0)));
  recovered.last_sequence = scan.next_sequence - 1;
  if (!segments_.empty()) first_sequence_ = segments_.front().header.base_sequence;
  if (options_.read_only) return {};
  return open_for_writing(scan, recovered);
}

/// Drops a torn tail, goes on in the newest segment or begins one, and makes sure that all that was
/// recovered is safe before anybody is told that it is there.
Status SegmentStore::open_for_writing(const LogScan& scan, RecoveredRecords& recovered) {
  if (scan.segments.empty()) return start_segment(scan.next_sequence);
  const SegmentScan& newest = scan.segments.back();
  Segment& segment = segments_.back();
  const bool whole = !newest.header_lost && newest.size_bytes >= kSegmentHeaderBytes;
  if (whole && newest.tail_bytes() > 0) {
    TL_RETURN_IF_ERROR(files_.truncate(path_of(segment), newest.good_bytes));
    recovered.repaired_bytes = newest.tail_bytes();
    segment.size_bytes = newest.good_bytes;
  }
  TL_ASSIGN_OR_RETURN(file_, files_.open_append(path_of(segment)));
  TL_RETURN_IF_ERROR(file_->sync());
  TL_RETURN_IF_ERROR(files_.sync_folder(options_.folder));
  acknowledged_bytes_ = segment.size_bytes;
  if (whole && newest.header.end_sequence == 0) return {};
  return start_segment(scan.next_sequence);
}

size_t SegmentStore::encoded_size(const RecordView& view) const {
  return thunderbolt::encoded_size(view);
}

void SegmentStore::encode(std::vector<std::byte>& out, uint64_t sequence,
                          const RecordView& view) const {
  append_record(out, salt_, sequence, view);
}

Status SegmentStore::commit(std::span<const std::byte> batch, const BatchFacts& facts, bool sync) {
  if (!batch.empty()) {
    Segment& newest = segments_.back();
    const bool full = newest.size_bytes >= options_.segment_bytes;
    if (full && newest.counts.total() > 0) TL_RETURN_IF_ERROR(roll(facts.first_sequence));
    TL_RETURN_IF_ERROR(file_->append(batch));
  }
  if (sync) TL_RETURN_IF_ERROR(file_->sync());
  const std::lock_guard lock(mutex_);
  Segment& segment = segments_.back();
  segment.size_bytes += batch.size();
  acknowledged_bytes_ = segment.size_bytes;
  if (batch.empty()) return {};
  segment.last_sequence = facts.last_sequence;
  segment.counts += facts.counts;
  for (const auto& [source, count] : facts.sources) segment.sources[source] += count;
  return {};
}

void SegmentStore::cut() {
  // Best effort: should it fail, too, the bytes come back at most as steps that nobody was promised.
  static_cast<void>(files_.truncate(path_of(segments_.back()), acknowledged_bytes_));
}

Status SegmentStore::start_segment(uint64_t base_sequence) {
  const SegmentHeader header{base_sequence, 0, clock_.unix_ms(), salt_};
  TL_RETURN_IF_ERROR(create_segment(files_, options_.folder, header));
  TL_ASSIGN_OR_RETURN(
      auto file, files_.open_append(join_path(options_.folder, segment_name(base_sequence))));
  file_ = std::move(file);
  acknowledged_bytes_ = kSegmentHeaderBytes;
  const std::lock_guard lock(mutex_);
  if (segments_.empty()) first_sequence_ = base_sequence;
  // A segment of the same name held nothing that could be read, and was replaced.
  if (!segments_.empty() && segments_.back().header.base_sequence == base_sequence) {
    segments_.pop_back();
  }
  segments_.push_back({header, base_sequence - 1, kSegmentHeaderBytes, {}, {}, {}});
  return {};
}

/// The old segment is safe before the new one begins, so only the newest can have a torn tail.
Status SegmentStore::roll(uint64_t next_sequence) {
  TL_RETURN_IF_ERROR(file_->sync());
  TL_RETURN_IF_ERROR(start_segment(next_sequence));
  apply_retention();
  return {};
}

/// Removes the oldest segments, each for good before the next, so that a crash leaves no gap. Returns
/// how many; a failure only leaves them for the next time.
uint64_t SegmentStore::apply_retention() {
  uint64_t removed = 0;
  while (segments_.size() > 1) {
    uint64_t total = 0;
    for (const Segment& segment : segments_) total += segment.size_bytes;
    // The oldest segment's newest record is as old as the next segment.
    const int64_t age_ms = clock_.unix_ms() - segments_[1].header.created_unix_ms;
    const bool too_large = options_.max_bytes > 0 && total > options_.max_bytes;
    const bool too_old = options_.max_age.count() > 0 && age_ms > options_.max_age.count();
    if (!too_large && !too_old) break;
    if (!files_.remove(path_of(segments_.front()))) break;
    const bool for_good = files_.sync_folder(options_.folder).has_value();
    const std::lock_guard lock(mutex_);
    segments_.erase(segments_.begin());
    first_sequence_ = segments_.front().header.base_sequence;
    ++removed;
    if (!for_good) break;
  }
  return removed;
}

Status SegmentStore::clear(uint64_t next_sequence) {
  if (segments_.back().header.base_sequence != next_sequence) {
    TL_RETURN_IF_ERROR(start_segment(next_sequence));
  }
  while (segments_.size() > 1) {
    TL_RETURN_IF_ERROR(files_.remove(path_of(segments_.front())));
    TL_RETURN_IF_ERROR(files_.sync_folder(options_.folder));
    const std::lock_guard lock(mutex_);
    segments_.erase(segments_.begin());
  }
  const std::lock_guard lock(mutex_);
  first_sequence_ = next_sequence;
  return {};
}

Result<CompactReport> SegmentStore::compact(uint64_t next_sequence) {
  CompactReport report;
  const auto total_bytes = [&] {
    uint64_t total = 0;
    for (const Segment& segment : segments_) total += segment.size_bytes;
    return total;
  };
  const uint64_t before = total_bytes();
  report.removed_segments = apply_retention();
  if (!segments_.back().damage.empty()) TL_RETURN_IF_ERROR(start_segment(next_sequence));
  for (size_t i = 0; i + 1 < segments_.size(); ++i) {
    if (!segments_[i].damage.empty()) TL_RETURN_IF_ERROR(rewrite(i, report));
  }
  const uint64_t after = total_bytes();
  report.freed_bytes = before > after ? before - after : 0;
  return report;
}

/// Puts the good records of a segment into a new file of the same name, which says that it stands for
/// all numbers up to the next segment.
Status SegmentStore::rewrite(size_t index, CompactReport& report) {
  SegmentHeader header = segments_[index].header;
  header.end_sequence = segments_[index + 1].header.base_sequence - 1;
  ByteBuffer records;
  const auto keep = [&](const FoundRecord& record) -> Status {
    if (record.header.sequence > header.end_sequence) return {};
    records.insert(records.end(), record.bytes.begin(), record.bytes.end());
    return {};
  };
  TL_RETURN_IF_ERROR(
      scan_segment(files_, options_.folder, header.base_sequence, header.salt, keep));
  TL_RETURN_IF_ERROR(create_segment(files_, options_.folder, header, records));
  ++report.rewritten_segments;
  const std::lock_guard lock(mutex_);
  segments_[index].header = header;
  segments_[index].size_bytes = kSegmentHeaderBytes + records.size();
  segments_[index].damage.clear();
  return {};
}

Status SegmentStore::close() {
  ByteBuffer seal;
  append_seal(seal, salt_, segments_.back().last_sequence);
  TL_RETURN_IF_ERROR(file_->append(seal));
  TL_RETURN_IF_ERROR(file_->sync());
  return file_->close();
}

uint64_t SegmentStore::first_sequence() const {
  const std::lock_guard lock(mutex_);
  return first_sequence_;
}

bool SegmentStore::may_hold(const Segment& segment, const ReplayOptions& options) const {
  if (segment.last_sequence <= options.after_sequence) return false;
  if (options.source.empty() || options.kinds.empty() || segment.sources.contains(options.source)) {
    return true;
  }
  return std::any_of(options.kinds.begin(), options.kinds.end(), [](RecordKind kind) {
    return kind != RecordKind::kStep && kind != RecordKind::kChiefStep;
  });
}

Status SegmentStore::replay(const ReplayOptions& options, uint64_t last_sequence,
                            const ReplayVisitor& visitor) {
  std::vector<uint64_t> bases;
  {
    const std::lock_guard lock(mutex_);
    for (const Segment& segment : segments_) {
      if (may_hold(segment, options)) bases.push_back(segment.header.base_sequence);
    }
  }
  uint64_t newest = options.after_sequence;
  const auto visit = [&](const FoundRecord& found) -> Status {
    const uint64_t sequence = found.header.sequence;
    if (sequence <= newest || sequence > last_sequence) return {};
    newest = sequence;
    if (!wants_kind(options, kind_of(found))) return {};
    TL_ASSIGN_OR_RETURN(const LogRecord record, decode_record(kind_of(found), found.payload()));
    if (!wants_names(options, record)) return {};
    return visitor(sequence, record);
  };
  for (const uint64_t base : bases) {
    const auto scan = scan_segment(files_, options_.folder, base, salt_, visit);
    if (scan) continue;
    const bool removed = scan.error().code == ErrorCode::kNotFound &&
                         !files_.exists(join_path(options_.folder, segment_name(base)));
    if (!removed) return tl::unexpected<Error>(scan.error());  // Else retention was faster.
  }
  return {};
}

void SegmentStore::describe(LogStats& stats) const {
  const std::lock_guard lock(mutex_);
  for (const Segment& segment : segments_) {
    stats.records += segment.counts;
    stats.size_bytes += segment.size_bytes;
    stats.damaged_places += segment.damage.size();
    for (const auto& [source, count] : segment.sources) stats.steps_by_source[source] += count;
  }
  stats.segments = segments_.size();
  if (stats.records.total() > 0) stats.first_sequence = first_sequence_;
}

std::vector<Damage> SegmentStore::damage() const {
  const std::lock_guard lock(mutex_);
  std::vector<Damage> all;
  for (const Segment& segment : segments_) {
    all.insert(all.end(), segment.damage.begin(), segment.damage.end());
  }
  return all;
}

std::string SegmentStore::path_of(const Segment& segment) const {
  return join_path(options_.folder, segment_name(segment.header.base_sequence));
}

}  // namespace thunderline::thunderbolt
