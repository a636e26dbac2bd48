#include "thunderline/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace thunderline::cli {
namespace {

/// Wakes the watcher when the program ends by itself.
constexpr int kEndSignal = SIGUSR1;

/// `timeout -s INT` and some shells send a signal to the process and again to its group: what comes
/// this soon after the first is the same wish, not a second one.
constexpr std::chrono::milliseconds kEcho{500};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, kEndSignal}) sigaddset(&set, signal);
  return set;
}

}  // namespace

InterruptWatcher::InterruptWatcher() {
  // A reader that went away is an error of the write, not a reason to die.
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this, set] {
    int signal = 0;
    std::chrono::steady_clock::time_point first;
    while (::sigwait(&set, &signal) == 0 && signal != kEndSignal) {
      const auto now = std::chrono::steady_clock::now();
      if (source_.request_stop()) {
        first = now;
      } else if (now - first > kEcho) {
        ::_exit(130);
      }
    }
  });
}

InterruptWatcher::~InterruptWatcher() {
  ::pthread_kill(thread_.native_handle(), kEndSignal);
  thread_.join();
}

}  // namespace thunderline::cli
