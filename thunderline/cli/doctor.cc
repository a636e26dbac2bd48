#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

constexpr uint16_t kPort = 4040;
constexpr int kSyncs = 9;
constexpr uint64_t kLowDiskBytes = uint64_t{1} << 30;

/// One thing that was looked at.
struct Finding {
  std::string name;
  bool good = true;
  std::string value;
  std::string hint;  ///< What to do where it is not good.
};

Finding cpu_finding() {
  std::string paths;
#if defined(__x86_64__)
  const auto add = [&](bool supported, const char* name) {
    if (supported) paths += (paths.empty() ? "" : ", ") + std::string(name);
  };
  add(__builtin_cpu_supports("sse4.2"), "SSE4.2");
  add(__builtin_cpu_supports("avx2"), "AVX2");
  add(__builtin_cpu_supports("fma"), "FMA");
  add(__builtin_cpu_supports("avx512f"), "AVX-512");
#elif defined(__aarch64__)
  paths = "NEON";
#endif
  return {"cpu", true,
          std::to_string(std::thread::hardware_concurrency()) + " threads, " +
              (paths.empty() ? "no vector paths" : paths),
          ""};
}

Finding runtime_finding() {
  const auto version = cerebros::onnx::onnxruntime_version();
  if (!version) return {"onnxruntime", false, version.error().message, version.error().hint};
  return {"onnxruntime", true, *version + " in " + cerebros::onnx::onnxruntime_path().value_or("?"),
          ""};
}

/// The home, or the nearest folder above it that is there.
std::string existing_folder(FileSystem& files, std::string path) {
  while (!files.exists(path) && parent_path(path) != path) path = parent_path(path);
  return path;
}

Finding rights_finding(const Session& session, const std::string& folder) {
  const bool writable = ::access(folder.c_str(), R_OK | W_OK | X_OK) == 0;
  return {"home", writable, session.home + (writable ? ": may be written" : ": may not be written"),
          "name another folder with --home, or change its rights"};
}

/// Median time of a sync of 4 KiB, in milliseconds.
Result<double> sync_ms(const Session& session, const std::string& folder) {
  const std::string path = join_path(folder, ".thunderline-doctor-" + std::to_string(::getpid()));
  const std::vector<std::byte> block(4096);
  std::vector<double> times;
  const Status status = [&]() -> Status {
    TL_ASSIGN_OR_RETURN(const auto file, session.files.create(path));
    for (int i = 0; i < kSyncs; ++i) {
      const auto begin = session.clock.now();
      TL_RETURN_IF_ERROR(file->append(block));
      TL_RETURN_IF_ERROR(file->sync());
      const std::chrono::duration<double, std::milli> time = session.clock.now() - begin;
      times.push_back(time.count());
    }
    return file->close();
  }();
  // What was not made cannot be removed; what was, can.
  (void)session.files.remove(path);
  TL_RETURN_IF_ERROR(status);
  std::nth_element(times.begin(), times.begin() + kSyncs / 2, times.end());
  return times[kSyncs / 2];
}

Finding sync_finding(const Session& session, const std::string& folder) {
  const auto median = sync_ms(session, folder);
  if (!median) return {"disk sync", false, to_string(median.error()), "look at the disk"};
  return {"disk sync", true, number_text(*median) + " ms for 4 KiB (median of 9)", ""};
}

Finding space_finding(const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) {
    return {"free disk", false, "unknown", "look at " + folder};
  }
  const uint64_t free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  return {"free disk", free_bytes >= kLowDiskBytes, size_text(free_bytes), "make room"};
}

Finding port_finding() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  const bool free =
      socket >= 0 && ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (socket >= 0) ::close(socket);
  return {"port", free, "127.0.0.1:4040 is " + std::string(free ? "free" : "taken"),
          "take another one with --listen"};
}

Status run_doctor(Session& session) {
  const std::string folder = existing_folder(session.files, session.home);
  const std::array findings = {cpu_finding(),
                               runtime_finding(),
                               rights_finding(session, folder),
                               sync_finding(session, folder),
                               space_finding(folder),
                               port_finding()};
  OrderedJson list = OrderedJson::array();
  Table table({"WHAT", "STATE", "FOUND"});
  const Finding* missing = nullptr;
  for (const Finding& finding : findings) {
    if (!finding.good && missing == nullptr) missing = &finding;
    const std::string hint = finding.good ? "" : finding.hint;
    list.push_back(
        {{"name", finding.name}, {"good", finding.good}, {"value", finding.value}, {"hint", hint}});
    table.add({finding.name, finding.good ? "ok" : "missing", finding.value});
  }
  TL_RETURN_IF_ERROR(print_line(
      session.json ? dump_json(OrderedJson{{"good", missing == nullptr}, {"findings", list}})
                   : table.text()));
  session.printed = true;
  if (missing == nullptr) return {};
  return fail(ErrorCode::kUnavailable, "something is missing",
              missing->name + ": " + missing->value, missing->hint);
}

}  // namespace

void add_doctor(Command app, Session& session) {
  Command command = app.add_subcommand("doctor", "What this machine offers and what is missing");
  command.footer("Example:\n  thunderline doctor --json");
  command.callback([&session] { session.action = [&session] { return run_doctor(session); }; });
}

}  // namespace thunderline::cli
