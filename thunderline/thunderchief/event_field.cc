#include "thunderline/thunderchief/event_field.h"

#include "thunderline/thunderbit/protocol.h"

namespace thunderline::thunderchief {

using thunderbit::BitRef;
using thunderbit::BitStatus;
using thunderbit::Category;
using thunderbit::Context;
using thunderbit::Protocol;
using thunderbit::Relation;

EventField::EventField(Context context, uint64_t seed, int64_t start_ms, TransitionSink sink)
    : context_(std::move(context)), ids_(seed), start_ms_(start_ms), sink_(std::move(sink)) {}

void EventField::begin_tick(int64_t tick) {
  if (tick > context_.tick()) {
    const auto ticks = static_cast<uint32_t>(tick - context_.tick());
    context_ = thunderbit::advance_tick(std::move(context_), ticks);
  }
  tick_ = tick;
}

Result<Uuid> EventField::spawn(Category category, const EventChain& chain,
                               const worlds::Arrival& arrival) {
  thunderbit::SpawnAttrs attrs;
  attrs.id = next_id();
  attrs.status = category == Category::kCognitive ? BitStatus::kPending : BitStatus::kActive;
  if (category == Category::kSensory && arrival.content) attrs.content = *arrival.content;
  if (category == Category::kCognitive) {
    TL_ASSIGN_OR_RETURN(attrs.channels, thunderbit::Channels::from(arrival.channels));
  }
  const Uuid id = attrs.id;
  TL_ASSIGN_OR_RETURN(auto spawned, Protocol::spawn(std::move(context_), category, std::move(attrs)));
  context_ = std::move(spawned.context);
  TL_RETURN_IF_ERROR(sink_(spawned.transition, category == Category::kCognitive ? id : chain.cognitive));
  return id;
}

Status EventField::admit(const worlds::Arrival& arrival) {
  EventChain chain;
  chain.position = arrival.position;
  chain.arrived_tick = tick_;
  // The cognitive bit comes first, for the chain's episode carries its id.
  TL_ASSIGN_OR_RETURN(chain.cognitive, spawn(Category::kCognitive, chain, arrival));
  TL_ASSIGN_OR_RETURN(chain.sensory, spawn(Category::kSensory, chain, arrival));
  TL_ASSIGN_OR_RETURN(chain.perceptual, spawn(Category::kPerceptual, chain, arrival));
  TL_ASSIGN_OR_RETURN(chain.motor, spawn(Category::kMotor, chain, arrival));
  const struct {
    const Uuid& from;
    const Uuid& to;
    Relation relation;
  } links[] = {{chain.sensory, chain.perceptual, Relation::kFeeds},
               {chain.perceptual, chain.cognitive, Relation::kFeeds},
               {chain.cognitive, chain.motor, Relation::kTriggers}};
  for (const auto& link : links) {
    TL_ASSIGN_OR_RETURN(context_,
                        Protocol::link(std::move(context_), link.from, link.to, link.relation));
  }
  waiting_.emplace(arrival.position, chain);
  return {};
}

std::vector<BitRef> EventField::waiting_bits() const {
  std::vector<BitRef> bits;
  bits.reserve(waiting_.size());
  for (const auto& [position, chain] : waiting_) {
    const auto ref = context_.resolve(chain.cognitive);
    TL_CHECK(ref.has_value());
    bits.push_back(*ref);
  }
  return bits;
}

Result<EventChain> EventField::find(size_t position) const {
  const auto it = waiting_.find(position);
  if (it == waiting_.end()) {
    return fail(ErrorCode::kNotFound, "no event of that position waits",
                "position=" + std::to_string(position));
  }
  return it->second;
}

Status EventField::step(const Uuid& bit, const EventChain& chain, const std::string& event) {
  thunderbit::StepEvent what;
  what.name = event;
  // What the bit knows stays what it knows: the text is the sensory bit's.
  what.payload = event;
  TL_ASSIGN_OR_RETURN(auto stepped, Protocol::step(std::move(context_), bit, what));
  context_ = std::move(stepped.context);
  return sink_(stepped.transition, chain.cognitive);
}

Status EventField::act(size_t position, const std::string& action) {
  TL_ASSIGN_OR_RETURN(const EventChain chain, find(position));
  TL_RETURN_IF_ERROR(step(chain.cognitive, chain, "decide"));
  return step(chain.motor, chain, action);
}

Status EventField::retire(size_t position, const std::string& reason) {
  TL_ASSIGN_OR_RETURN(const EventChain chain, find(position));
  for (const Uuid& bit : {chain.motor, chain.cognitive, chain.perceptual, chain.sensory}) {
    TL_ASSIGN_OR_RETURN(auto retired, Protocol::retire(std::move(context_), bit, reason));
    context_ = std::move(retired.context);
    for (const auto& transition : retired.transitions) {
      TL_RETURN_IF_ERROR(sink_(transition, chain.cognitive));
    }
  }
  waiting_.erase(position);
  return {};
}

size_t EventField::consolidate() {
  if (!thunderbit::worth_compacting(context_)) return 0;
  auto compacted = thunderbit::compact(context_);
  context_ = std::move(compacted.context);
  return compacted.dropped_bits;
}

Status EventField::retire_all(const std::string& reason) {
  while (!waiting_.empty()) TL_RETURN_IF_ERROR(retire(waiting_.begin()->first, reason));
  return {};
}

}  // namespace thunderline::thunderchief
