#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// The first position of the drifted stream: floor(share · mails). Range: share in [0, 1).
size_t drift_start(size_t mails, double share);

/// Senders of spam change their habits: from position `first` on each spam poses as an answer written
/// by a ham's sender. It takes its channels from one ham, drawn by `std::mt19937_64 g(seed)` as
/// `g() % ham` once a spam, in order (ham is counted by position over the whole stream), says `Re:`
/// and quotes nothing; sender_digits, second_person and long_lines stay its own. So a model of the
/// time before takes it for ham, and there is something to be learned anew.
/// Without ham nothing changes. Shapes: one label a row of channels.
void imitate_ham(std::vector<std::array<float, kChannels>>& channels,
                 const std::vector<bool>& spam, size_t first, uint64_t seed);

}  // namespace thunderline::worlds::inbox
