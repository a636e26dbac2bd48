#include "thunderline/cerebros/tpe/heartbeat.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace thunderline::cerebros::tpe {
namespace {

void beat_all(Study& study, const std::vector<int>& trials) {
  // A trial that was told meanwhile refuses the beat.
  for (const int number : trials) static_cast<void>(study.beat(number));
}

}  // namespace

Heartbeat::Heartbeat(Study& study, std::vector<int> trials, std::chrono::milliseconds interval) {
  beat_all(study, trials);
  thread_ = std::jthread([&study, trials = std::move(trials), interval](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any ended;
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
      beat_all(study, trials);
    }
  });
}

}  // namespace thunderline::cerebros::tpe
