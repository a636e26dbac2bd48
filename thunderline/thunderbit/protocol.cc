#include "thunderline/thunderbit/protocol.h"

#include "thunderline/thunderbit/context_editor.h"
#include "thunderline/thunderbit/wiring.h"

namespace thunderline::thunderbit {
namespace {

constexpr size_t kMaxBits = size_t{1} << 31;

std::string place(const Bit& bit) { return "bit " + bit.id.to_string(); }

/// The bit that a verb is to change. Errors: kNotFound; kRefused where it is retired.
Result<BitRef> resolve_live(const Context& context, const BitKey& key) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, context.resolve(key));
  const Bit& bit = *context.find(ref);
  if (bit.status == BitStatus::kRetired) {
    return fail(ErrorCode::kRefused, "the bit is retired", place(bit), "spawn another");
  }
  return ref;
}

Transition transition_of(const Context& context, const Bit& after, BitStatus before, Verb verb,
                         SharedText action) {
  Transition transition;
  transition.bit = after.id;
  transition.category = after.category;
  transition.verb = verb;
  transition.action = std::move(action);
  transition.status_before = before;
  transition.status_after = after.status;
  transition.sequence = after.transition_count;
  transition.tick = context.tick();
  transition.done = verb == Verb::kRetire;
  return transition;
}

Bit make_bit(const Context& context, Category category, SpawnAttrs attrs) {
  Bit bit;
  bit.id = attrs.id;
  bit.category = category;
  bit.status = attrs.status;
  bit.energy = attrs.energy;
  bit.salience = attrs.salience;
  bit.health = attrs.health;
  bit.priority = attrs.priority;
  bit.spawned_tick = context.tick();
  bit.channels = attrs.channels;
  bit.content = std::move(attrs.content);
  bit.kind = std::move(attrs.kind);
  bit.owner = std::move(attrs.owner);
  bit.zone = attrs.zone.empty() ? context.scope().zone : std::move(attrs.zone);
  bit.tags = std::move(attrs.tags);
  return bit;
}

bool is_beginning(BitStatus status) {
  return status == BitStatus::kPending || status == BitStatus::kActive ||
         status == BitStatus::kSpawning;
}

Status check_spawn(const Context& context, const Bit& bit) {
  if (bit.id.is_nil()) {
    return fail(ErrorCode::kInvalidArgument, "the id is nil", "attrs.id", "give a fresh UUID");
  }
  if (context.policy().forbidden_categories.contains(bit.category)) {
    return fail(ErrorCode::kRefused, "the policy forbids to spawn this category",
                place(bit) + ", " + std::string(name_of(bit.category)));
  }
  if (context.find(bit.id) != nullptr) {
    return fail(ErrorCode::kRefused, "a bit of this id exists", place(bit), "give a fresh UUID");
  }
  if (!is_beginning(bit.status)) {
    return fail(ErrorCode::kRefused, "no life begins as " + std::string(name_of(bit.status)),
                place(bit), "use pending, active or spawning");
  }
  if (context.size() >= kMaxBits) {
    return fail(ErrorCode::kResourceLimit, "the context holds 2^31 bits", place(bit), "compact it");
  }
  return check_bit(bit);
}

/// Errors: kRefused naming the first field of `after` that only the context may set, or nobody.
Status check_kept(const Bit& before, const Bit& after) {
  const char* field = after.id != before.id                               ? "id"
                      : after.category != before.category                 ? "category"
                      : after.spawned_tick != before.spawned_tick         ? "spawned_tick"
                      : after.chain_depth != before.chain_depth           ? "chain_depth"
                      : after.transition_count != before.transition_count ? "transition_count"
                      : after.last_evaluated_tick != before.last_evaluated_tick
                          ? "last_evaluated_tick"
                      : !(after.capabilities_used == before.capabilities_used) ? "capabilities_used"
                                                                               : nullptr;
  if (field == nullptr) return {};
  return fail(ErrorCode::kRefused, std::string("a bit's ") + field + " is not to be changed",
              place(before));
}

Status check_not_retiring(const Bit& before, BitStatus status) {
  if (status != BitStatus::kRetired) return {};
  return fail(ErrorCode::kRefused, "only the verb retire ends a life", place(before),
              "call retire, with a reason");
}

