#include "thunderline/thunderchief/governance/audit_log.h"

#include <condition_variable>
#include <mutex>
#include <span>

#include "thunderline/base/json_util.h"

namespace thunderline::thunderchief {
namespace {

std::string log_path(const std::string& folder) { return join_path(folder, "log.jsonl"); }
std::string head_path(const std::string& folder) { return join_path(folder, "head.json"); }

Result<std::string> read_log(FileSystem& files, const std::string& folder) {
  if (!files.exists(log_path(folder))) return std::string();
  return read_file(files, log_path(folder));
}

/// Nothing when there is none; a head that cannot be read counts as none, for it proves nothing.
Result<std::optional<AuditHead>> read_head(FileSystem& files, const std::string& folder) {
  if (!files.exists(head_path(folder))) return std::nullopt;
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, head_path(folder)));
  const auto json = parse_json(text, head_path(folder));
  if (!json || !json->is_object()) return std::nullopt;
  const auto number = json_integer(*json, "n", "");
  const auto hash = json_string(*json, "hash", "");
  if (!number || *number < 0 || !hash) return std::nullopt;
  return AuditHead{static_cast<uint64_t>(*number), *hash};
}

Status write_head(FileSystem& files, const std::string& folder, const AuditHead& head) {
  const OrderedJson json = {{"n", head.number}, {"hash", head.hash}};
  return write_file_atomically(files, head_path(folder), dump_json(json) + "\n");
}

Result<AuditChain> read_all(FileSystem& files, const std::string& folder) {
  TL_ASSIGN_OR_RETURN(const std::string content, read_log(files, folder));
  TL_ASSIGN_OR_RETURN(const std::optional<AuditHead> head, read_head(files, folder));
  return read_chain(content, head);
}

tl::unexpected<Error> damaged(const AuditFault& fault, const std::string& folder) {
  return fail(ErrorCode::kBadData, "the audit log is not as it was written: " + fault.message,
              log_path(folder) + " line " + std::to_string(fault.line),
              "restore it from a copy, or put the folder aside to begin a new one");
}

}  // namespace

std::string audit_folder(const std::string& home) { return join_path(home, "audit"); }

Result<AuditReport> verify_audit(FileSystem& files, const std::string& folder) {
  TL_ASSIGN_OR_RETURN(const AuditChain chain, read_all(files, folder));
  AuditReport report;
  report.lines = chain.entries.size();
  if (chain.fault && chain.fault->line <= report.lines) report.lines = chain.fault->line - 1;
  report.head_hash = report.lines == 0 ? audit_root() : chain.hashes[report.lines - 1];
  report.unfinished_bytes = chain.unfinished_bytes;
  report.fault = chain.fault;
  return report;
}

Result<std::vector<AuditEntry>> read_audit(FileSystem& files, const std::string& folder) {
  TL_ASSIGN_OR_RETURN(AuditChain chain, read_all(files, folder));
  if (chain.fault) return damaged(*chain.fault, folder);
  return std::move(chain.entries);
}

std::string AuditLog::path() const { return log_path(options_.folder); }

Result<AuditLog> AuditLog::open(FileSystem& files, const Clock& clock, Options options) {
  AuditLog log(files, clock, std::move(options));
  TL_RETURN_IF_ERROR(files.create_folders(log.options_.folder));
  TL_ASSIGN_OR_RETURN(const auto held, log.take_lock());
  TL_RETURN_IF_ERROR(log.load());
  return log;
}

Result<std::unique_ptr<FileLock>> AuditLog::take_lock() const {
  constexpr auto kPause = std::chrono::milliseconds(5);
  // Another process holds the lock for the time of one entry; a condition that nobody signals waits.
  std::mutex mutex;
  std::condition_variable never;
  for (auto waited = std::chrono::milliseconds(0);; waited += kPause) {
    auto held = files_->lock(join_path(options_.folder, "LOCK"));
    const bool busy = !held && held.error().code == ErrorCode::kRefused;
    if (!busy || waited >= options_.lock_wait) return held;
    std::unique_lock lock(mutex);
    never.wait_for(lock, kPause);
  }
}

