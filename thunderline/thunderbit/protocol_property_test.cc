// What holds whatever a run does: random runs of verbs over a small field, against plain models.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "thunderline/base/random.h"
#include "thunderline/thunderbit/bit_json.h"
#include "thunderline/thunderbit/protocol.h"
#include "thunderline/thunderbit/wiring.h"

namespace thunderline::thunderbit {
namespace {

/// One random run: every verb it does, what came of it, and what must hold meanwhile.
class RandomRun {
 public:
  explicit RandomRun(uint64_t seed) : random_(seed), ids_(seed) {}

  void act() {
    switch (random_.below(9)) {
      case 0:
      case 1: spawn(); break;
      case 2:
      case 3:
      case 4: link(); break;
      case 5: step(); break;
      case 6: bind_or_mutate(); break;
      case 7: retire(); break;
      default: context_ = advance_tick(std::move(context_)); break;
    }
  }

  void end() {
    Retired ended = Protocol::retire_all(std::move(context_), "the end");
    context_ = std::move(ended.context);
    for (const Transition& transition : ended.transitions) take(transition);
  }

  const Context& context() const { return context_; }
  const std::map<Uuid, std::vector<Transition>>& episodes() const { return episodes_; }

  void check_identities() const {
    for (const auto& [id, identity] : identities_) {
      const Bit* bit = context_.find(id);
      RC_ASSERT(bit != nullptr);
      RC_ASSERT(bit->id == id);
      RC_ASSERT(bit->category == identity.category);
      RC_ASSERT(bit->role() == role_of(identity.category));
      RC_ASSERT(bit->spawned_tick == identity.spawned_tick);
    }
  }

 private:
  struct Identity {
    Category category;
    int64_t spawned_tick;
  };

  BitRef any_bit() { return context_.ref_at(random_.below(context_.size() + 1)); }
  void take(const Transition& transition) { episodes_[transition.bit].push_back(transition); }

  void spawn() {
    SpawnAttrs attrs;
    attrs.id = ids_.next(1000);
    attrs.energy = static_cast<float>(random_.unit());
    attrs.content = std::string(1, static_cast<char>(random_.below(256)));
    if (random_.below(3) == 0) attrs.status = BitStatus::kActive;
    const auto category = static_cast<Category>(random_.below(kCategoryCount));
    Spawned spawned = Protocol::spawn(std::move(context_), category, attrs).value();
    context_ = std::move(spawned.context);
    identities_[attrs.id] = {category, context_.tick()};
    take(spawned.transition);
  }

  void link() {
    const BitRef from = any_bit(), to = any_bit();
    const auto relation = static_cast<Relation>(random_.below(kRelationCount));
    auto linked = Protocol::link(std::move(context_), from, to, relation);
    if (linked) context_ = std::move(*linked);
  }

  void step() {
    StepEvent event;
    event.name = "event";
    event.payload = "a: b";
    event.risk = static_cast<float>(random_.unit());
    auto stepped = Protocol::step(std::move(context_), any_bit(), event);
    if (!stepped) return;
    context_ = std::move(stepped->context);
    take(stepped->transition);
  }

  void bind_or_mutate() {
    if (random_.below(2) == 0) {
      const auto energy = static_cast<float>(random_.unit());
      const Continuation change = {"change", [energy](Bit bit) -> Result<Bit> {
                                     bit.energy = energy;
                                     return bit;
                                   }};
      auto bound = Protocol::bind(std::move(context_), any_bit(), change);
      if (!bound) return;
      context_ = std::move(bound->context);
      for (const Transition& transition : bound->transitions) take(transition);
    } else {
      BitChanges changes;
      changes.status = static_cast<BitStatus>(random_.below(kBitStatusCount));
      auto mutated = Protocol::mutate(std::move(context_), any_bit(), changes);
      if (!mutated) return;
      context_ = std::move(mutated->context);
      if (mutated->transition) take(*mutated->transition);
    }
  }

  void retire() {
    auto retired = Protocol::retire(std::move(context_), any_bit(), "random");
    if (!retired) return;
    context_ = std::move(retired->context);
    take(retired->transitions.at(0));
  }

  Random random_;
  UuidGenerator ids_;
  Context context_;
  std::map<Uuid, Identity> identities_;
  std::map<Uuid, std::vector<Transition>> episodes_;
};

RandomRun run_of(uint64_t seed, int actions) {
  RandomRun run(seed);
  for (int i = 0; i < actions; ++i) run.act();
  return run;
}

TEST(ProtocolProperty, NoVerbChangesItsInputOrAnIdentity) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomRun run = run_of(seed, 20);
    for (int i = 0; i < 20; ++i) {
      const Context before = run.context();
      const std::string before_text = context_to_json(before);
      run.act();
      RC_ASSERT(context_to_json(before) == before_text);
      run.check_identities();
    }
  }));
}

TEST(ProtocolProperty, EveryEpisodeBeginsWithASpawnAndEndsDone) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    RandomRun run = run_of(seed, 60);
    run.end();
    RC_ASSERT(run.episodes().size() == run.context().size());
    for (const auto& [id, episode] : run.episodes()) {
      RC_ASSERT(episode.front().verb == Verb::kSpawn);
      for (size_t i = 0; i < episode.size(); ++i) {
        RC_ASSERT(episode[i].sequence == i);
        RC_ASSERT(episode[i].done == (i + 1 == episode.size()));
      }
      RC_ASSERT(run.context().find(id)->status == BitStatus::kRetired);
    }
  }));
}

