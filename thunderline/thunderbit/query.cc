#include <string>
#include <string_view>

#include "thunderline/thunderbit/protocol.h"

namespace thunderline::thunderbit {
namespace {

struct Subject {
  const Context& context;
  BitRef ref;
  const Bit& bit;
};

/// One fact: its key and how it is read. The list is what `query` knows and what its error shows.
struct Fact {
  std::string_view key;
  Result<QueryValue> (*read)(const Subject&);
};

QueryValue text(std::string_view value) { return std::string(value); }
QueryValue number(double value) { return value; }
QueryValue integer(int64_t value) { return value; }

QueryValue tags_of(const Bit& bit) {
  return std::vector<std::string>(bit.tags.view().begin(), bit.tags.view().end());
}

QueryValue capabilities_of(const Bit& bit) {
  std::vector<std::string> used;
  for (size_t i = 0; i < kCapabilityCount; ++i) {
    const auto capability = static_cast<Capability>(i);
    if (bit.capabilities_used.contains(capability)) used.emplace_back(name_of(capability));
  }
  return used;
}

template <typename Read>
Result<QueryValue> of_score(const Subject& subject, Read read) {
  if (subject.bit.score) return read(*subject.bit.score);
  return fail(ErrorCode::kNotFound, "the bit has no score yet",
              "bit " + subject.bit.id.to_string());
}

using S = const Subject&;
using R = Result<QueryValue>;

constexpr Fact kFacts[] = {
    {"id", [](S s) -> R { return text(s.bit.id.to_string()); }},
    {"category", [](S s) -> R { return text(name_of(s.bit.category)); }},
    {"role", [](S s) -> R { return text(name_of(s.bit.role())); }},
    {"status", [](S s) -> R { return text(name_of(s.bit.status)); }},
    {"verdict", [](S s) -> R { return text(name_of(s.bit.verdict)); }},
    {"content", [](S s) -> R { return text(s.bit.content.view()); }},
    {"kind", [](S s) -> R { return text(s.bit.kind.view()); }},
    {"owner", [](S s) -> R { return text(s.bit.owner.view()); }},
    {"zone", [](S s) -> R { return text(s.bit.zone.view()); }},
    {"tags", [](S s) -> R { return tags_of(s.bit); }},
    {"capabilities_used", [](S s) -> R { return capabilities_of(s.bit); }},
    {"energy", [](S s) -> R { return number(s.bit.energy); }},
    {"salience", [](S s) -> R { return number(s.bit.salience); }},
    {"health", [](S s) -> R { return number(s.bit.health); }},
    {"priority", [](S s) -> R { return number(s.bit.priority); }},
    {"chain_depth", [](S s) -> R { return integer(s.bit.chain_depth); }},
    {"transition_count", [](S s) -> R { return integer(s.bit.transition_count); }},
    {"spawned_tick", [](S s) -> R { return integer(s.bit.spawned_tick); }},
    {"last_evaluated_tick", [](S s) -> R { return integer(s.bit.last_evaluated_tick); }},
    {"age", [](S s) -> R { return integer(s.context.tick() - s.bit.spawned_tick); }},
    {"depth", [](S s) -> R { return integer(s.context.link_counts(s.ref).depth); }},
    {"siblings", [](S s) -> R { return integer(s.context.link_counts(s.ref).siblings); }},
    {"children", [](S s) -> R { return integer(s.context.link_counts(s.ref).children); }},
    {"has_score", [](S s) -> R { return QueryValue(s.bit.score.has_value()); }},
    {"score",
     [](S s) -> R { return of_score(s, [](const Score& score) { return number(score.score); }); }},
    {"confidence",
     [](S s) -> R {
       return of_score(s, [](const Score& score) { return number(score.confidence); });
     }},
    {"label",
     [](S s) -> R {
       return of_score(s, [](const Score& score) { return text(name_of(score.label)); });
     }},
    {"suggested_action",
     [](S s) -> R {
       return of_score(s, [](const Score& score) { return text(score.suggested_action.view()); });
     }},
    {"model_version",
     [](S s) -> R {
       return of_score(s, [](const Score& score) { return text(score.model_version.view()); });
     }},
};

constexpr std::string_view kChannelPrefix = "channel.";

Result<QueryValue> query_channel(const Subject& subject, std::string_view name) {
  const auto names = subject.context.channel_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return number(subject.bit.channels.values[i]);
  }
  return fail(ErrorCode::kNotFound, "no such channel",
              std::string(kChannelPrefix) + std::string(name.substr(0, 64)),
              "the context names " + std::to_string(names.size()) + " channels");
}

std::string known_keys() {
  std::string all;
  for (const Fact& fact : kFacts) all += std::string(fact.key) + ", ";
  return all + "channel.NAME";
}

}  // namespace

std::vector<std::string> query_keys() {
  std::vector<std::string> keys;
  for (const Fact& fact : kFacts) keys.emplace_back(fact.key);
  return keys;
}

Result<QueryValue> Protocol::query(const Context& context, const BitKey& key,
                                   std::string_view fact_key) {
  TL_ASSIGN_OR_RETURN(const BitRef ref, context.resolve(key));
  const Subject subject{context, ref, *context.find(ref)};
  for (const Fact& fact : kFacts) {
    if (fact.key == fact_key) return fact.read(subject);
  }
  if (fact_key.starts_with(kChannelPrefix)) {
    return query_channel(subject, fact_key.substr(kChannelPrefix.size()));
  }
  return fail(ErrorCode::kNotFound, "no such key", std::string(fact_key.substr(0, 64)),
              "use one of: " + known_keys());
}

}  // namespace thunderline::thunderbit