Status AuditLog::load() {
  file_.reset();
  TL_ASSIGN_OR_RETURN(const std::string content, read_log(*files_, options_.folder));
  TL_ASSIGN_OR_RETURN(const std::optional<AuditHead> head, read_head(*files_, options_.folder));
  const AuditChain chain = read_chain(content, head);
  const uint64_t count = chain.hashes.size();
  const uint64_t acknowledged = head ? head->number : 0;
  const bool head_holds = acknowledged <= count &&
                          (acknowledged == 0 || chain.hashes[acknowledged - 1] == head->hash);
  // Behind the head a crash may have left anything; before it everything was promised to stay.
  const bool lost_head = !head && count > 1;
  if (chain.fault && (!head_holds || lost_head)) return damaged(*chain.fault, options_.folder);

  const bool is_new = !files_->exists(path());
  TL_ASSIGN_OR_RETURN(auto file, files_->open_append(path()));
  if (is_new) TL_RETURN_IF_ERROR(files_->sync_folder(options_.folder));
  if (content.size() > chain.valid_bytes) {
    TL_RETURN_IF_ERROR(cut_tail(chain, content.size()));
  }
  head_ = {count, count == 0 ? audit_root() : chain.hashes.back()};
  if (count > acknowledged || content.size() > chain.valid_bytes) {
    TL_RETURN_IF_ERROR(file->sync());
    TL_RETURN_IF_ERROR(write_head(*files_, options_.folder, head_));
  }
  keys_.clear();
  for (const AuditEntry& entry : chain.entries) keys_.insert(entry.key);
  size_bytes_ = chain.valid_bytes;
  file_ = std::move(file);
  if (content.size() == chain.valid_bytes) return {};
  AuditEntry note{.who = "audit", .what = "repair", .subject = "audit log", .why = repaired_};
  note.unix_ms = clock_->unix_ms();
  note.key = "repair/" + std::to_string(count) + "/" + std::to_string(note.unix_ms);
  return write(note);
}

Status AuditLog::cut_tail(const AuditChain& chain, uint64_t size_bytes) {
  TL_RETURN_IF_ERROR(files_->truncate(path(), chain.valid_bytes));
  repaired_ = "cut " + std::to_string(size_bytes - chain.valid_bytes) +
              " bytes behind line " + std::to_string(chain.entries.size()) +
              ", which no one had been told were kept";
  return {};
}

Result<uint64_t> AuditLog::append(AuditEntry entry) {
  TL_CHECK(!entry.key.empty());
  TL_ASSIGN_OR_RETURN(const auto held, take_lock());
  const auto size = files_->file_size(path());
  if (file_ == nullptr || !size || *size != size_bytes_) TL_RETURN_IF_ERROR(load());
  if (keys_.contains(entry.key)) return head_.number;
  if (entry.unix_ms == 0) entry.unix_ms = clock_->unix_ms();
  if (Status written = write(entry); !written) {
    file_.reset();  // Nothing is known of the file's end: it is read again before the next entry.
    return tl::unexpected<Error>(written.error());
  }
  return head_.number;
}

Status AuditLog::write(const AuditEntry& entry) {
  const std::string line = audit_line(entry, head_.number + 1, head_.hash);
  TL_RETURN_IF_ERROR(file_->append(std::as_bytes(std::span(line.data(), line.size()))));
  TL_RETURN_IF_ERROR(file_->sync());
  const AuditHead head{head_.number + 1, hash_of_line(line)};
  TL_RETURN_IF_ERROR(write_head(*files_, options_.folder, head));
  head_ = head;
  size_bytes_ += line.size();
  keys_.insert(entry.key);
  return {};
}

}  // namespace thunderline::thunderchief
