#include "thunderline/cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace thunderline::cli {
namespace {

constexpr int kPollMs = 10;
constexpr std::chrono::seconds kGrace{5};
constexpr size_t kMaxLineBytes = size_t{1} << 20;

/// File descriptors of a pipe, closed at the end.
struct Pipe {
  int ends[2] = {-1, -1};
  bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  void close(int end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  ~Pipe() {
    close(0);
    close(1);
  }
};

/// Starts the shell; returns 0 or an errno.
int spawn(const std::string& command, const std::vector<std::string>& environment, int output,
          pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);

  // The watcher of Ctrl-C blocks signals in this process; the command must get its own.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETPGROUP);

  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  for (const std::string& variable : environment) {
    variables.push_back(const_cast<char*>(variable.c_str()));
  }
  variables.push_back(nullptr);
  const char* arguments[] = {"sh", "-c", command.c_str(), nullptr};
  const int failure = ::posix_spawn(&child, "/bin/sh", &actions, &attributes,
                                    const_cast<char**>(arguments), variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

/// Takes complete lines out of `text` and hands them on. False when the reader has enough.
bool hand_on_lines(std::string& text, const std::function<bool(const std::string&)>& on_line) {
  size_t begin = 0;
  bool wanted = true;
  for (size_t end; wanted && (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    wanted = on_line(text.substr(begin, end - begin));
  }
  text.erase(0, begin);
  if (text.size() > kMaxLineBytes) text.clear();
  return wanted;
}

/// A running command.
class Child {
 public:
  Child(pid_t process, int output, const Clock& clock)
      : process_(process), output_(output), clock_(clock) {}

  CommandResult follow(const std::stop_token& stop,
                       const std::function<bool(const std::string&)>& on_line) {
    std::string text;
    int status = 0;
    bool open = true;
    for (bool ended = false; !ended;) {
      if (!result_.stopped && stop.stop_requested()) end();
      if (result_.stopped && clock_.now() >= deadline_) ::kill(-process_, SIGKILL);
      if (open) {
        open = read_some(text);
      } else {
        ::poll(nullptr, 0, kPollMs);
      }
      if (!result_.stopped && !hand_on_lines(text, on_line)) end();
      // A command that we ended may leave a child of its own behind that holds the pipe.
      if (!open || result_.stopped) ended = ::waitpid(process_, &status, WNOHANG) == process_;
    }
    if (!result_.stopped && !text.empty()) on_line(text);
    result_.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result_;
  }

 private:
  void end() {
    result_.stopped = true;
    deadline_ = clock_.now() + kGrace;
    ::kill(-process_, SIGTERM);
  }

  /// Waits for output, not for long. False at its end.
  bool read_some(std::string& text) const {
    pollfd wait{output_, POLLIN, 0};
    if (::poll(&wait, 1, kPollMs) <= 0) return true;
    char buffer[4096];
    const ssize_t count = ::read(output_, buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
  }

  const pid_t process_;
  const int output_;
  const Clock& clock_;
  CommandResult result_;
  std::chrono::nanoseconds deadline_{0};
};

}  // namespace

Result<CommandResult> run_shell(const std::string& command,
                                const std::vector<std::string>& environment, const Clock& clock,
                                const std::stop_token& stop,
                                const std::function<bool(const std::string& line)>& on_line) {
  Pipe pipe;
  pid_t process = 0;
  const int failure =
      pipe.open() ? spawn(command, environment, pipe.ends[1], process) : errno;
  if (failure != 0) {
    return fail(ErrorCode::kUnavailable,
                std::string("the command could not be started: ") + std::strerror(failure),
                command);
  }
  pipe.close(1);
  return Child(process, pipe.ends[0], clock).follow(stop, on_line);
}

}  // namespace thunderline::cli
