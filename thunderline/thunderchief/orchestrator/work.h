#pragma once

#include <functional>
#include <stop_token>

#include "thunderline/thunderchief/orchestrator/messages.h"

namespace thunderline::thunderchief {

/// What a job of a request is given: when to stop, how to show that it lives, whom to tell. What a
/// job says after its agent's life was over is dropped. Thread-safety: any thread.
struct Work {
  uint64_t id = 0;  ///< Of the request.
  std::stop_token stop;
  std::function<void()> beat;
  std::function<void(Message)> say;
};

}  // namespace thunderline::thunderchief
