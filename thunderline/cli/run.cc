#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "thunderline/base/mutex.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/progress.h"
#include "thunderline/thunderchief/inbox_run.h"
#include "thunderline/thunderchief/loop_watch.h"
#include "thunderline/thunderprism/prism_server.h"

namespace thunderline::cli {
namespace {

using thunderchief::InboxRunOptions;
using thunderchief::ModelRecord;
using thunderchief::RunProgress;
using thunderchief::RunReport;
using thunderchief::RunSettings;

/// The flags as they were given.
struct RunFlags {
  std::string world = "inbox";
  std::string data = THUNDERLINE_CORPUS_FOLDER;
  uint64_t seed = 42;
  std::string rate = "max";
  uint64_t limit = 0;
  std::string listen = "127.0.0.1:4040";
  std::string token_file;
  std::vector<std::string> allowed_hosts;
  bool no_web = false;
  bool exit_when_done = false;
  std::string report;
  bool fresh = false;
  double epsilon = 0.02;
  bool placebo = false;
  int jobs = 0;
  std::vector<std::string> settings;
};

Result<double> parse_rate(const std::string& text) {
  if (text == "max") return 0.0;
  char* end = nullptr;
  const double rate = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(rate > 0) || !std::isfinite(rate)) {
    return fail(ErrorCode::kInvalidArgument, "the rate is neither max nor ticks per second",
                "--rate " + text, "give max or a number greater than 0");
  }
  return rate;
}

Result<InboxRunOptions> run_options(const RunFlags& flags, const Session& session) {
  if (flags.world != "inbox") {
    return fail(ErrorCode::kInvalidArgument, "unknown world", "--world " + flags.world,
                "the world that can be replayed is inbox");
  }
  InboxRunOptions options;
  options.home = session.home;
  options.corpus_folder = flags.data;
  options.fresh = flags.fresh;
  TL_ASSIGN_OR_RETURN(options.rate, parse_rate(flags.rate));
  RunSettings& settings = options.settings;
  settings.world.seed = flags.seed;
  settings.world.limit = flags.limit;
  settings.world.placebo = flags.placebo;
  settings.epsilon = flags.epsilon;
  settings.training.jobs =
      flags.jobs > 0 ? flags.jobs : static_cast<int>(std::thread::hardware_concurrency());
  for (const std::string& assignment : flags.settings) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidArgument, "a setting is KEY=VALUE", "--set " + assignment);
    }
    TL_RETURN_IF_ERROR(thunderchief::set_setting(settings, assignment.substr(0, equals),
                                                 assignment.substr(equals + 1)));
  }
  return options;
}

std::string fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string signed_fixed(double value, int digits) {
  return (value < 0 ? "" : "+") + fixed(value, digits);
}

std::string percent(double share) { return fixed(100 * share, 1) + " %"; }

/// "agents score by model 3", or by the heuristic.
std::string scorer_name(const std::string& version) {
  return version == "heuristic" ? version : "model " + version;
}

/// One line of progress, with an estimate of the time left.
class ProgressLine {
 public:
  explicit ProgressLine(const Clock& clock) : clock_(clock), start_(clock.now()) {}

  std::string text(const RunProgress& progress) const {
    const double share = progress.events_in_all == 0
                             ? 0.0
                             : static_cast<double>(progress.loop.events) /
                                   static_cast<double>(progress.events_in_all);
    std::string line = bar(share, 12) + " " + std::to_string(progress.loop.events) + "/" +
                       std::to_string(progress.events_in_all) + " mails · " +
                       scorer_name(progress.loop.model_version) + " · " + stage(progress);
    const std::chrono::duration<double> passed = clock_.now() - start_;
    if (share > 0.05 && share < 1) {
      line += " · " + duration_text(passed.count() * (1 - share) / share) + " left";
    }
    return line;
  }

 private:
  static std::string stage(const RunProgress& progress) {
    if (progress.recovering) return "recovering";
    if (progress.trials == 0) return progress.stage;
    std::string text = progress.stage + " " + std::to_string(progress.trial) + "/" +
                       std::to_string(progress.trials);
    if (progress.best_val_loss) text += " (val_loss " + fixed(*progress.best_val_loss, 4) + ")";
    return text;
  }

  const Clock& clock_;
  const std::chrono::nanoseconds start_;
};

