#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/context.h"
#include "thunderline/thunderbit/transition.h"
#include "thunderline/worlds/world.h"

namespace thunderline::thunderchief {

/// An event of the world as a chain of bits: sensory (holds the text) → perceptual → cognitive
/// (holds channels and score) → motor (acts).
struct EventChain {
  size_t position = 0;  ///< What the world calls the event.
  int64_t arrived_tick = 0;
  Uuid sensory;
  Uuid perceptual;
  Uuid cognitive;
  Uuid motor;
};

/// The bits of a run and which of the world's events they stand for.
/// Thread-safety: one thread; `context()` copies may be read from any.
class EventField {
 public:
  /// Takes every transition of a bit, in order. An error of the sink is an error of the call.
  using TransitionSink = std::function<Status(const thunderbit::Transition&, const Uuid& episode)>;

  /// `seed`: of the ids; `start_ms`: the time they carry at tick 0, one millisecond a tick, so that
  /// a run that is repeated has the same ids.
  EventField(thunderbit::Context context, uint64_t seed, int64_t start_ms, TransitionSink sink);

  const thunderbit::Context& context() const { return context_; }
  void set_context(thunderbit::Context context) { context_ = std::move(context); }

  /// Moves the clock on by a tick. Ids that are made from here on carry it.
  void begin_tick(int64_t tick);

  /// A fresh id of this tick.
  Uuid next_id() { return ids_.next(start_ms_ + tick_); }

  /// Spawns and links the chain of an event; it waits from now on. Errors: those of the verbs.
  Status admit(const worlds::Arrival& arrival);

  /// The chains that wait, in the order of arrival.
  const std::map<size_t, EventChain>& waiting() const { return waiting_; }

  /// The cognitive bits of the waiting chains, in the order of arrival.
  std::vector<thunderbit::BitRef> waiting_bits() const;

  /// Lets the chain's cognitive and motor bits step with `action`. Errors: kNotFound for an event
  /// that does not wait; what keeps the actuator from acting (kRefused).
  Status act(size_t position, const std::string& action);

  /// Retires the chain's bits: its episode ends and it waits no more.
  Status retire(size_t position, const std::string& reason);

  /// Drops retired bits when they are the most. Returns how many.
  size_t consolidate();

  /// Retires whatever is left, so that every episode ends.
  Status retire_all(const std::string& reason);

 private:
  Result<EventChain> find(size_t position) const;
  Result<Uuid> spawn(thunderbit::Category category, const EventChain& chain,
                     const worlds::Arrival& arrival);
  Status step(const Uuid& bit, const EventChain& chain, const std::string& event);

  thunderbit::Context context_;
  UuidGenerator ids_;
  int64_t start_ms_;
  int64_t tick_ = 0;
  TransitionSink sink_;
  std::map<size_t, EventChain> waiting_;
};

}  // namespace thunderline::thunderchief
