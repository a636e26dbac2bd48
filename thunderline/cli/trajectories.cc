#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/trajectory_commands.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"
#include "thunderline/thunderbolt/training/minari_export.h"
#include "thunderline/thunderbolt/training/trajectory_export.h"

namespace thunderline::cli {
namespace {

namespace bolt = thunderbolt;

OrderedJson json_of(const bolt::RecordCounts& counts) {
  return {{"steps", counts.steps},
          {"outcomes", counts.outcomes},
          {"chief_steps", counts.chief_steps},
          {"transitions", counts.transitions},
          {"events", counts.events}};
}

void add_rows(Table& table, const bolt::RecordCounts& counts) {
  table.add({"steps", std::to_string(counts.steps)});
  table.add({"outcomes", std::to_string(counts.outcomes)});
  table.add({"chief steps", std::to_string(counts.chief_steps)});
  table.add({"transitions", std::to_string(counts.transitions)});
  table.add({"events", std::to_string(counts.events)});
}

Status print_stats(const Session& session) {
  TL_ASSIGN_OR_RETURN(const auto log, open_log(session, LogUse::kRead));
  TL_ASSIGN_OR_RETURN(const bolt::LogStats stats, log->stats());
  if (session.json) {
    return print_line(dump_json(OrderedJson{{"records", json_of(stats.records)},
                                            {"open_steps", stats.open_steps},
                                            {"steps_by_source", stats.steps_by_source},
                                            {"first_sequence", stats.first_sequence},
                                            {"last_sequence", stats.last_sequence},
                                            {"size_bytes", stats.size_bytes},
                                            {"segments", stats.segments},
                                            {"damaged_places", stats.damaged_places}}));
  }
  Table table({"WHAT", "VALUE"});
  add_rows(table, stats.records);
  table.add({"open steps", std::to_string(stats.open_steps)});
  for (const auto& [source, count] : stats.steps_by_source) {
    table.add({"steps of " + source, std::to_string(count)});
  }
  table.add({"size", size_text(stats.size_bytes)});
  table.add({"segments", std::to_string(stats.segments)});
  table.add({"damaged places", std::to_string(stats.damaged_places)});
  return print_line(table.text());
}

struct ExportOptions {
  std::string format;
  std::string output;
  bolt::ReplayOptions filter;
};

Result<uint64_t> write_export(const Session& session, const ExportOptions& options) {
  TL_ASSIGN_OR_RETURN(const auto log, open_log(session, LogUse::kRead));
  if (options.format == "jsonl") {
    return bolt::export_jsonl_file(*log, options.filter, session.files, options.output);
  }
  if (options.format == "minari") {
    TL_ASSIGN_OR_RETURN(const bolt::MinariReport report,
                        bolt::export_minari(*log, options.filter, session.files, options.output));
    return report.steps;
  }
  TL_ASSIGN_OR_RETURN(const NpzArrays arrays, bolt::export_arrays(*log, options.filter));
  TL_RETURN_IF_ERROR(write_npz(session.files, options.output, arrays));
  return static_cast<uint64_t>(arrays.at("action").size());
}

Status export_steps(const Session& session, const ExportOptions& options) {
  TL_ASSIGN_OR_RETURN(const uint64_t steps, write_export(session, options));
  if (session.json) {
    return print_line(dump_json(
        OrderedJson{{"output", options.output}, {"format", options.format}, {"steps", steps}}));
  }
  return print_line("wrote " + std::to_string(steps) + " steps to " + options.output);
}

Status verify(Session& session) {
  TL_ASSIGN_OR_RETURN(const std::string folder, existing_log(session));
  TL_ASSIGN_OR_RETURN(const bolt::VerifyReport report,
                      bolt::verify_trajectory_log(session.files, folder));
  OrderedJson damage = OrderedJson::array();
  for (const bolt::Damage& place : report.damage) damage.push_back(bolt::to_string(place));
  if (session.json) {
    TL_RETURN_IF_ERROR(print_line(dump_json(OrderedJson{{"sound", report.is_sound()},
                                                        {"records", json_of(report.records)},
                                                        {"segments", report.segments},
                                                        {"size_bytes", report.size_bytes},
                                                        {"first_sequence", report.first_sequence},
                                                        {"last_sequence", report.last_sequence},
                                                        {"torn_tail_bytes", report.torn_tail_bytes},
                                                        {"sealed", report.sealed},
                                                        {"damage", damage}})));
    session.printed = true;
  } else {
    Table table({"WHAT", "VALUE"});
    add_rows(table, report.records);
    table.add({"segments", std::to_string(report.segments)});
    table.add({"size", size_text(report.size_bytes)});
    table.add({"torn tail", size_text(report.torn_tail_bytes)});
    table.add({"damaged places", std::to_string(report.damage.size())});
    TL_RETURN_IF_ERROR(print_line(table.text()));
    for (const bolt::Damage& place : report.damage) {
      TL_RETURN_IF_ERROR(print_line("damaged: " + bolt::to_string(place)));
    }
  }
  if (report.is_sound()) return {};
  return fail(ErrorCode::kBadData,
              "the log is damaged in " + std::to_string(report.damage.size()) + " places", folder,
              "thunderline trajectories compact keeps what can be read");
}

Status compact(const Session& session) {
  TL_ASSIGN_OR_RETURN(const auto log, open_log(session, LogUse::kRewrite));
  TL_ASSIGN_OR_RETURN(const bolt::CompactReport report, log->compact());
  if (session.json) {
    return print_line(dump_json(OrderedJson{{"removed_segments", report.removed_segments},
                                            {"rewritten_segments", report.rewritten_segments},
                                            {"freed_bytes", report.freed_bytes}}));
  }
  return print_line("removed " + std::to_string(report.removed_segments) + " segments, rewrote " +
                    std::to_string(report.rewritten_segments) + ", freed " +
                    size_text(report.freed_bytes));
}

void add_export(Command parent, Session& session) {
  Command command = parent.add_subcommand("export", "Writes the steps into a file");
  command.footer("Example:\n  thunderline trajectories export --format jsonl --output steps.jsonl");
  auto options = std::make_shared<ExportOptions>();
  command.add_option("--format", options->format, "jsonl, npz or minari (a folder)")
      .required()
      .one_of({"jsonl", "npz", "minari"});
  command.add_option("--output", options->output, "The file or folder")
      .required()
      .type_name("PATH");
  command.add_option("--episode", options->filter.episode, "Steps of this episode only");
  command.add_option("--source", options->filter.source, "Steps of this source only");
  command.callback([&session, options] {
    session.action = [&session, options] { return export_steps(session, *options); };
  });
}

void add_import(Command parent, Session& session) {
  Command command = parent.add_subcommand("import", "Takes steps in, one a line of JSON");
  command.footer("Example:\n  thunderline trajectories import - --ack < steps.jsonl");
  auto options = std::make_shared<ImportCommand>();
  command.add_option("file", options->file, "The steps; - is stdin")
      .required()
      .type_name("FILE.jsonl|-");
  command.add_flag("--ack", options->ack, "Prints each step's id once it is durable");
  command.callback([&session, options] {
    session.action = [&session, options] { return import_steps(session, *options); };
  });
}

void add_replay(Command parent, Session& session) {
  Command command = parent.add_subcommand("replay", "Prints the records in their order");
  command.footer("Example:\n  thunderline trajectories replay --episode 42");
  auto episode = std::make_shared<std::string>();
  command.add_option("--episode", *episode, "Records of this episode only").type_name("ID");
  command.callback([&session, episode] {
    session.action = [&session, episode] { return replay_records(session, *episode); };
  });
}

}  // namespace

void add_trajectories(Command app, Session& session) {
  Command command = app.add_subcommand("trajectories", "The log of what agents did");
  command.require_subcommand();
  command.footer("Example:\n  thunderline trajectories stats");
  const auto add = [&](const char* name, const char* help, auto action) {
    Command child = command.add_subcommand(name, help);
    child.footer(std::string("Example:\n  thunderline trajectories ") + name);
    child.callback(
        [&session, action] { session.action = [&session, action] { return action(session); }; });
  };
  add("stats", "Counts what is in the log", print_stats);
  add_export(command, session);
  add_import(command, session);
  add_replay(command, session);
  add("verify", "Reads the whole log and checks every record; exit 3 when it is damaged", verify);
  add("compact", "Drops what is too old and what is damaged", compact);
}

}  // namespace thunderline::cli
