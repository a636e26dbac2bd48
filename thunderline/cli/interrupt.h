#pragma once

#include <stop_token>
#include <thread>

namespace thunderline::cli {

/// Turns the first SIGINT or SIGTERM into a stop request; the second ends the process at once with
/// 130. Make it before any other thread starts: threads inherit that the signals are blocked.
class InterruptWatcher {
 public:
  InterruptWatcher();
  ~InterruptWatcher();

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace thunderline::cli
