#include "thunderline/thunderbolt/training/jsonl_store.h"

#include <algorithm>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/training/line_reader.h"
#include "thunderline/thunderbolt/training/record_json.h"

namespace thunderline::thunderbolt {
namespace {

constexpr const char* kFormat = "thunderline.trajectories";
constexpr size_t kMaxLineBytes = size_t{8} << 20;

std::string first_line(uint64_t next_sequence) {
  return std::string("{\"format\":\"") + kFormat + "\",\"version\":1,\"next_sequence\":" +
         std::to_string(next_sequence) + "}\n";
}

Result<uint64_t> parse_first_line(const TextLine& line, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(line.text, path));
  TL_ASSIGN_OR_RETURN(const std::string format, json_string(json, "format", path));
  TL_ASSIGN_OR_RETURN(const int64_t version, json_integer(json, "version", path));
  TL_ASSIGN_OR_RETURN(const int64_t next, json_integer(json, "next_sequence", path));
  if (format != kFormat || version != 1 || next < 1) {
    return fail(ErrorCode::kBadData, "not a trajectory file of version 1", path);
  }
  return static_cast<uint64_t>(next);
}

/// Reads the file from its begin.
Result<LineReader> lines_of(FileSystem& files, const std::string& path) {
  TL_ASSIGN_OR_RETURN(auto file, files.open_read(path));
  std::shared_ptr<ReadableFile> shared = std::move(file);
  uint64_t offset = 0;
  return LineReader(
      [shared, offset](std::span<char> out) mutable -> Result<size_t> {
        TL_ASSIGN_OR_RETURN(const size_t count,
                            shared->read(offset, std::as_writable_bytes(out)));
        offset += count;
        return count;
      },
      kMaxLineBytes);
}

/// A view of a record that lives on.
RecordView view_of_record(const LogRecord& record, StepView& step) {
  if (const Step* whole = std::get_if<Step>(&record)) {
    step = view_of(*whole);
    return &step;
  }
  if (const auto* outcome = std::get_if<Outcome>(&record)) return outcome;
  if (const auto* chief = std::get_if<ChiefStep>(&record)) return chief;
  if (const auto* transition = std::get_if<Transition>(&record)) return transition;
  return &std::get<LogEvent>(record);
}

void index_record(uint64_t sequence, const LogRecord& record, StepIndex& index) {
  if (const Step* step = std::get_if<Step>(&record)) {
    if (!index.find(step->id)) index.insert(step->id, sequence, step->reward.has_value());
  } else if (const Outcome* outcome = std::get_if<Outcome>(&record)) {
    if (index.find(outcome->step_id)) index.close(outcome->step_id);
  }
}

}  // namespace

JsonlStore::JsonlStore(FileSystem& files, const std::string& folder)
    : files_(files), folder_(folder), path_(join_path(folder, "trajectories.jsonl")) {}

Result<std::unique_ptr<JsonlStore>> JsonlStore::open(FileSystem& files, const std::string& folder,
                                                     RecoveredRecords& recovered) {
  std::unique_ptr<JsonlStore> store(new JsonlStore(files, folder));
  TL_RETURN_IF_ERROR(files.create_folders(folder));
  TL_ASSIGN_OR_RETURN(store->lock_, files.lock(join_path(folder, "LOCK")));
  if (!files.exists(store->path_)) {
    TL_RETURN_IF_ERROR(store->begin_file(1));
    return store;
  }
  TL_RETURN_IF_ERROR(store->recover(recovered));
  return store;
}

Status JsonlStore::begin_file(uint64_t next_sequence) {
  const std::string header = first_line(next_sequence);
  TL_RETURN_IF_ERROR(write_file_atomically(files_, path_, header));
  TL_ASSIGN_OR_RETURN(file_, files_.open_append(path_));
  const std::lock_guard lock(mutex_);
  facts_ = {};
  first_sequence_ = next_sequence;
  size_bytes_ = header.size();
  damaged_lines_ = 0;
  return {};
}

