#include "thunderline/thunderchief/chief.h"

namespace thunderline::thunderchief {

double reward_of(ChiefOutcome::Kind kind) {
  switch (kind) {
    case ChiefOutcome::Kind::kSuccess: return 1.0;
    case ChiefOutcome::Kind::kNoop: return 0.0;
    case ChiefOutcome::Kind::kFailure: return -0.5;
    case ChiefOutcome::Kind::kError: return -1.0;
  }
  return 0.0;
}

}  // namespace thunderline::thunderchief
