#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/worlds/inbox/mail_corpus.h"
#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// The settings of a run. The defaults are those of the world's definition.
struct InboxOptions {
  uint64_t seed = 42;
  bool placebo = false;  ///< Labels permuted among the mails: nothing can be learned.
  size_t limit = 0;      ///< Only the first so many mails of the order; 0 is all.
  double drift_at = 0;   ///< Share of the mails after which spam imitates ham; 0: never.
  RewardTable reward;
  double waiting_cost = 0.01;
  double review_rate = 0.25;
  int64_t max_wait_ticks = 8;
  double energy_per_tick = 6;
  double energy_cap = 12;
  double energy_cost = 1;

  /// Errors: kInvalidArgument that names the setting.
  Status check() const;
};

/// What agents meet, by position: everything but the truth.
struct InboxStage {
  WorldSpec spec;
  std::vector<std::shared_ptr<const std::string>> contents;
  std::vector<std::array<float, kChannels>> channels;
  std::vector<double> exploration;  ///< u[i]. Range: [0, 1).
  std::vector<size_t> arrivals;     ///< How many come in at each tick; their sum is the size.

  size_t size() const { return channels.size(); }
};

/// What only the world and the ledger know, by position.
struct InboxTruth {
  std::vector<bool> spam;
  std::vector<bool> reviewed;           ///< Whether the user would look at it in quarantine.
  std::vector<int64_t> feedback_delay;  ///< Units: ticks. Range: 1 to 20.
};

/// Everything that is fixed before the first tick, so that every policy of one seed meets the same
/// world. Thread-safety: immutable.
struct InboxReplay {
  std::shared_ptr<const InboxStage> stage;
  std::shared_ptr<const InboxTruth> truth;

  size_t size() const { return stage->size(); }
};

/// A replay, and what was left out of it on the way.
struct Inbox {
  InboxReplay replay;
  std::vector<Skipped> skipped;  ///< Files that are no mail or could not be read.
  size_t feed_items = 0;
  size_t repeated_texts = 0;
};

/// What everyone may know of the inbox under these settings.
WorldSpec make_spec(const InboxOptions& options);

/// Draws a run from a corpus, which may go afterwards.
/// Errors: those of InboxOptions::check.
Result<Inbox> make_inbox(const Corpus& corpus, const InboxOptions& options);

/// Reads the corpus folder and draws a run from it.
/// Errors: those of `load_corpus` and InboxOptions::check.
Result<Inbox> open_inbox(FileSystem& files, const std::string& folder,
                         const InboxOptions& options);

/// A reason for which files were skipped, and for how many.
struct SkippedGroup {
  std::string reason;
  size_t count = 0;
  std::string example;  ///< The first path.
};

/// Skipped files by reason, in order of first appearance.
std::vector<SkippedGroup> group_by_reason(const std::vector<Skipped>& skipped);

}  // namespace thunderline::worlds::inbox
