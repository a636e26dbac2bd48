#pragma once

#include <array>
#include <string>
#include <vector>

#include "thunderline/worlds/inbox/mail_parser.h"
#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// Places of the channels in their array.
enum Channel : size_t {
  kSubjectCapitals,
  kSubjectMarks,
  kSubjectGap,
  kSubjectReply,
  kSenderNamed,
  kSenderDigits,
  kMessageIdMatch,
  kCapitals,
  kExclamation,
  kHtml,
  kLinks,
  kLinkOdd,
  kQuoted,
  kSecondPerson,
  kOptOut,
  kLongLines,
};

/// Names of the channels, in order.
const std::vector<std::string>& channel_names();

/// The sixteen channels of a mail: what it says and how it is written. Nothing of where or when it
/// was collected. Range: [0, 1].
std::array<float, kChannels> channels_of(const Mail& mail);

}  // namespace thunderline::worlds::inbox
