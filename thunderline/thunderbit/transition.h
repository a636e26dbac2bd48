#pragma once

#include <cstdint>

#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/context.h"

namespace thunderline::thunderbit {

/// One step of a bit's episode, for a trajectory logger to take: spawn is the initial state; step,
/// bind and a mutation of the status are actions; retire is the end. The states themselves are the
/// contexts before and after the verb.
struct Transition {
  Uuid bit;
  Category category = Category::kSensory;
  Verb verb = Verb::kSpawn;
  SharedText action;  ///< The event's name, the continuation's, the reason; empty for a spawn.
  BitStatus status_before = BitStatus::kPending;
  BitStatus status_after = BitStatus::kPending;
  uint32_t sequence = 0;  ///< Transitions of this bit before it: 0 for the spawn.
  int64_t tick = 0;
  bool done = false;  ///< True for the retirement, the last transition of every bit.

  bool operator==(const Transition&) const = default;
};

}  // namespace thunderline::thunderbit