/// What `continuation` makes of `before`, checked.
Result<Bit> run_continuation(const Bit& before, const Continuation& continuation) {
  if (!continuation.run) {
    return fail(ErrorCode::kInvalidArgument, "the continuation is empty", place(before));
  }
  TL_ASSIGN_OR_RETURN(Bit after, continuation.run(before));
  TL_RETURN_IF_ERROR(check_kept(before, after));
  TL_RETURN_IF_ERROR(check_not_retiring(before, after.status));
  TL_RETURN_IF_ERROR(check_bit(after));
  ++after.chain_depth;
  ++after.transition_count;
  return after;
}

template <typename T>
Status check_same(const std::optional<T>& wanted, const T& own, const Bit& bit, const char* field) {
  if (!wanted || *wanted == own) return {};
  return fail(ErrorCode::kRefused, std::string("a bit's ") + field + " is not to be changed",
              place(bit), "spawn another bit");
}

Status check_changes(const Bit& bit, const BitChanges& changes) {
  TL_RETURN_IF_ERROR(check_same(changes.id, bit.id, bit, "id"));
  TL_RETURN_IF_ERROR(check_same(changes.category, bit.category, bit, "category"));
  TL_RETURN_IF_ERROR(check_same(changes.role, bit.role(), bit, "role"));
  TL_RETURN_IF_ERROR(check_same(changes.spawned_tick, bit.spawned_tick, bit, "spawned_tick"));
  return changes.status ? check_not_retiring(bit, *changes.status) : Status();
}

template <typename T>
void set_if(T& field, const std::optional<T>& value) {
  if (value) field = *value;
}

Bit with_changes(const Context& context, const Bit& before, const BitChanges& changes) {
  Bit bit = before;
  set_if(bit.status, changes.status);
  set_if(bit.content, changes.content);
  set_if(bit.kind, changes.kind);
  set_if(bit.owner, changes.owner);
  set_if(bit.zone, changes.zone);
  set_if(bit.tags, changes.tags);
  set_if(bit.energy, changes.energy);
  set_if(bit.salience, changes.salience);
  set_if(bit.health, changes.health);
  set_if(bit.priority, changes.priority);
  set_if(bit.verdict, changes.verdict);
  set_if(bit.channels, changes.channels);
  if (changes.score) {
    bit.score = changes.score;
    bit.last_evaluated_tick = context.tick();
  }
  if (bit.status != before.status) ++bit.transition_count;
  return bit;
}

Transition retire_one(Context& context, BitRef ref, const SharedText& reason) {
  ContextEditor editor(context);
  const BitStatus before = context.find(ref)->status;
  editor.change_bit(ref, [](Bit& bit) { ++bit.transition_count; });
  editor.retire_bit(ref);
  const Bit& bit = *context.find(ref);
  editor.log(Verb::kRetire, bit.id, reason);
  return transition_of(context, bit, before, Verb::kRetire, reason);
}

}  // namespace

Result<Spawned> Protocol::spawn(Context&& context, Category category, SpawnAttrs attrs) {
  Bit bit = make_bit(context, category, std::move(attrs));
  TL_RETURN_IF_ERROR(check_spawn(context, bit));
  Spawned result{std::move(context), {}, {}};
  ContextEditor editor(result.context);
  result.transition = transition_of(result.context, bit, bit.status, Verb::kSpawn, {});
  editor.log(Verb::kSpawn, bit.id, bit.kind);
  result.bit = editor.add_bit(std::move(bit));
  return result;
}

Result<Bound> Protocol::bind(Context&& context, const BitKey& key,
                             const Continuation& continuation) {
  return chain(std::move(context), key, std::span(&continuation, 1));
}

Result<Bound> Protocol::chain(Context&& context, const BitKey& key,
                              std::span<const Continuation> continuations) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, resolve_live(context, key));
  Bit bit = *context.find(ref);
  std::vector<Transition> transitions;
  for (const Continuation& continuation : continuations) {
    const BitStatus before = bit.status;
    TL_ASSIGN_OR_RETURN(bit, run_continuation(bit, continuation));
    transitions.push_back(transition_of(context, bit, before, Verb::kBind, continuation.name));
  }
  Bound result{std::move(context), std::move(transitions)};
  ContextEditor editor(result.context);
  for (const Transition& transition : result.transitions) {
    editor.log(Verb::kBind, transition.bit, transition.action);
  }
  editor.change_bit(ref, [&](Bit& changed) { changed = std::move(bit); });
  return result;
}

