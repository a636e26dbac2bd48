#pragma once

#include <chrono>
#include <thread>
#include <vector>

#include "thunderline/cerebros/tpe/study.h"

namespace thunderline::cerebros::tpe {

/// How often a worker's trials beat, and after what silence they count as dead.
inline constexpr std::chrono::seconds kHeartbeatInterval{10};
inline constexpr std::chrono::seconds kHeartbeatGrace{30};

/// Beats for running trials until it is destroyed: at once, then each interval, on a thread of its
/// own. A beat that fails is tried again at the next: the trial's own calls report a lost storage.
/// Lifetime: the study must outlive it.
class Heartbeat {
 public:
  Heartbeat(Study& study, std::vector<int> trials,
            std::chrono::milliseconds interval = kHeartbeatInterval);

 private:
  std::jthread thread_;
};

}  // namespace thunderline::cerebros::tpe
