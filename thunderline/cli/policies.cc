#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/governance_session.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderchief/governance/policy_audit.h"
#include "thunderline/thunderchief/governance/policy_store.h"
#include "thunderline/thunderchief/governance/utc_text.h"

namespace thunderline::cli {
namespace {

namespace chief = thunderchief;

/// The home's policies with the log that every change goes into.
struct Books {
  static Result<Books> open(const Session& session) {
    TL_ASSIGN_OR_RETURN(chief::PolicyStore store,
                        chief::PolicyStore::open(session.files, session.home));
    TL_ASSIGN_OR_RETURN(chief::AuditLog log,
                        chief::AuditLog::open(session.files, session.clock,
                                              {.folder = chief::audit_folder(session.home)}));
    // First, so that nothing is changed that could not be audited.
    TL_RETURN_IF_ERROR(audit_store(store, log));
    return Books{std::move(store), std::move(log)};
  }

  chief::PolicyStore store;
  chief::AuditLog log;
};

bool has_store(const Session& session) {
  return session.files.exists(join_path(session.home, "state.db"));
}

/// Nothing is made by looking: a home without a store has the default policy.
Result<chief::StoredPolicy> active_policy(const Session& session) {
  if (!has_store(session)) {
    chief::StoredPolicy standard;
    standard.toml = chief::to_toml({});
    return standard;
  }
  TL_ASSIGN_OR_RETURN(chief::PolicyStore store,
                      chief::PolicyStore::open(session.files, session.home));
  return store.active();
}

std::string version_text(const chief::StoredPolicy& stored) {
  if (stored.version == 0) return "the default, which nobody has changed";
  return "version " + std::to_string(stored.version) + ", set by " + stored.who + " at " +
         chief::utc_text(stored.set_unix_ms) + (stored.why.empty() ? "" : ": " + stored.why);
}

Result<OrderedJson> policy_document(const chief::StoredPolicy& stored) {
  TL_ASSIGN_OR_RETURN(const chief::GovernancePolicy policy,
                      chief::parse_policy(stored.toml, "policy " + std::to_string(stored.version)));
  OrderedJson json = {{"version", stored.version}, {"who", stored.who}, {"why", stored.why}};
  json["set_unix_ms"] = stored.set_unix_ms;
  TL_ASSIGN_OR_RETURN(json["policy"], parse_ordered_json(chief::to_json(policy), "policy"));
  return json;
}

Status show_history(const Session& session) {
  std::vector<chief::StoredPolicy> versions;
  if (has_store(session)) {
    TL_ASSIGN_OR_RETURN(chief::PolicyStore store,
                        chief::PolicyStore::open(session.files, session.home));
    TL_ASSIGN_OR_RETURN(versions, store.history());
  }
  OrderedJson list = OrderedJson::array();
  std::string text = "the default, which nobody has changed";
  for (const chief::StoredPolicy& stored : versions) {
    TL_ASSIGN_OR_RETURN(OrderedJson document, policy_document(stored));
    list.push_back(std::move(document));
    text += "\n" + version_text(stored);
  }
  return print_line(session.json ? dump_json(OrderedJson{{"policies", std::move(list)}}) : text);
}

Status show_policy(const Session& session, bool history) {
  if (history) return show_history(session);
  TL_ASSIGN_OR_RETURN(const chief::StoredPolicy active, active_policy(session));
  TL_ASSIGN_OR_RETURN(const OrderedJson document, policy_document(active));
  if (session.json) return print_line(dump_json(document));
  return print_line("# " + version_text(active) + "\n" + active.toml);
}

Status check_policy(const Session& session, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const chief::GovernancePolicy policy,
                      chief::read_policy(session.files, path));
  if (session.json) {
    TL_ASSIGN_OR_RETURN(const OrderedJson document,
                        parse_ordered_json(chief::to_json(policy), path));
    return print_line(dump_json(OrderedJson{{"file", path}, {"ok", true}, {"policy", document}}));
  }
  return print_line(path + " is a policy: " + policy.name);
}

Status put_policy(const Session& session, Books& books, const chief::GovernancePolicy& policy,
                  const std::string& why) {
  TL_ASSIGN_OR_RETURN(const int64_t version,
                      books.store.put(policy, user_name(), why, session.clock.unix_ms()));
  TL_RETURN_IF_ERROR(audit_store(books.store, books.log));
  if (session.json) {
    TL_ASSIGN_OR_RETURN(const chief::StoredPolicy active, books.store.active());
    TL_ASSIGN_OR_RETURN(const OrderedJson document, policy_document(active));
    return print_line(dump_json(document));
  }
  return print_line("policy " + policy.name + " is in force as version " + std::to_string(version));
}

Status set_value(const Session& session, const std::string& key, const std::string& value,
                 const std::string& why) {
  TL_ASSIGN_OR_RETURN(const chief::StoredPolicy before, active_policy(session));
  TL_ASSIGN_OR_RETURN(chief::GovernancePolicy policy,
                      chief::parse_policy(before.toml, "policy " + std::to_string(before.version)));
  TL_RETURN_IF_ERROR(chief::set_policy_value(policy, key, value));
  TL_ASSIGN_OR_RETURN(Books books, Books::open(session));
  return put_policy(session, books, policy, why);
}

Status apply_policy(const Session& session, const std::string& path, const std::string& why) {
  TL_ASSIGN_OR_RETURN(const chief::GovernancePolicy policy,
                      chief::read_policy(session.files, path));
  TL_ASSIGN_OR_RETURN(Books books, Books::open(session));
  return put_policy(session, books, policy, why);
}

Status list_requests(const Session& session) {
  OrderedJson list = OrderedJson::array();
  Table table({"REQUEST", "STATE", "DEADLINE", "BY", "WHY IT IS HELD"});
  if (has_store(session)) {
    TL_ASSIGN_OR_RETURN(chief::PolicyStore store,
                        chief::PolicyStore::open(session.files, session.home));
    TL_ASSIGN_OR_RETURN(const auto holds, store.requests());
    for (const chief::DeployHold& hold : holds) {
      list.push_back({{"id", hold.id},
                      {"model", hold.model},
                      {"version", hold.version},
                      {"state", hold_state_name(hold.state)},
                      {"reason", hold.reason},
                      {"opened_unix_ms", hold.opened_unix_ms},
                      {"deadline_unix_ms", hold.deadline_unix_ms},
                      {"who", hold.who},
                      {"why", hold.why}});
      table.add({hold.id, hold_state_name(hold.state), chief::utc_text(hold.deadline_unix_ms),
                 hold.who, hold.reason});
    }
  }
  if (session.json) return print_line(dump_json(OrderedJson{{"requests", std::move(list)}}));
  return print_line(list.empty() ? "no deployment waits or waited for approval" : table.text());
}

Status answer(const Session& session, const std::string& id, bool approve, const std::string& why) {
  if (!has_store(session)) {
    return fail(ErrorCode::kNotFound, "there is no such request", id,
                "thunderline policies requests lists them");
  }
  TL_ASSIGN_OR_RETURN(Books books, Books::open(session));
  const Status decided = books.store.decide(id, approve, user_name(), why, session.clock.unix_ms());
  // Also when it came too late: then the deadline has decided.
  TL_RETURN_IF_ERROR(audit_store(books.store, books.log));
  TL_RETURN_IF_ERROR(decided);
  const char* state = approve ? "approved" : "denied";
  if (session.json) return print_line(dump_json(OrderedJson{{"id", id}, {"state", state}}));
  return print_line(id + " " + state);
}

/// What the commands' arguments are read into.
struct PolicyArguments {
  std::string first;
  std::string second;
  std::string why;
  bool history = false;
};
using Arguments = std::shared_ptr<PolicyArguments>;

Command add_command(Command parent, Session& session, const char* name, const char* help,
                    const char* example, const Arguments& arguments,
                    std::function<Status(const PolicyArguments&)> action) {
  Command command = parent.add_subcommand(name, help);
  command.footer(std::string("Example:\n  thunderline policies ") + example);
  command.callback([&session, arguments, action] {
    session.action = [arguments, action] { return action(*arguments); };
  });
  return command;
}

void add_why(Command command, const Arguments& arguments) {
  command.add_option("--why", arguments->why, "The reason, for the audit log").type_name("TEXT");
}

void add_reading(Command parent, Session& session, const Arguments& arguments) {
  add_command(parent, session, "show", "The policy in force", "show", arguments,
              [&session](const PolicyArguments& a) { return show_policy(session, a.history); })
      .add_flag("--history", arguments->history, "Every version there was");
  add_command(parent, session, "check", "Says whether a file is a policy", "check strict.toml",
              arguments,
              [&session](const PolicyArguments& a) { return check_policy(session, a.first); })
      .add_option("file", arguments->first, "The policy")
      .required()
      .type_name("FILE");
  add_command(parent, session, "requests", "Deployments that wait for approval, or did",
              "requests --json", arguments,
              [&session](const PolicyArguments&) { return list_requests(session); });
}

void add_writing(Command parent, Session& session, const Arguments& arguments) {
  Command set = add_command(parent, session, "set", "Changes one value of the policy in force",
                            "set margins.min_reward_z 3.0 --why 'two bad weeks'", arguments,
                            [&session](const PolicyArguments& a) {
                              return set_value(session, a.first, a.second, a.why);
                            });
  set.add_option("key", arguments->first, "Its dotted name").required().type_name("KEY");
  set.add_option("value", arguments->second, "As in a policy file").required().type_name("VALUE");
  add_why(set, arguments);
  Command apply = add_command(
      parent, session, "apply", "Puts a policy file into force", "apply strict.toml", arguments,
      [&session](const PolicyArguments& a) { return apply_policy(session, a.first, a.why); });
  apply.add_option("file", arguments->first, "The policy").required().type_name("FILE");
  add_why(apply, arguments);
  for (const bool approve : {true, false}) {
    Command command =
        add_command(parent, session, approve ? "approve" : "deny",
                    approve ? "Lets a deployment on hold pass" : "Refuses a deployment on hold",
                    approve ? "approve agent_scoring-3-1f00a2b4" : "deny agent_scoring-3-1f00a2b4",
                    arguments, [&session, approve](const PolicyArguments& a) {
                      return answer(session, a.first, approve, a.why);
                    });
    command.add_option("id", arguments->first, "The request").required().type_name("ID");
    add_why(command, arguments);
  }
}

}  // namespace

void add_policies(Command app, Session& session) {
  Command command = app.add_subcommand("policies", "The rules that models are deployed by");
  command.require_subcommand();
  command.footer("Example:\n  thunderline policies show");
  const auto arguments = std::make_shared<PolicyArguments>();
  add_reading(command, session, arguments);
  add_writing(command, session, arguments);
}

}  // namespace thunderline::cli