TEST(ProtocolProperty, JsonRoundTripsEqual) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const RandomRun run = run_of(seed, 60);
    const auto read = context_from_json(context_to_json(run.context()), "test");
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == run.context());
    const Context compacted = compact(run.context()).context;
    RC_ASSERT(context_from_json(context_to_json(compacted), "test").value() == compacted);
  }));
}

TEST(ProtocolProperty, EveryLinkObeysTheWiring) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const RandomRun run = run_of(seed, 100);
    for (const Edge& edge : run.context().edges()) {
      const Bit& from = *run.context().find(edge.from);
      const Bit& to = *run.context().find(edge.to);
      RC_ASSERT(!(from.id == to.id));
      RC_ASSERT(info(from.category).can_link_to.contains(to.category));
      RC_ASSERT(info(edge.relation).from_roles.contains(from.role()));
    }
  }));
}

TEST(ProtocolProperty, TotalsAreThoseOfACountFromScratch) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const Context context = run_of(seed, 80).context();
    double energy = 0;
    size_t active = 0, pending = 0;
    for (const Bit& bit : context.bits()) {
      active += bit.status == BitStatus::kActive;
      pending += bit.status == BitStatus::kPending;
      if (bit.status == BitStatus::kActive) energy += bit.energy;
    }
    RC_ASSERT(context.active_count() == active);
    RC_ASSERT(context.pending_count() == pending);
    RC_ASSERT(std::abs(context.total_energy() - energy) < 1e-6);
  }));
}

/// A field of bits that may all lead to each other, so that cycles are common.
Context dense_links(uint64_t seed) {
  Random random(seed);
  UuidGenerator ids(seed);
  Context context;
  for (int i = 0; i < 12; ++i) {
    SpawnAttrs attrs;
    attrs.id = ids.next(1000);
    const Category category = i % 2 == 0 ? Category::kCognitive : Category::kExecutive;
    context = Protocol::spawn(std::move(context), category, attrs).value().context;
  }
  for (int i = 0; i < 40; ++i) {
    const BitRef from = context.ref_at(random.below(12)), to = context.ref_at(random.below(12));
    auto linked = Protocol::link(context, from, to, Relation::kTriggers);
    if (linked) context = std::move(*linked);
  }
  return context;
}

/// The longest path to each bit over the links that close no cycle, by relaxing until nothing
/// moves.
std::map<Uuid, uint32_t> longest_paths(const Context& context) {
  std::map<Uuid, uint32_t> depths;
  for (size_t round = 0; round <= context.size(); ++round) {
    for (const Edge& edge : context.edges()) {
      if (edge.closes_cycle) continue;
      depths[edge.to] = std::max(depths[edge.to], depths[edge.from] + 1);
    }
  }
  return depths;
}

/// The bits that `from` leads to over the first `count` links that close no cycle.
bool leads_to(const std::vector<Edge>& edges, size_t count, const Uuid& from, const Uuid& to) {
  std::set<Uuid> reached = {from};
  for (size_t round = 0; round < count + 1; ++round) {
    for (size_t i = 0; i < count; ++i) {
      if (!edges[i].closes_cycle && reached.contains(edges[i].from)) reached.insert(edges[i].to);
    }
  }
  return reached.contains(to);
}

TEST(ProtocolProperty, DepthsAreTheLongestPathsAndCyclesAreFoundExactly) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const Context context = dense_links(seed);
    auto expected = longest_paths(context);
    for (size_t i = 0; i < context.size(); ++i) {
      RC_ASSERT(context.link_counts(context.ref_at(i)).depth ==
                expected[context.bits().at(i).id]);
    }
    const std::vector<Edge> edges = context.edges();
    for (size_t i = 0; i < edges.size(); ++i) {
      RC_ASSERT(edges[i].closes_cycle == leads_to(edges, i, edges[i].to, edges[i].from));
    }
  }));
}

TEST(ProtocolProperty, LinkCountsAreThoseOfACountFromScratchAndSurviveCompaction) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const Context context = run_of(seed, 120).context();
    std::map<Uuid, std::set<Uuid>> children, sources;
    const auto live = [&](const Uuid& id) {
      return context.find(id)->status != BitStatus::kRetired;
    };
    for (const Edge& edge : context.edges()) {
      if (!live(edge.from) || !live(edge.to)) continue;
      children[edge.from].insert(edge.to);
      sources[edge.to].insert(edge.from);
    }
    const Context compacted = compact(context).context;
    for (size_t i = 0; i < context.size(); ++i) {
      const Uuid id = context.bits().at(i).id;
      const LinkCounts counts = context.link_counts(context.ref_at(i));
      size_t siblings = 0;
      for (const Uuid& source : sources[id]) siblings += children[source].size() - 1;
      RC_ASSERT(counts.children == children[id].size());
      RC_ASSERT(counts.siblings == siblings);
      if (live(id)) RC_ASSERT(compacted.link_counts(compacted.resolve(id).value()) == counts);
    }
  }));
}

}  // namespace
}  // namespace thunderline::thunderbit
