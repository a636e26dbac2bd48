#include <charconv>
#include <memory>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/model_commands.h"
#include "thunderline/cli/model_summary.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderbolt/ml/model_repository.h"

namespace thunderline::cli {
namespace {

namespace bolt = thunderbolt;

const char* state_text(const bolt::VersionEntry& entry) {
  if (entry.state == bolt::VersionEntry::State::kBroken) return "broken";
  return entry.current ? "current" : "available";
}

Status list_models(const Session& session) {
  const bolt::ModelRepository repository(session.files, model_root(session));
  TL_ASSIGN_OR_RETURN(const std::vector<std::string> names, repository.names());
  OrderedJson list = OrderedJson::array();
  Table table({"MODEL", "VERSION", "STATE", "PARAMETERS", "SOURCE"});
  for (const std::string& name : names) {
    TL_ASSIGN_OR_RETURN(const std::vector<bolt::VersionEntry> entries, repository.list(name));
    for (const bolt::VersionEntry& entry : entries) {
      list.push_back({{"name", name},
                      {"version", entry.version},
                      {"state", state_text(entry)},
                      {"reason", entry.reason},
                      {"source", entry.metadata.source}});
      table.add({name, std::to_string(entry.version), state_text(entry),
                 std::to_string(entry.metadata.parameters),
                 entry.reason.empty() ? entry.metadata.source : entry.reason});
    }
  }
  if (session.json) return print_line(dump_json(OrderedJson{{"models", std::move(list)}}));
  return print_line(list.empty() ? "no models in " + repository.root() : table.text());
}

Status show_archive(const Session& session, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const cerebros::keras::Model model,
                      cerebros::keras::load_keras(session.files, path, {.for_inference = true}));
  return print_line(session.json ? summary_json(model) : summary_table(model));
}

/// The version behind the slash, or the current one.
Result<int64_t> version_of(const bolt::ModelRepository& repository, const std::string& name,
                           const std::string& text) {
  if (text.empty()) {
    TL_ASSIGN_OR_RETURN(const bolt::CurrentPointer current, repository.current(name));
    if (current.version > 0) return current.version;
    TL_ASSIGN_OR_RETURN(const std::vector<int64_t> versions, repository.versions(name));
    if (!versions.empty()) return versions.back();
    return fail(ErrorCode::kNotFound, "the model has no versions", name);
  }
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size() && version > 0) return version;
  return fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is no version", name,
              "write NAME or NAME/VERSION");
}

void add_values(const OrderedJson& object, const std::string& prefix, Table& table) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      add_values(value, prefix + key + ".", table);
    } else {
      table.add({prefix + key, value.is_string() ? value.get<std::string>() : dump_json(value)});
    }
  }
}

Status show_model(const Session& session, const std::string& what) {
  if (what.ends_with(".keras")) return show_archive(session, what);
  const size_t slash = what.find('/');
  const std::string name = what.substr(0, slash);
  TL_RETURN_IF_ERROR(bolt::ModelRepository::check_name(name));
  const bolt::ModelRepository repository(session.files, model_root(session));
  TL_RETURN_IF_ERROR(repository.versions(name));
  TL_ASSIGN_OR_RETURN(
      const int64_t version,
      version_of(repository, name, slash == what.npos ? "" : what.substr(slash + 1)));
  TL_ASSIGN_OR_RETURN(const bolt::StoredModel stored, repository.read(name, version));
  const std::string text = stored.metadata.to_json();
  TL_ASSIGN_OR_RETURN(const OrderedJson document, parse_ordered_json(text, stored.path));
  if (session.json) return print_line(dump_json(document));
  Table table({"WHAT", "VALUE"});
  add_values(document, "", table);
  return print_line(table.text());
}

struct ModelArguments {
  std::string subject;
  std::string name;
};

using ModelAction = Status (*)(const Session&, const std::string&);

/// A command that takes one argument.
void add_action(Command parent, Session& session, const char* name, const char* help,
                const char* argument, const char* example, ModelAction action) {
  Command command = parent.add_subcommand(name, help);
  command.footer(std::string("Example:\n  thunderline models ") + example);
  auto subject = std::make_shared<std::string>();
  command.add_option("subject", *subject, "").required().type_name(argument);
  command.callback([&session, subject, action] {
    session.action = [&session, subject, action] { return action(session, *subject); };
  });
}

void add_deploy(Command parent, Session& session) {
  Command command = parent.add_subcommand("deploy", "Checks a model and puts it into service");
  command.footer("Example:\n  thunderline models deploy model.onnx --name scorer");
  auto arguments = std::make_shared<ModelArguments>();
  command.add_option("model", arguments->subject, "The model").required().type_name("MODEL.onnx");
  command.add_option("--name", arguments->name, "Under which it serves").required();
  command.callback([&session, arguments] {
    session.action = [&session, arguments] {
      return deploy_model(session, arguments->subject, arguments->name);
    };
  });
}

}  // namespace

void add_models(Command app, Session& session) {
  Command command = app.add_subcommand("models", "The models that a deployment serves");
  command.require_subcommand();
  command.footer("Example:\n  thunderline models list");
  Command list = command.add_subcommand("list", "Every version of every model");
  list.footer("Example:\n  thunderline models list --json");
  list.callback([&session] { session.action = [&session] { return list_models(session); }; });
  add_action(command, session, "show", "What is known of a model", "NAME[/VERSION]|MODEL.keras",
             "show scorer/2", show_model);
  add_deploy(command, session);
  add_action(command, session, "rollback", "Puts the version before back into service", "NAME",
             "rollback scorer", rollback_model);
  add_action(command, session, "verify", "Checks an ONNX file and runs it once", "MODEL.onnx",
             "verify model.onnx", verify_model);
}

}  // namespace thunderline::cli
