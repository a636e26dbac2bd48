#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "thunderline/base/clock.h"
#include "thunderline/base/mutex.h"
#include "thunderline/thunderbit/context.h"
#include "thunderline/thunderchief/inbox_run.h"
#include "thunderline/thunderflow/metrics.h"
#include "thunderline/thunderprism/event_stream.h"
#include "thunderline/thunderprism/history_store.h"
#include "thunderline/thunderprism/training_story.h"

namespace thunderline::thunderprism {

/// Tells the push stream what a run does: the run hands out values between its ticks, at most ten
/// times a second; a thread of the feed's own makes the text. So viewers change nothing and the run
/// is held up by copies only.
///
/// Topics: run, training, trials, agents, messages (events), bits, observables, models.
/// Thread-safety: any thread; the observer's functions on the run's.
class RunFeed final : public thunderchief::RunObserver {
 public:
  /// All must outlive the feed. `on_opened` is called on the run's thread when the run has its home;
  /// `on_finished` is called on the run's thread once the report is there;
  /// while it does not return, all that the run has can still be read.
  RunFeed(EventStream& stream, thunderflow::MetricsRegistry& metrics, const Clock& clock,
          std::function<void()> on_opened,
          std::function<void(const thunderchief::RunReport&)> on_finished);
  ~RunFeed() override;

  void opened(const thunderchief::RunAccess& access) override TL_EXCLUDES(mutex_);
  void advanced(const thunderchief::RunProgress& progress) override TL_EXCLUDES(mutex_);
  void finished(const thunderchief::RunReport& report) override TL_EXCLUDES(mutex_);
  void closed() override TL_EXCLUDES(mutex_, access_mutex_);

  /// Whether a run is open: the program is ready to show something.
  bool ready() const TL_EXCLUDES(mutex_);

  /// The past of the run's home; null without a run, or where `state.db` cannot be used.
  std::shared_ptr<HistoryStore> history() const TL_EXCLUDES(mutex_);

  /// Asks for another live model, `back`: the one before it. Returns the version asked for (0: the
  /// heuristic). A wish whose key was heard before changes nothing.
  /// Errors: kUnavailable without a run; kRefused when it is over, when the version is live already
  /// or there is none to go back to; kNotFound for a version that was never deployed.
  Result<int> ask_for_model(std::optional<int> version, const std::string& who,
                            const std::string& why, const std::string& key)
      TL_EXCLUDES(mutex_, access_mutex_);

  /// The report's JSON; null before the end.
  std::shared_ptr<const std::string> report() const TL_EXCLUDES(mutex_);

  /// The field as it was at the newest look. Nothing before the first.
  std::optional<thunderbit::Context> field() const TL_EXCLUDES(mutex_);

  /// Holds the run between two ticks, or lets it go on. Errors: kUnavailable without a run;
  /// kRefused when it is over.
  Status set_paused(bool paused) TL_EXCLUDES(mutex_, access_mutex_);
  bool paused() const TL_EXCLUDES(access_mutex_);

  /// Calls `use` with the run's log, which stays until `use` returns. Errors: kUnavailable without a
  /// run; those of `use`.
  Status with_log(const std::function<Status(thunderbolt::TrajectoryLogger&)>& use)
      TL_EXCLUDES(access_mutex_);

 private:
  /// What the run's thread leaves for the feed's.
  struct Look {
    thunderchief::RunProgress progress;
    thunderbit::Context field;
    std::vector<thunderchief::ChiefState> chiefs;
    std::vector<thunderflow::ChildInfo> agents;
  };

  void work() TL_EXCLUDES(mutex_);
  void take_messages();
  /// Stores what is new, at most twice a second or when `last`.
  void remember(const std::shared_ptr<const Look>& look, bool last);
  void count_history_error(const Error& error);
  /// Ends a restored training whose outcome the log knows.
  void settle(const Look& look);
  void open_history(const std::string& path) TL_EXCLUDES(mutex_);
  void publish(const Look& look, bool paused, bool over);
  std::string run_json(const Look& look, bool paused, bool over) const;
  std::string models_json(const Look& look) const;
  std::string agents_json(const Look& look) const;
  std::string observables_json(const Look& look);
  void set_gauges(const Look& look);

  EventStream& stream_;
  thunderflow::MetricsRegistry& metrics_;
  const Clock& clock_;
  const std::function<void()> on_opened_;
  const std::function<void(const thunderchief::RunReport&)> on_finished_;

  mutable Mutex access_mutex_;  ///< Held while somebody uses `access_`, never with mutex_ inside.
  std::optional<thunderchief::RunAccess> access_ TL_GUARDED_BY(access_mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const Look> look_ TL_GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> report_ TL_GUARDED_BY(mutex_);
  std::shared_ptr<HistoryStore> store_ TL_GUARDED_BY(mutex_);
  std::map<std::string, int> wishes_ TL_GUARDED_BY(mutex_);  ///< Versions asked for, by key.
  bool open_ TL_GUARDED_BY(mutex_) = false;
  bool stopping_ TL_GUARDED_BY(mutex_) = false;

  // The run's thread alone.
  const thunderchief::RunAccess* running_ = nullptr;
  std::chrono::nanoseconds next_look_{0};

  // Set before the feed's thread starts, or its own.
  std::string run_id_;
  std::string world_;
  uint64_t seed_ = 0;
  double rate_ = 0;
  int64_t opened_ms_ = 0;
  std::optional<thunderflow::Subscription<thunderchief::Message>> messages_;
  TrainingStory story_;
  HistoryBatch unwritten_;
  std::chrono::nanoseconds next_write_{0};
  uint64_t told_messages_ = 0;
  std::map<std::string, std::string> last_;  ///< Newest document by topic: only news is sent.
  std::deque<std::string> history_;          ///< Points of the observables, as JSON arrays.
  int64_t history_tick_ = -1;
  std::thread thread_;
};

}  // namespace thunderline::thunderprism
