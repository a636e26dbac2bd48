#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderchief/governance/audit_log.h"

namespace thunderline::cli {
namespace {

namespace chief = thunderchief;

OrderedJson entry_json(uint64_t number, const chief::AuditEntry& entry) {
  return {{"n", number},          {"time", entry.time},       {"who", entry.who},
          {"what", entry.what},   {"subject", entry.subject}, {"before", entry.before},
          {"after", entry.after}, {"why", entry.why},         {"key", entry.key}};
}

std::string change_text(const chief::AuditEntry& entry) {
  if (entry.before.empty() && entry.after.empty()) return "";
  return entry.before + " → " + entry.after;
}

Status show_audit(const Session& session, uint64_t limit) {
  TL_ASSIGN_OR_RETURN(const auto entries,
                      chief::read_audit(session.files, chief::audit_folder(session.home)));
  const size_t first = limit > 0 && entries.size() > limit ? entries.size() - limit : 0;
  OrderedJson list = OrderedJson::array();
  Table table({"N", "TIME", "WHO", "WHAT", "SUBJECT", "CHANGE", "WHY"});
  for (size_t i = first; i < entries.size(); ++i) {
    const chief::AuditEntry& entry = entries[i];
    list.push_back(entry_json(i + 1, entry));
    table.add({std::to_string(i + 1), entry.time, entry.who, entry.what, entry.subject,
               change_text(entry), entry.why});
  }
  if (session.json) return print_line(dump_json(OrderedJson{{"entries", std::move(list)}}));
  return print_line(entries.empty() ? "nothing was audited yet in " + session.home : table.text());
}

Status verify_log(Session& session, const std::string& expected_head) {
  const std::string folder = chief::audit_folder(session.home);
  TL_ASSIGN_OR_RETURN(chief::AuditReport report, chief::verify_audit(session.files, folder));
  if (!report.fault && !expected_head.empty() && report.head_hash != expected_head) {
    report.fault = {report.lines, "changed", "the last entry is not the one that was noted"};
  }
  if (session.json) {
    OrderedJson json = {{"ok", !report.fault},
                        {"lines", report.lines},
                        {"head", report.head_hash},
                        {"unfinished_bytes", report.unfinished_bytes},
                        {"fault", nullptr}};
    if (report.fault) {
      json["fault"] = {{"line", report.fault->line},
                       {"kind", report.fault->kind},
                       {"message", report.fault->message}};
    }
    TL_RETURN_IF_ERROR(print_line(dump_json(json)));
    session.printed = true;
  }
  if (report.fault) {
    return fail(ErrorCode::kBadData,
                "the audit log is not as it was written: " + report.fault->message,
                join_path(folder, "log.jsonl") + " line " + std::to_string(report.fault->line),
                "compare it with a copy; the lines before that one are as they were written");
  }
  if (session.json) return {};
  std::string text = std::to_string(report.lines) +
                     " lines, all as they were written; the last is " + report.head_hash;
  if (report.unfinished_bytes > 0) {
    text += "\n" + std::to_string(report.unfinished_bytes) +
            " bytes of an unfinished line at the end, which the next entry will replace";
  }
  return print_line(text);
}

}  // namespace

void add_audit(Command app, Session& session) {
  Command command = app.add_subcommand("audit", "Who decided what, and why");
  command.require_subcommand();
  command.footer("Example:\n  thunderline audit show");

  Command show = command.add_subcommand("show", "The entries, oldest first");
  auto limit = std::make_shared<uint64_t>(0);
  show.add_option("--limit", *limit, "Only the newest so many (0: all)").type_name("N");
  show.footer("Example:\n  thunderline audit show --limit 20");
  show.callback([&session, limit] {
    session.action = [&session, limit] { return show_audit(session, *limit); };
  });

  Command verify = command.add_subcommand("verify", "Checks that no line was tampered with");
  auto head = std::make_shared<std::string>();
  verify.add_option("--head", *head, "Hash of the last entry, as it was noted elsewhere")
      .type_name("HASH");
  verify.footer("Example:\n  thunderline audit verify");
  verify.callback([&session, head] {
    session.action = [&session, head] { return verify_log(session, *head); };
  });
}

}  // namespace thunderline::cli
