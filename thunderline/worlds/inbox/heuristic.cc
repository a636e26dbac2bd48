#include "thunderline/worlds/inbox/heuristic.h"

#include <cmath>

#include "thunderline/worlds/inbox/mail_channels.h"

namespace thunderline::worlds::inbox {

double heuristic_score(const std::array<float, kChannels>& channels) {
  const auto channel = [&](Channel which) { return static_cast<double>(channels[which]); };
  const double z = -2.5 + 2 * channel(kHtml) + 2 * channel(kExclamation) +
                   2 * channel(kSubjectMarks) + channel(kCapitals) + channel(kSubjectCapitals) +
                   channel(kOptOut) + 2 * channel(kLinkOdd) + 0.5 * channel(kLinks) +
                   channel(kSubjectGap) - 2 * channel(kSubjectReply) - 2 * channel(kQuoted);
  return 1 / (1 + std::exp(-z));
}

}  // namespace thunderline::worlds::inbox