std::string model_line(const ModelRecord& record) {
  return "mail " + std::to_string(record.at_event) + ": model " + std::to_string(record.version) +
         " " + record.decision + ", " + record.reason;
}

std::string figures_table(const RunReport& report) {
  const auto& figures = report.figures;
  Table table({"reward a mail", "all", "last 30 %"});
  const auto add = [&](const std::string& name, const worlds::inbox::PolicyFigures& policy) {
    table.add({name, fixed(policy.mean, 3), fixed(policy.mean_tail, 3)});
  };
  add("deliver all", figures.deliver_all);
  add("start heuristic", figures.baseline);
  add("agents", figures.reward);
  add("oracle", figures.oracle);
  return table.text();
}

std::string models_table(const RunReport& report) {
  Table table({"model", "at mail", "rows", "brier", "auc", "decision"});
  for (const ModelRecord& record : report.loop.models) {
    table.add({std::to_string(record.version), std::to_string(record.at_event),
               std::to_string(record.trained_on), fixed(record.brier, 4), fixed(record.auc, 4),
               record.decision});
  }
  std::string text = table.text();
  for (const ModelRecord& record : report.loop.models) {
    if (record.decision != "deployed") {
      text += "\n  model " + std::to_string(record.version) + ": " + record.reason;
    }
  }
  return text;
}

std::string summary(const RunReport& report) {
  const auto& figures = report.figures;
  const auto& quality = figures.quality_tail;
  const auto& uplift = figures.uplift_tail;
  thunderchief::StageSeconds seconds;
  size_t deployed = 0;
  for (const ModelRecord& record : report.loop.models) {
    seconds.tpe_train += record.seconds.tpe_train;
    seconds.evaluate += record.seconds.evaluate;
    seconds.export_model += record.seconds.export_model + record.seconds.deploy;
    if (record.decision == "deployed") ++deployed;
  }
  std::string text = "The agents earn " + signed_fixed(uplift.mean, 3) +
                     " a mail (95 %: " + signed_fixed(uplift.low, 3) + " to " +
                     signed_fixed(uplift.high, 3) +
                     ") more than the heuristic they began with,\non the last 30 % of " +
                     std::to_string(figures.events) + " mails.\n\n";
  text += figures_table(report) + "\n\n";
  text += "On the last 30 %: " + percent(quality.caught) + " of spam caught, " +
          percent(quality.lost) + " of ham lost, AUC " + fixed(quality.auc, 3) + ", Brier " +
          fixed(quality.brier, 3) + "\n";
  text += std::to_string(figures.decisions) + " decided, " + std::to_string(figures.forced) +
          " expired undecided, " + std::to_string(deployed) + " of " +
          std::to_string(report.loop.models.size()) + " models deployed\n\n";
  if (!report.loop.models.empty()) text += models_table(report) + "\n\n";
  text += thunderchief::observables_text(report.loop.observables, report.loop.alarms) + "\n\n";
  for (const auto& skipped : report.skipped) {
    text += "skipped " + std::to_string(skipped.count) + ": " + skipped.reason + " (" +
            skipped.example + ")\n";
  }
  text += "Time: " + duration_text(report.total_seconds) + " in all, tune and train " +
          duration_text(seconds.tpe_train) + ", evaluate " + duration_text(seconds.evaluate) +
          ", export and deploy " + duration_text(seconds.export_model);
  return text;
}

/// The pages of the run; nothing with --no-web.
Result<std::unique_ptr<thunderprism::PrismServer>> start_pages(
    const Session& session, const RunFlags& flags, std::function<void()> on_opened,
    std::function<void(const RunReport&)> on_finished) {
  if (flags.no_web) return nullptr;
  thunderprism::PrismServer::Options options;
  TL_ASSIGN_OR_RETURN(options.http.listen, thunderprism::parse_listen_address(flags.listen));
  options.access.allowed_hosts = flags.allowed_hosts;
  if (!flags.token_file.empty()) {
    TL_ASSIGN_OR_RETURN(options.access.tokens,
                        thunderprism::read_token_file(session.files, flags.token_file));
  }
  options.version = THUNDERLINE_VERSION;
  options.on_opened = std::move(on_opened);
  options.on_finished = std::move(on_finished);
  return thunderprism::PrismServer::start(std::move(options), session.clock);
}

