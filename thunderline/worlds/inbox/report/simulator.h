#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "thunderline/worlds/inbox/inbox_ledger.h"
#include "thunderline/worlds/inbox/inbox_replay.h"

namespace thunderline::worlds::inbox {

/// A policy whose score of a mail never changes.
struct Policy {
  std::function<double(size_t position)> score;  ///< Units: P(spam). Never NaN.
  double epsilon = 0;                            ///< Exploration. Range: [0, 1].
};

/// The starting heuristic, left alone.
Policy heuristic_policy(const InboxReplay& replay);

/// Delivers whatever it judges.
Policy deliver_all_policy();

/// Tosses a coin for whatever it judges.
Policy random_policy();

/// Knows the label, and has no more energy than the others.
Policy oracle_policy(const InboxReplay& replay);

/// Replays the whole run under a policy, with the same arrivals, energy, expiry, ties and reviews
/// as the full loop but without its agents: for the same scores the ledger is the same.
std::shared_ptr<const InboxLedger> simulate(const InboxReplay& replay, const Policy& policy);

}  // namespace thunderline::worlds::inbox