Status JsonlStore::recover(RecoveredRecords& recovered) {
  TL_ASSIGN_OR_RETURN(LineReader lines, lines_of(files_, path_));
  TL_ASSIGN_OR_RETURN(std::optional<TextLine> line, lines.next());
  if (!line) return fail(ErrorCode::kBadData, "not a trajectory file: it is empty", path_);
  TL_ASSIGN_OR_RETURN(first_sequence_, parse_first_line(*line, path_));
  recovered.last_sequence = first_sequence_ - 1;
  TL_ASSIGN_OR_RETURN(const uint64_t file_bytes, files_.file_size(path_));
  size_bytes_ = file_bytes;
  while (true) {
    TL_ASSIGN_OR_RETURN(line, lines.next());
    if (!line) break;
    if (!line->has_newline) {  // A torn tail.
      size_bytes_ = line->offset;
      recovered.repaired_bytes = file_bytes - line->offset;
      TL_RETURN_IF_ERROR(files_.truncate(path_, size_bytes_));
      break;
    }
    const auto parsed = parse_record_json(line->text);
    if (!parsed || parsed->first <= recovered.last_sequence) {
      ++damaged_lines_;
      continue;
    }
    recovered.last_sequence = parsed->first;
    StepView step;
    facts_.add(parsed->first, view_of_record(parsed->second, step));
    index_record(parsed->first, parsed->second, recovered.index);
  }
  TL_ASSIGN_OR_RETURN(file_, files_.open_append(path_));
  TL_RETURN_IF_ERROR(file_->sync());
  return files_.sync_folder(folder_);
}

size_t JsonlStore::encoded_size(const RecordView& view) const {
  // Enough for the bound on unacknowledged bytes: a float takes at most 15 characters.
  if (const auto* step = std::get_if<const StepView*>(&view)) {
    return 512 + 15 * ((*step)->state.size() + (*step)->next_state.size()) +
           (*step)->metadata.size();
  }
  return 1024;
}

void JsonlStore::encode(std::vector<std::byte>& out, uint64_t sequence,
                        const RecordView& view) const {
  std::string line;
  append_record_json(line, sequence, view);
  line += '\n';
  const auto bytes = std::as_bytes(std::span(line));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Status JsonlStore::commit(std::span<const std::byte> batch, const BatchFacts& facts, bool sync) {
  if (!batch.empty()) TL_RETURN_IF_ERROR(file_->append(batch));
  if (sync) TL_RETURN_IF_ERROR(file_->sync());
  const std::lock_guard lock(mutex_);
  size_bytes_ += batch.size();
  if (facts_.counts.total() == 0) facts_.first_sequence = facts.first_sequence;
  facts_.counts += facts.counts;
  for (const auto& [source, count] : facts.sources) facts_.sources[source] += count;
  return {};
}

void JsonlStore::cut() { static_cast<void>(files_.truncate(path_, size_bytes_)); }

Status JsonlStore::clear(uint64_t next_sequence) { return begin_file(next_sequence); }

Status JsonlStore::close() { return file_->close(); }

uint64_t JsonlStore::first_sequence() const {
  const std::lock_guard lock(mutex_);
  return first_sequence_;
}

Status JsonlStore::replay(const ReplayOptions& options, uint64_t last_sequence,
                          const ReplayVisitor& visitor) {
  TL_ASSIGN_OR_RETURN(LineReader lines, lines_of(files_, path_));
  TL_RETURN_IF_ERROR(lines.next());  // What the file is.
  uint64_t newest = options.after_sequence;
  while (true) {
    TL_ASSIGN_OR_RETURN(const std::optional<TextLine> line, lines.next());
    if (!line) return {};
    const auto parsed = parse_record_json(line->text);
    if (!parsed || parsed->first <= newest) continue;
    if (parsed->first > last_sequence) return {};
    newest = parsed->first;
    const LogRecord& record = parsed->second;
    if (!wants_kind(options, kind_of(record)) || !wants_names(options, record)) continue;
    TL_RETURN_IF_ERROR(visitor(parsed->first, record));
  }
}

void JsonlStore::describe(LogStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.records = facts_.counts;
  stats.steps_by_source.insert(facts_.sources.begin(), facts_.sources.end());
  stats.first_sequence = facts_.counts.total() > 0 ? facts_.first_sequence : 0;
  stats.size_bytes = size_bytes_;
  stats.segments = 1;
  stats.damaged_places = damaged_lines_;
}

}  // namespace thunderline::thunderbolt
