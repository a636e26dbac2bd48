#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderbit/context.h"
#include "thunderline/thunderbit/role_behavior.h"
#include "thunderline/thunderbit/transition.h"

namespace thunderline::thunderbit {

/// What a new bit is like. The id comes in, so that `spawn` is a pure function.
struct SpawnAttrs {
  Uuid id;  ///< Of a UuidGenerator; not nil, not known here.
  SharedText content;
  SharedText kind;
  SharedText owner;
  SharedText zone;  ///< Empty: the scope's.
  Tags tags;
  BitStatus status = BitStatus::kPending;  ///< kPending, kActive or kSpawning.
  float energy = 1;                        ///< Range: [0, 1], as the three below.
  float salience = 0.5f;
  float health = 1;
  float priority = 0.5f;
  Channels channels;
};

/// What a mutation sets; what is not set stays. The first four are what a bit can never change: a
/// value other than the bit's own is refused.
struct BitChanges {
  std::optional<Uuid> id;
  std::optional<Category> category;
  std::optional<Role> role;
  std::optional<int64_t> spawned_tick;

  std::optional<BitStatus> status;  ///< Not kRetired: `retire` ends a life.
  std::optional<SharedText> content;
  std::optional<SharedText> kind;
  std::optional<SharedText> owner;
  std::optional<SharedText> zone;
  std::optional<Tags> tags;
  std::optional<float> energy;
  std::optional<float> salience;
  std::optional<float> health;
  std::optional<float> priority;
  std::optional<Verdict> verdict;
  std::optional<Channels> channels;
  std::optional<Score> score;  ///< Also sets the tick of the last evaluation.
};

/// A named function that takes a bit and gives the bit as it shall be.
struct Continuation {
  SharedText name;
  std::function<Result<Bit>(Bit)> run;
};

struct ScoreUpdate {
  BitRef bit;
  Score score;
};

using QueryValue = std::variant<bool, int64_t, double, std::string, std::vector<std::string>>;

struct Spawned {
  Context context;
  BitRef bit;
  Transition transition;
};
struct Bound {
  Context context;
  std::vector<Transition> transitions;  ///< One a continuation.
};
struct Stepped {
  Context context;
  StepOutput output;
  Transition transition;
};
struct Retired {
  Context context;
  std::vector<Transition> transitions;  ///< One a bit; each is `done`.
};
struct Mutated {
  Context context;
  std::optional<Transition> transition;  ///< Where the status changed.
};

/// The seven verbs over a context, as pure functions: each takes a context and gives a new one, or
/// an error and no change. A context that is handed over (`std::move`) is updated in place where it
/// shares nothing; if the verb fails it has not been moved from and may be used further.
/// A type and not a namespace, so that a call never finds std::bind or ::link.
/// Errors, all verbs: kNotFound for a bit that is not there; kRefused for what rules, policies or a
/// bit's state forbid (a retired bit takes no verb but `query`); kInvalidArgument and
/// kResourceLimit for values out of range. Each names the bit.
/// Thread-safety: any thread.
struct Protocol {
  Protocol() = delete;

  /// A new bit. Errors: kRefused for a category that the policy forbids, an id that is known, a
  /// status that is no beginning.
  static Result<Spawned> spawn(Context&& context, Category category, SpawnAttrs attrs);

  /// Runs a continuation on the bit and counts it in its chain depth. The context's records (chain
  /// depth, transitions, capabilities used, evaluation) are not the continuation's to change.
  /// Errors: what the continuation fails with; kRefused if it changed an identity field, a record,
  /// or the status to retired.
  static Result<Bound> bind(Context&& context, const BitKey& bit, const Continuation& continuation);

  /// Binds one after the other; the first error ends it with nothing changed.
  static Result<Bound> chain(Context&& context, const BitKey& bit,
                             std::span<const Continuation> continuations);

  /// Links two bits. Errors: kRefused for a bit with itself, what `check_wiring` refuses, and a
  /// link that is there already.
  static Result<Context> link(Context&& context, const BitKey& from, const BitKey& to,
                              Relation relation);

  /// Lets the bit act on an event by its role (role_behavior.h says how). A pending or spawning bit
  /// becomes active. Errors: kRefused also for an archived bit and for an actuator whose ethics
  /// check fails: vetoed by a critic, action forbidden by the policy, maxim violated.
  static Result<Stepped> step(Context&& context, const BitKey& bit, const StepEvent& event);

  /// Ends the bit's life, and with it its episode.
  static Result<Retired> retire(Context&& context, const BitKey& bit, SharedText reason);

  /// Retires every bit that is not yet: so that every episode ends when a run does.
  static Retired retire_all(Context&& context, SharedText reason);

  /// One fact about a bit, by name: a field, "role", "depth", "siblings", "children", or
  /// "channel.NAME".
  /// Errors: kNotFound for a key that is not known (the error lists them) or a score that is not
  /// there.
  static Result<QueryValue> query(const Context& context, const BitKey& bit, std::string_view key);

  /// Sets fields of the bit. A change of status is a transition.
  /// Errors: kRefused for another id, category, role or spawn time, or the status retired.
  static Result<Mutated> mutate(Context&& context, const BitKey& bit, const BitChanges& changes);

  /// Scores many bits in one pass: all, or none if one cannot be. Fastest with refs in rising
  /// order.
  static Result<Context> mutate_scores(Context&& context, std::span<const ScoreUpdate> updates);

  // The same on a copy, which is O(1).
  static Result<Spawned> spawn(const Context& context, Category category, SpawnAttrs attrs) {
    return spawn(Context(context), category, std::move(attrs));
  }
  static Result<Bound> bind(const Context& context, const BitKey& bit,
                            const Continuation& continuation) {
    return bind(Context(context), bit, continuation);
  }
  static Result<Bound> chain(const Context& context, const BitKey& bit,
                             std::span<const Continuation> continuations) {
    return chain(Context(context), bit, continuations);
  }
  static Result<Context> link(const Context& context, const BitKey& from, const BitKey& to,
                              Relation relation) {
    return link(Context(context), from, to, relation);
  }
  static Result<Stepped> step(const Context& context, const BitKey& bit, const StepEvent& event) {
    return step(Context(context), bit, event);
  }
  static Result<Retired> retire(const Context& context, const BitKey& bit, SharedText reason) {
    return retire(Context(context), bit, std::move(reason));
  }
  static Retired retire_all(const Context& context, SharedText reason) {
    return retire_all(Context(context), std::move(reason));
  }
  static Result<Mutated> mutate(const Context& context, const BitKey& bit,
                                const BitChanges& changes) {
    return mutate(Context(context), bit, changes);
  }
  static Result<Context> mutate_scores(const Context& context,
                                       std::span<const ScoreUpdate> updates) {
    return mutate_scores(Context(context), updates);
  }
};

/// The keys that `query` knows, channels aside.
std::vector<std::string> query_keys();

}  // namespace thunderline::thunderbit
