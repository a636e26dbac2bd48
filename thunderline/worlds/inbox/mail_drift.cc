#include "thunderline/worlds/inbox/mail_drift.h"

#include <random>

#include "thunderline/worlds/inbox/mail_channels.h"

namespace thunderline::worlds::inbox {
namespace {

/// What a spam keeps of itself.
constexpr std::array kOwnHabits = {kSenderDigits, kSecondPerson, kLongLines};

}  // namespace

size_t drift_start(size_t mails, double share) {
  return static_cast<size_t>(share * static_cast<double>(mails));
}

void imitate_ham(std::vector<std::array<float, kChannels>>& channels,
                 const std::vector<bool>& spam, size_t first, uint64_t seed) {
  std::vector<size_t> ham;
  for (size_t i = 0; i < spam.size(); ++i) {
    if (!spam[i]) ham.push_back(i);
  }
  if (ham.empty()) return;
  std::mt19937_64 generator(seed);
  for (size_t i = first; i < spam.size(); ++i) {
    if (!spam[i]) continue;
    std::array<float, kChannels> imitated = channels[ham[generator() % ham.size()]];
    for (const Channel own : kOwnHabits) imitated[own] = channels[i][own];
    imitated[kSubjectReply] = 1;
    imitated[kQuoted] = 0;
    channels[i] = imitated;
  }
}

}  // namespace thunderline::worlds::inbox
