#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::worlds {

/// Channels that a world gives the bit that carries its features.
inline constexpr size_t kChannels = 16;

/// The action that leaves a mail alone, and the one that keeps it away from its reader.
inline constexpr int kDeliver = 0;
inline constexpr int kQuarantine = 1;

/// What each action is worth for each kind of mail. Units: reward, without waiting.
struct RewardTable {
  double deliver_ham = 1;
  double deliver_spam = -1;
  double quarantine_ham = -1;
  double quarantine_spam = 0.5;

  /// Range of `action`: kDeliver or kQuarantine.
  double value(int action, bool spam) const;

  /// P(spam) above which quarantine is worth more than delivery. Range: (0, 1) for a checked table.
  double threshold() const;

  /// Whether `reward` for `action` says that the mail was spam: one implies the other in a checked
  /// table.
  bool implies_spam(int action, double reward) const;

  double lowest() const;
  double highest() const;

  /// Errors: kInvalidArgument when a value is not finite, when the right action is not worth more
  /// than the wrong one, or when a reward would not tell ham from spam.
  Status check() const;

  bool operator==(const RewardTable&) const = default;
};

/// What everyone may know of a world before it begins.
struct WorldSpec {
  std::string name;
  std::vector<std::string> actions;
  std::vector<std::string> channel_names;
  std::optional<RewardTable> reward_table;
  double reward_low = 0;      ///< Of one decision, without waiting.
  double reward_high = 0;     ///< Of one decision, without waiting.
  double waiting_cost = 0;    ///< Taken from an event's reward for every tick it waits; positive.
  double review_rate = 0;     ///< P(the reward of a quarantined mail is seen).
  int64_t max_wait_ticks = 0; ///< After so many ticks an event is delivered unjudged.
  double energy_per_tick = 0;
  double energy_cap = 0;
  double energy_cost = 0;     ///< Of one activation.
};

/// An event that has come in. Holds nothing that tells its label.
struct Arrival {
  size_t position = 0;  ///< Place in the order of arrival; what the other calls name the event by.
  std::shared_ptr<const std::string> content;  ///< Bytes that people read, of no charset.
  std::array<float, kChannels> channels{};     ///< Range: [0, 1].
};

/// Closes the decision step of one event.
struct Feedback {
  size_t position = 0;
  bool seen = false;  ///< False: nobody looked, and nobody ever will. Not a reward of 0.
  double reward = 0;  ///< Of the decision, without waiting; 0 when unseen.
  int64_t tick = 0;   ///< When the step closed.

  bool operator==(const Feedback&) const = default;
};

/// A source of events and rewards. A tick calls, in this order: `arrive`, `feedback_due`, `expired`
/// (and `decide` for those, forced), `decide` for what the chief activates, `end_tick`.
/// Everything that comes from chance is drawn before the first tick, so that every policy meets the
/// same world.
/// Thread-safety: one thread.
class World {
 public:
  virtual ~World() = default;

  virtual const WorldSpec& spec() const = 0;

  /// Events in all.
  virtual size_t size() const = 0;

  /// What comes in at this tick, in order. To be called once a tick, with tick = 0, 1, 2, …
  virtual std::vector<Arrival> arrive(int64_t tick) = 0;

  /// The steps that close by this tick and were not given before, by tick of closing, then of
  /// decision.
  virtual std::vector<Feedback> feedback_due(int64_t tick) = 0;

  /// Events that have waited too long and are to be delivered unjudged now, in order.
  virtual std::vector<size_t> expired(int64_t tick) const = 0;

  /// The number in [0, 1) that decides this event: quarantine when it is below P(quarantine).
  virtual double exploration(size_t position) const = 0;

  /// Acts. `forced`: delivered because it expired.
  /// Errors, without any change: kInvalidArgument for an action that the world has not, and for a
  /// forced one that is not the delivery of an expired event; kNotFound for an event that has not
  /// come in; kRefused for one that was decided before.
  virtual Status decide(size_t position, int action, int64_t tick, bool forced) = 0;

  /// Charges the tick's waiting.
  virtual void end_tick(int64_t tick) = 0;

  /// Whether the last event is decided and the last feedback was given.
  virtual bool finished() const = 0;
};

/// Takes note of the scores that events get, for the report. Write-only: whoever scores may hold it
/// and still reaches no label.
class ScoreRecorder {
 public:
  virtual ~ScoreRecorder() = default;

  /// The newest score of the event. Units: P(spam). Events that the world has not are ignored.
  virtual void record_score(size_t position, double score) = 0;
};

}  // namespace thunderline::worlds
