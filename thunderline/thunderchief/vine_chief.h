#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/chief.h"
#include "thunderline/thunderchief/workflow/workflow.h"
#include "thunderline/thunderchief/workflow/workflow_store.h"

namespace thunderline::thunderchief {

/// What a node that was needed has given.
struct NodeOutput {
  std::string node;
  std::string output;
};

/// A node's effect, to be begun.
struct NodeStart {
  std::string workflow;
  std::string node;
  std::string kind;
  std::string key;  ///< The same for every attempt, also after a crash.
  int attempt = 1;
  std::string input;
  std::vector<NodeOutput> needs;
};

/// What became of an attempt.
struct NodeReport {
  enum class Kind {
    kDone,     ///< The effect happened.
    kFailed,   ///< It did not; another attempt may follow.
    kSkipped,  ///< It is not to happen, nor what needs it.
  };

  std::string workflow;
  std::string node;
  int attempt = 1;
  Kind kind = Kind::kDone;
  std::string output;  ///< Of kDone.
  std::string why;     ///< Of the others.
};

/// Does what nodes are for. It begins the work and returns at once; the end is told to
/// `VineChief::report`, then or later, on the chief's thread. After a crash a node that was running is
/// begun again with its key: a runner whose work is done or under way for that key reports that
/// instead of doing it twice.
class NodeRunner {
 public:
  virtual ~NodeRunner() = default;

  /// An error is a failed attempt.
  virtual Status start(const NodeStart& start) = 0;

  /// The attempt is given up (out of time, cancelled). Nothing needs to be reported.
  virtual void cancel(const std::string& key) = 0;
};

/// Runs workflows. Every transition is in the store before anything else happens, so a process that
/// is killed goes on at the nodes that were running.
/// Actions: 0 advance_node (starts one ready node), 1 advance_batch (several), 2 recover_stalled
/// (gives up attempts that are out of time; begins again what ran when the process died),
/// 3 compact_graph (one finished workflow), 4 checkpoint (of the store), 5 wait.
/// Errors: those of WorkflowStore; memory changes only with the store.
/// Thread-safety: one thread.
class VineChief final : public Chief {
 public:
  struct Options {
    size_t max_running = 8;  ///< Nodes at a time, of all workflows.
    size_t max_batch = 8;    ///< Nodes that one advance_batch starts.
    int64_t compact_after_ms = 24 * 3600 * 1000;  ///< After a workflow's end.
    uint64_t checkpoint_every = 64;  ///< Transitions between checkpoints.
  };

  /// More for the transaction of a report: rows of other parts that come with the node's end.
  using WithinTransaction = std::function<Status(Database&)>;
  using OnFinished = std::function<void(const Workflow&)>;

  /// Loads what runs. All must outlive the chief.
  static Result<std::unique_ptr<VineChief>> create(Options options, WorkflowStore store,
                                                   NodeRunner& runner, const Clock& clock);

  /// Called after a workflow's last transition is stored.
  void on_finished(OnFinished notify) { on_finished_ = std::move(notify); }

  /// Makes a workflow and stores it. Errors: those of make_workflow; kRefused for a taken id.
  Status submit(const WorkflowSpec& spec);

  /// Takes note of an attempt's end, with whatever belongs into the same transaction. What comes
  /// late is right too: an effect that happened after its time counts, a failure of an attempt that
  /// was given up is ignored, and so is a report of a node that is final.
  /// Errors: kNotFound for a node that there is not.
  Status report(const NodeReport& report, const WithinTransaction& also = {});

  /// Cancels what is not final. Errors: kNotFound; kRefused when it is over.
  Status cancel(const std::string& id, const std::string& why);

  /// A workflow as it is, running or over. Errors: kNotFound.
  Result<Workflow> workflow(const std::string& id);

  std::string_view name() const override { return "vine"; }
  std::span<const std::string_view> actions() const override { return kActions; }
  Status begin_tick(int64_t tick) override;
  std::vector<float> observe_state() const override;
  int choose_action(std::span<const float> state) override;
  ChiefOutcome apply_action(int action) override;

 private:
  static constexpr std::array<std::string_view, 6> kActions = {
      "advance_node", "advance_batch", "recover_stalled", "compact_graph", "checkpoint", "wait"};

  /// A node of a workflow that runs.
  struct Place {
    std::string workflow;
    size_t position = 0;
  };
  struct Finished {
    std::string id;
    int64_t finished_ms = 0;
  };
  using Change = std::function<std::vector<size_t>(Workflow&)>;

  VineChief(Options options, WorkflowStore store, NodeRunner& runner, const Clock& clock)
      : options_(options), store_(std::move(store)), runner_(runner), clock_(clock) {}

  int64_t now_ms() const { return clock_.unix_ms(); }
  Workflow* find(const std::string& id);
  bool stalled(const Workflow& workflow, const Node& node, int64_t now) const;
  std::vector<Place> ready_nodes() const;
  std::vector<Place> stalled_nodes() const;
  size_t running_nodes() const;
  size_t room() const;
  bool compaction_due() const;

  Status change(const std::string& id, const Change& change, const WithinTransaction& also = {});
  Status begin(const Place& place);
  Status launch(const Place& place);
  Status recover(const Place& place);
  ChiefOutcome advance(size_t most);
  ChiefOutcome recover_stalled();
  ChiefOutcome compact_graph();
  ChiefOutcome checkpoint();

  const Options options_;
  WorkflowStore store_;
  NodeRunner& runner_;
  const Clock& clock_;
  OnFinished on_finished_;
  std::vector<Workflow> running_;     ///< In the order in which they were made.
  std::deque<Finished> finished_;     ///< Not compacted yet, oldest first.
  std::set<std::string> orphans_;     ///< Keys of nodes that ran when the process before died.
  uint64_t transitions_ = 0;          ///< Since the last checkpoint.
};

}  // namespace thunderline::thunderchief