/// Writes the report where the flags want it.
Status deliver(const Session& session, const RunFlags& flags, const RunReport& report) {
  const std::string json = report.to_json();
  if (!flags.report.empty()) {
    TL_RETURN_IF_ERROR(write_file_atomically(session.files, flags.report, json + "\n"));
  }
  return print_line(session.json ? json : summary(report));
}

/// Returns when the user stops the program.
void wait_for_stop(const std::stop_token& stop) {
  Mutex mutex;
  CondVar stopped;
  const std::stop_callback wake(stop, [&] {
    MutexLock lock(mutex);
    stopped.notify_all();
  });
  MutexLock lock(mutex);
  while (!stop.stop_requested()) stopped.wait(mutex);
}

Status run(Session& session, const RunFlags& flags) {
  TL_ASSIGN_OR_RETURN(InboxRunOptions options, run_options(flags, session));
  Progress progress(session.clock, session.quiet);
  Status delivered;
  const auto on_finished = [&](const RunReport& report) {
    progress.finish();
    delivered = deliver(session, flags, report);
    if (flags.exit_when_done || !delivered) return;
    progress.note("The pages stay up until Ctrl-C.");
    wait_for_stop(session.stop);
  };
  std::unique_ptr<thunderprism::PrismServer> pages;
  // Only once the home is ours: another run's pages may have the address that was asked for.
  const auto on_opened = [&] {
    progress.note("The run's pages: " + pages->url());
    if (thunderprism::browsers_refuse(pages->address().port)) {
      progress.note("Browsers do not open port " + std::to_string(pages->address().port) +
                    " (it is on their list of other services' ports); take another with --listen.");
    }
  };
  TL_ASSIGN_OR_RETURN(pages, start_pages(session, flags, on_opened, on_finished));
  if (pages) options.observer = &pages->observer();
  const ProgressLine line(session.clock);
  size_t told = 0;
  const auto on_progress = [&](const RunProgress& now) {
    for (; told < now.loop.models.size(); ++told) {
      if (!now.recovering) progress.note(model_line(now.loop.models[told]));
    }
    progress.show(line.text(now));
  };
  const auto report =
      thunderchief::run_inbox(options, session.files, session.clock, on_progress, session.stop);
  progress.finish();
  if (!report) return tl::unexpected<Error>(report.error());
  return pages ? delivered : deliver(session, flags, *report);
}

}  // namespace

void add_run(Command app, Session& session) {
  auto flags = std::make_shared<RunFlags>();
  Command command =
      app.add_subcommand("run", "Replays the inbox: agents decide, learn and decide better");
  command.add_option("--world", flags->world, "What is replayed").capture_default_str();
  command.add_option("--data", flags->data, "Folder of the mail corpus").type_name("DIR");
  command.add_option("--seed", flags->seed, "Of everything that chance decides")
      .capture_default_str();
  command.add_option("--rate", flags->rate, "max, or ticks per second").capture_default_str();
  command.add_option("--limit", flags->limit, "Only the first so many mails (0: all)")
      .type_name("EVENTS");
  command.add_option("--listen", flags->listen, "Address of the live pages")
      .type_name("HOST:PORT")
      .capture_default_str();
  command
      .add_option("--token-file", flags->token_file,
                  "Who may use them: lines SCOPE TOKEN, mode 0600")
      .type_name("FILE");
  command.add_option("--allowed-host", flags->allowed_hosts, "Host name of a proxy before them")
      .type_name("NAME");
  command.add_flag("--no-web", flags->no_web, "Without the live pages");
  command.add_flag("--exit-when-done", flags->exit_when_done,
                   "End after the report, not at Ctrl-C");
  command.add_option("--report", flags->report, "Write the report there").type_name("FILE.json");
  command.add_flag("--fresh", flags->fresh, "Put an earlier run aside and begin anew");
  command.add_option("--epsilon", flags->epsilon, "Share of decisions left to chance")
      .capture_default_str();
  command.add_flag("--placebo", flags->placebo, "Permute the labels: nothing can be learned");
  command.add_option("--jobs", flags->jobs, "Trials trained at a time (0: one a core)")
      .capture_default_str();
  command.add_option("--set", flags->settings, "Any setting, e.g. training.trials=10")
      .type_name("KEY=VALUE");
  command.footer("Example:\n  thunderline run --exit-when-done --report r.json");
  command.callback(
      [&session, flags] { session.action = [&session, flags] { return run(session, *flags); }; });
}

}  // namespace thunderline::cli
