#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/thunderchief/vine_chief.h"

namespace thunderline::testing {

/// Notes what it is to begin and leaves the end to the test. Stands for the world outside: it goes on
/// when the chief's process dies.
class NotingRunner final : public thunderchief::NodeRunner {
 public:
  Status start(const thunderchief::NodeStart& start) override {
    if (refuse) return fail(ErrorCode::kUnavailable, "made to refuse");
    std::erase_if(under_way, [&](const auto& other) { return other.key == start.key; });
    under_way.push_back(start);
    ++starts;
    return {};
  }
  void cancel(const std::string& key) override {
    std::erase_if(under_way, [&](const auto& other) { return other.key == key; });
    cancelled.push_back(key);
  }

  std::vector<thunderchief::NodeStart> under_way;
  std::vector<std::string> cancelled;
  size_t starts = 0;
  bool refuse = false;
};

/// A VineChief on a database, with a process that can die.
class VineBench {
 public:
  explicit VineBench(thunderchief::VineChief::Options options = {}) : options_(options) { revive(); }

  /// Drops everything in memory, as kill -9 does, and opens the database again.
  void revive() {
    vine.reset();
    state.reset();
    state = thunderchief::StateStore::open(folder_.path("state.db")).value();
    // The process dies here, never the machine: nothing is proved by waiting for the disk.
    (void)state->database().execute("PRAGMA synchronous=OFF");
    auto store = thunderchief::WorkflowStore::open(*state).value();
    vine = thunderchief::VineChief::create(options_, std::move(store), runner, clock).value();
  }

  /// The chief's steps until it waits; the names of its actions.
  std::vector<std::string> tick() {
    std::vector<std::string> taken;
    while (taken.size() < 1000) {
      const int action = vine->choose_action(vine->observe_state());
      const std::string name(vine->actions()[static_cast<size_t>(action)]);
      if (name == "wait") break;
      if (vine->apply_action(action).error) {
        taken.push_back(name + " failed");
        break;
      }
      taken.push_back(name);
    }
    return taken;
  }

  FakeClock clock;
  NotingRunner runner;
  std::unique_ptr<thunderchief::StateStore> state;
  std::unique_ptr<thunderchief::VineChief> vine;

 private:
  TempFolder folder_;
  thunderchief::VineChief::Options options_;
};

}  // namespace thunderline::testing
