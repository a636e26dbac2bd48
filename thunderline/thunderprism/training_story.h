#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/thunderchief/orchestrator/messages.h"
#include "thunderline/thunderflow/supervisor.h"
#include "thunderline/thunderprism/history_store.h"

namespace thunderline::thunderprism {

/// The loop's observables; nothing where one cannot be told yet.
struct Observed {
  std::optional<double> plv, sigma, lambda;
};

/// What the orchestrator's messages tell of the training that runs and of the agents, for pages.
/// A pure function of the messages it was told. Thread-safety: one thread.
class TrainingStory {
 public:
  static constexpr size_t kKeptMessages = 500;
  static constexpr size_t kKeptTrials = 10'000;

  /// `unix_ms`: when it was published.
  void tell(const thunderchief::Message& message, int64_t unix_ms);

  /// `{"version":…,"reason":…,"stages":[…],"trial":…,"trials":…,"best":…,"outcome":…}`, of the newest
  /// training; null before the first. Times in Unix milliseconds.
  std::string training_json() const;

  /// The newest training's trials as columns: `{"version":…,"n":[…],"value":[…],"epochs":[…],
  /// "params":[{…},…],"best":{…}}`.
  std::string trials_json() const;

  /// One object an agent: name, state (idle, working, waiting, restarting, failed), what it does,
  /// messages that were its concern, the last of them, restarts.
  std::string agents_json(const std::vector<thunderflow::ChildInfo>& children) const;

  /// Messages worth a line, oldest first; `after`: only those with a greater number.
  std::string messages_json(uint64_t after) const;
  uint64_t last_message() const { return last_message_; }

  /// What a process before this one has stored. Call before the first `tell`.
  void restore(const HistoryStore::Past& past);

  /// Ends a training of this version that is still told as running: its outcome stands in the log,
  /// though its last messages were lost with an earlier process.
  void settle(int version, const std::string& decision, const std::string& why, int64_t unix_ms);

  /// What was told since the last call and is to be remembered.
  HistoryBatch take_news(const Observed& observed);

  /// Changes with everything that `training_json` or `trials_json` shows.
  uint64_t revision() const { return revision_; }

 private:
  struct Stage {
    std::string name;
    std::string state = "pending";  ///< pending, running, done, refused, failed.
    std::optional<int64_t> started_ms;
    std::optional<int64_t> ended_ms;
    std::string fact;
  };
  struct Trial {
    int number = 0;
    std::optional<double> value;
    int epochs = 0;
    std::string params_json;
    std::map<std::string, std::vector<double>> curves;
    std::string error;
    int64_t ended_ms = 0;
  };
  struct Line {
    uint64_t number = 0;
    int64_t unix_ms = 0;
    std::string type;
    std::string from;
    std::string to;
    std::string summary;
  };
  struct AgentNote {
    std::string state = "idle";
    std::string doing;
    uint64_t messages = 0;
    std::string last_type;
    int64_t last_ms = 0;
  };

  TrialRow row_of(const Trial& trial, const Observed& observed) const;
  void begin(const thunderchief::TrainingGranted& granted, int64_t now);
  void enter(size_t stage, int64_t now);
  void finish(const std::string& state, int64_t now, const std::string& outcome,
              const std::string& why);
  void note_agents(const thunderchief::Message& message, int64_t now);
  void set_agent(const std::string& name, const std::string& state, const std::string& doing);

  std::vector<Stage> stages_;
  size_t current_ = 0;
  bool any_ = false;
  int version_ = 0;
  std::string reason_;
  int64_t started_ms_ = 0;
  size_t rows_ = 0;
  int trials_ = 0;
  std::optional<double> best_;
  std::string outcome_ = "running";  ///< running, deployed, refused, failed.
  std::string why_;
  std::vector<Trial> done_;
  std::deque<Line> lines_;
  uint64_t last_message_ = 0;
  uint64_t revision_ = 0;
  bool begun_ = false;        ///< Since the last `take_news`.
  uint64_t stored_revision_ = 0;
  size_t stored_trials_ = 0;
  uint64_t stored_message_ = 0;
  std::map<std::string, AgentNote> notes_;
};

/// Who sends a message of this name, and who acts on it; "world" is the decision loop.
struct MessageRoute {
  const char* from;
  const char* to;
};
MessageRoute route_of(const thunderchief::Message& message);

/// One line for people.
std::string summary_of(const thunderchief::Message& message);

}  // namespace thunderline::thunderprism
