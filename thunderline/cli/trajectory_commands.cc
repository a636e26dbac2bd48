#include "thunderline/cli/trajectory_commands.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderbolt/training/record_json.h"
#include "thunderline/thunderbolt/training/trajectory_import.h"

namespace thunderline::cli {
namespace {

namespace bolt = thunderbolt;

/// How soon a wait for input sees that Ctrl-C was pressed.
constexpr int kPollMs = 100;

/// A file or stdin, read so that Ctrl-C ends the wait.
class Input {
 public:
  static Result<Input> open(const std::string& path) {
    if (path == "-") return Input(STDIN_FILENO, "stdin");
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) return Input(file, path);
    const int reason = errno;
    return fail(reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                std::string("cannot be opened: ") + std::strerror(reason), path);
  }
  ~Input() {
    if (file_ > STDERR_FILENO) ::close(file_);
  }
  Input(Input&& other) noexcept : file_(std::exchange(other.file_, -1)), name_(other.name_) {}
  Input& operator=(Input&&) = delete;

  Result<size_t> read(std::span<char> out, const std::stop_token& stop) const {
    while (!stop.stop_requested()) {
      pollfd wait{file_, POLLIN, 0};
      if (::poll(&wait, 1, kPollMs) == 0) continue;
      const ssize_t count = ::read(file_, out.data(), out.size());
      if (count >= 0) return static_cast<size_t>(count);
      if (errno == EINTR) continue;
      return fail(ErrorCode::kUnavailable, std::string("cannot be read: ") + std::strerror(errno),
                  name_);
    }
    return fail(ErrorCode::kInterrupted, "the import was interrupted", name_,
                "send the same steps again: those that are stored are not stored twice");
  }

 private:
  Input(int file, std::string name) : file_(file), name_(std::move(name)) {}

  int file_;
  std::string name_;
};

Status print_report(const Session& session, const ImportCommand& command,
                    const bolt::ImportReport& report) {
  const std::string text = "imported " + std::to_string(report.imported) + " steps, " +
                           std::to_string(report.known) + " were known, " +
                           std::to_string(report.rejected) + " lines rejected";
  if (command.ack) {
    // stdout is the ids' alone.
    if (!session.quiet) std::fprintf(stderr, "%s\n", text.c_str());
    return {};
  }
  if (!session.json) return print_line(text);
  return print_line(dump_json(OrderedJson{{"lines", report.lines},
                                          {"imported", report.imported},
                                          {"known", report.known},
                                          {"rejected", report.rejected},
                                          {"blank", report.blank}}));
}

std::string line_of(uint64_t sequence, const bolt::LogRecord& record) {
  std::string line;
  if (const auto* step = std::get_if<bolt::Step>(&record)) {
    const bolt::StepView view = bolt::view_of(*step);
    bolt::append_record_json(line, sequence, &view);
    return line;
  }
  std::visit(
      [&](const auto& other) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(other)>, bolt::Step>) {
          bolt::append_record_json(line, sequence, &other);
        }
      },
      record);
  return line;
}

}  // namespace

Result<std::string> existing_log(const Session& session) {
  const std::string folder = join_path(session.home, "log");
  if (session.files.exists(folder)) return folder;
  return fail(ErrorCode::kNotFound, "there is no trajectory log", folder,
              "name the right --home, or make one with thunderline trajectories import");
}

Result<std::unique_ptr<bolt::LogTrajectoryLogger>> open_log(const Session& session, LogUse use) {
  bolt::LogTrajectoryOptions options;
  options.folder = join_path(session.home, "log");
  options.read_only = use == LogUse::kRead;
  if (use == LogUse::kAppend) {
    TL_RETURN_IF_ERROR(session.files.create_folders(options.folder));
  } else {
    TL_RETURN_IF_ERROR(existing_log(session));
  }
  return bolt::LogTrajectoryLogger::open(session.files, session.clock, options);
}

Status import_steps(Session& session, const ImportCommand& command) {
  if (command.ack && session.json) {
    return fail(ErrorCode::kInvalidArgument, "--ack and --json both want stdout",
                "thunderline trajectories import", "leave one of them out");
  }
  TL_ASSIGN_OR_RETURN(const Input input, Input::open(command.file));
  TL_ASSIGN_OR_RETURN(const auto log, open_log(session, LogUse::kAppend));
  UuidGenerator ids(entropy_seed());
  std::atomic<bool> reader_gone{false};
  bolt::ImportOptions options;
  if (command.ack) {
    options.on_durable = [&](const Uuid& id) {
      if (!print_line(id.to_string())) reader_gone = true;
    };
  }
  options.on_rejected = [&](const bolt::RejectedLine& line) {
    std::fprintf(stderr, "line %llu: %s\n", static_cast<unsigned long long>(line.line),
                 line.reason.c_str());
  };
  const auto read = [&](std::span<char> out) -> Result<size_t> {
    if (reader_gone) return fail(ErrorCode::kUnavailable, "nobody reads the ids", "stdout");
    return input.read(out, session.stop);
  };
  TL_ASSIGN_OR_RETURN(const bolt::ImportReport report,
                      bolt::import_jsonl(*log, ids, session.clock, read, options));
  TL_RETURN_IF_ERROR(print_report(session, command, report));
  session.printed = true;
  if (report.rejected == 0) return {};
  return fail(ErrorCode::kBadData, std::to_string(report.rejected) + " lines were rejected",
              command.file, "mend them and send them again; the others are stored");
}

Status replay_records(const Session& session, const std::string& episode) {
  TL_ASSIGN_OR_RETURN(const auto log, open_log(session, LogUse::kRead));
  bolt::ReplayOptions options;
  options.episode = episode;
  std::string document = R"({"records":[)";
  bool first = true;
  TL_RETURN_IF_ERROR(log->replay(options, [&](uint64_t sequence, const bolt::LogRecord& record) -> Status {
    if (session.stop.stop_requested()) return fail(ErrorCode::kInterrupted, "interrupted");
    const std::string line = line_of(sequence, record);
    if (!session.json) return print_line(line);
    document += (first ? "" : ",") + line;
    first = false;
    return {};
  }));
  return session.json ? print_line(document + "]}") : Status{};
}

}  // namespace thunderline::cli
