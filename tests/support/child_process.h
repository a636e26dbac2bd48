#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;

namespace thunderline::testing {

/// A program of the build that a test runs, e.g. the command line itself. Its output goes to
/// /dev/null, or to the files that are named.
class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> arguments, const std::string& out = "/dev/null",
                        const std::string& err = "/dev/null") {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out.c_str(), kWrite, 0644);
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), kWrite, 0644);
    if (::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&files);
  }
  ~ChildProcess() {
    if (pid_ <= 0) return;
    send(SIGKILL);
    wait();
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(int signal) { ::kill(pid_, signal); }

  /// Waits for the end; the exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return exit_of(status);
  }

  /// As `wait`, but gives up after `timeout_ms`: false, and it still runs.
  bool wait_for(int timeout_ms, int& exit) {
    // A pidfd-free way that needs no sleep: SIGCHLD is blocked and waited for with a limit.
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &child, &before);
    int status = 0;
    pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) {
      const timespec limit{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
      ::sigtimedwait(&child, nullptr, &limit);
      ended = ::waitpid(pid_, &status, WNOHANG);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (ended == 0) return false;
    pid_ = -1;
    exit = exit_of(status);
    return true;
  }

 private:
  static int exit_of(int status) {
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  pid_t pid_ = -1;
};

}  // namespace thunderline::testing
