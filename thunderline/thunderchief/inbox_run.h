#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/decision_loop.h"
#include "thunderline/thunderchief/run_observer.h"
#include "thunderline/thunderchief/run_settings.h"
#include "thunderline/worlds/inbox/report/inbox_report.h"

namespace thunderline::thunderchief {

/// Where and how fast an inbox run happens; what it decides is in RunSettings.
struct InboxRunOptions {
  std::string home = "./.thunderline";
  std::string corpus_folder;
  double rate = 0;     ///< Ticks a second; 0: as fast as it goes, and the clock waits for trainings.
  bool fresh = false;  ///< Puts what is in the home aside (`archive/<time>`) first.
  RunSettings settings;
  RunObserver* observer = nullptr;  ///< Who watches, if anybody; must outlive the run.
};

/// Progress of a run, for people. Copied out after every tick and message.
struct RunProgress {
  std::string stage;  ///< "collect", "tpe + train", "evaluate", "export", "deploy".
  size_t events_in_all = 0;
  LoopState loop;
  bool recovering = false;
  int trial = 0;  ///< Finished trials of the training that runs.
  int trials = 0;
  std::optional<double> best_val_loss;
};

/// The report of `run`, as CLI.md has it.
struct RunReport {
  std::string run_id;
  uint64_t seed = 0;
  worlds::inbox::InboxReport figures;
  LoopState loop;
  uint64_t steps_logged = 0;
  std::vector<worlds::inbox::SkippedGroup> skipped;
  double total_seconds = 0.0;
  /// The true account by position and what it is of, for checks beyond the report.
  std::shared_ptr<const worlds::inbox::InboxLedger> ledger;
  worlds::inbox::InboxReplay replay;

  std::string to_json() const;
};

/// Replays the inbox through the whole loop in a home folder and reports. A run that was killed goes
/// on where it was; one that had ended gives its report again.
/// Errors: kRefused when the home holds a run with other settings, or another process uses it;
/// kNotFound for a missing corpus; kInterrupted when `stop` was requested (the run can go on later).
/// Thread-safety: `on_progress` is called on the calling thread.
Result<RunReport> run_inbox(const InboxRunOptions& options, FileSystem& files, const Clock& clock,
                            const std::function<void(const RunProgress&)>& on_progress,
                            const std::stop_token& stop);

}  // namespace thunderline::thunderchief