Result<Context> Protocol::link(Context&& context, const BitKey& from_key, const BitKey& to_key,
                               Relation relation) {
  TL_ASSIGN_OR_RETURN(const BitRef from, resolve_live(context, from_key));
  TL_ASSIGN_OR_RETURN(const BitRef to, resolve_live(context, to_key));
  const Bit& source = *context.find(from);
  const Bit& target = *context.find(to);
  if (from == to) {
    return fail(ErrorCode::kRefused, "a bit does not link to itself", place(source));
  }
  if (Status allowed = check_wiring(source.category, target.category, relation); !allowed) {
    Error error = std::move(allowed).error();
    error.where = place(source) + " to " + place(target) + ": " + error.where;
    return tl::unexpected<Error>(std::move(error));
  }
  if (context.linked(from, to, relation)) {
    return fail(ErrorCode::kRefused, "the bits are linked so already",
                place(source) + " " + std::string(name_of(relation)) + " " + place(target));
  }
  Context result = std::move(context);
  ContextEditor editor(result);
  editor.log(Verb::kLink, result.find(from)->id, name_of(relation));
  editor.add_edge(from, to, relation);
  return result;
}

Result<Stepped> Protocol::step(Context&& context, const BitKey& key, const StepEvent& event) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, resolve_live(context, key));
  const BitStatus before = context.find(ref)->status;
  if (before == BitStatus::kArchived) {
    return fail(ErrorCode::kRefused, "the bit is archived", place(*context.find(ref)),
                "mutate its status to active first");
  }
  TL_ASSIGN_OR_RETURN(StepEffect effect, behave(context, ref, event));
  Stepped result{std::move(context), std::move(effect.output), {}};
  ContextEditor editor(result.context);
  editor.change_bit(ref, [&](Bit& bit) {
    if (bit.status != BitStatus::kFading) bit.status = BitStatus::kActive;
    if (effect.content) bit.content = std::move(*effect.content);
    if (effect.verdict) bit.verdict = *effect.verdict;
    bit.capabilities_used.insert_all(effect.used);
    ++bit.transition_count;
  });
  const Bit& after = *result.context.find(ref);
  result.transition = transition_of(result.context, after, before, Verb::kStep, event.name);
  editor.log(Verb::kStep, after.id, event.name);
  return result;
}

Result<Retired> Protocol::retire(Context&& context, const BitKey& key, SharedText reason) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, resolve_live(context, key));
  Retired result{std::move(context), {}};
  result.transitions.push_back(retire_one(result.context, ref, reason));
  return result;
}

Retired Protocol::retire_all(Context&& context, SharedText reason) {
  Retired result{std::move(context), {}};
  for (size_t i = 0; i < result.context.size(); ++i) {
    const BitRef ref = result.context.ref_at(i);
    if (result.context.find(ref)->status == BitStatus::kRetired) continue;
    result.transitions.push_back(retire_one(result.context, ref, reason));
  }
  return result;
}

Result<Mutated> Protocol::mutate(Context&& context, const BitKey& key, const BitChanges& changes) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, resolve_live(context, key));
  const Bit& before = *context.find(ref);
  TL_RETURN_IF_ERROR(check_changes(before, changes));
  Bit after = with_changes(context, before, changes);
  TL_RETURN_IF_ERROR(check_bit(after));
  std::optional<Transition> transition;
  if (after.status != before.status) {
    transition = transition_of(context, after, before.status, Verb::kMutate,
                               name_of(after.status));
  }
  Mutated result{std::move(context), std::move(transition)};
  ContextEditor editor(result.context);
  editor.log(Verb::kMutate, after.id, {});
  editor.change_bit(ref, [&](Bit& bit) { bit = std::move(after); });
  return result;
}

Result<Context> Protocol::mutate_scores(Context&& context, std::span<const ScoreUpdate> updates) {
  Context::Reader reader(context);
  for (const ScoreUpdate& update : updates) {
    const Bit* bit = reader.bit(update.bit);
    if (bit == nullptr) return tl::unexpected<Error>(context.resolve(update.bit).error());
    if (bit->status == BitStatus::kRetired) {
      return fail(ErrorCode::kRefused, "the bit is retired", place(*bit), "score live bits only");
    }
    TL_RETURN_IF_ERROR(check_score(update.score, bit->id));
  }
  Context result = std::move(context);
  if (updates.empty()) return result;
  ContextEditor editor(result);
  editor.set_scores(updates);
  editor.log(Verb::kMutate, {}, "scores");
  return result;
}

}  // namespace thunderline::thunderbit
