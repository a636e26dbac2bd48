#pragma once

#include <string>
#include <utility>

#include "thunderline/base/uuid.h"
#include "thunderline/thunderbit/protocol.h"

namespace thunderline::testing {

/// A context and the ids for it, so that a test says only what it is about. Verbs that must
/// succeed.
struct Field {
  thunderbit::Context context;
  UuidGenerator ids{1};

  thunderbit::BitRef spawn(thunderbit::Category category, thunderbit::SpawnAttrs attrs = {}) {
    attrs.id = ids.next(1'700'000'000'000);
    auto spawned = thunderbit::Protocol::spawn(std::move(context), category, std::move(attrs));
    context = std::move(spawned.value().context);
    return spawned->bit;
  }
  void link(thunderbit::BitRef from, thunderbit::BitRef to, thunderbit::Relation relation) {
    context = thunderbit::Protocol::link(std::move(context), from, to, relation).value();
  }
  void retire(thunderbit::BitRef bit) {
    context = thunderbit::Protocol::retire(std::move(context), bit, "test").value().context;
  }
  void mutate(thunderbit::BitRef bit, const thunderbit::BitChanges& changes) {
    context = thunderbit::Protocol::mutate(std::move(context), bit, changes).value().context;
  }
  thunderbit::Stepped step(thunderbit::BitRef bit, const thunderbit::StepEvent& event) {
    auto stepped = thunderbit::Protocol::step(std::move(context), bit, event).value();
    context = stepped.context;
    return stepped;
  }
  const thunderbit::Bit& bit(thunderbit::BitRef ref) const { return *context.find(ref); }
};

}  // namespace thunderline::testing
