#include "thunderline/thunderbolt/training/trajectory_import.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "thunderline/thunderbolt/training/record_json.h"

namespace thunderline::thunderbolt {
namespace {

/// Tells of steps once they are durable, while the importing thread may wait for its next line. It
/// asks the log to hurry, so a sender that waits for each answer is not kept for the batch interval.
class Acknowledger {
 public:
  Acknowledger(TrajectoryLogger& log, const std::function<void(const Uuid&)>& on_durable)
      : log_(log), on_durable_(on_durable) {
    if (on_durable_) thread_ = std::thread([this] { run(); });
  }
  ~Acknowledger() { finish(); }
  Acknowledger(const Acknowledger&) = delete;
  Acknowledger& operator=(const Acknowledger&) = delete;

  void add(const Uuid& id, uint64_t sequence) {
    if (!on_durable_) return;
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return waiting_.size() < kMostWaiting || failed_; });
    waiting_.emplace_back(id, sequence);
    work_.notify_one();
  }

  /// Returns once everything that was added is told, or cannot be.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finishing_ = true;
    }
    work_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr size_t kMostWaiting = size_t{1} << 16;
  using Waiting = std::deque<std::pair<Uuid, uint64_t>>;

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      work_.wait(lock, [this] { return finishing_ || !waiting_.empty(); });
      if (waiting_.empty() || failed_) return;
      Waiting batch;
      batch.swap(waiting_);
      room_.notify_all();
      lock.unlock();
      const bool told = tell(batch);
      lock.lock();
      if (told) continue;
      failed_ = true;
      room_.notify_all();
      return;
    }
  }

  bool tell(const Waiting& batch) const {
    for (const auto& [id, sequence] : batch) {
      if (!log_.wait_durable(sequence)) return false;
      on_durable_(id);
    }
    return true;
  }

  TrajectoryLogger& log_;
  const std::function<void(const Uuid&)>& on_durable_;
  std::mutex mutex_;  // guards all below
  std::condition_variable work_;
  std::condition_variable room_;
  Waiting waiting_;
  bool finishing_ = false;
  bool failed_ = false;
  std::thread thread_;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// The step of a line, or why there is none.
Result<Step> step_of(const TextLine& line) {
  if (line.too_long) {
    return fail(ErrorCode::kBadData, "the line is longer than 1 MiB");
  }
  auto step = parse_step_json(line.text);
  if (!step && !line.has_newline) {
    Error error = step.error();
    error.message += " (the line is cut off: it has no end)";
    return tl::unexpected<Error>(std::move(error));
  }
  return step;
}

/// True for an error that is the line's own fault.
bool is_rejection(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kBadData;
}

}  // namespace

Result<ImportReport> import_jsonl(TrajectoryLogger& log, UuidGenerator& ids, const Clock& clock,
                                  const ReadBytes& read, const ImportOptions& options) {
  ImportReport report;
  Acknowledger acknowledger(log, options.on_durable);
  LineReader lines(read, kMaxImportLineBytes);
  uint64_t newest = log.last_sequence();
  while (true) {
    TL_ASSIGN_OR_RETURN(const std::optional<TextLine> line, lines.next());
    if (!line) break;
    ++report.lines;
    if (is_blank(line->text)) {
      ++report.blank;
      continue;
    }
    auto step = step_of(*line);
    if (step && step->id.is_nil()) step->id = ids.next(clock.unix_ms());
    const auto sequence = step ? log.log_step(view_of(*step))
                               : Result<uint64_t>(tl::unexpected<Error>(step.error()));
    if (!sequence) {
      if (!is_rejection(sequence.error())) return tl::unexpected<Error>(sequence.error());
      ++report.rejected;
      if (options.on_rejected) {
        options.on_rejected({line->number, line->offset, to_string(sequence.error())});
      }
      continue;
    }
    ++(*sequence > newest ? report.imported : report.known);
    newest = std::max(newest, *sequence);
    acknowledger.add(step->id, *sequence);
  }
  TL_RETURN_IF_ERROR(log.flush());
  acknowledger.finish();
  return report;
}

}  // namespace thunderline::thunderbolt
