#include "thunderline/cli/option_defaults.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "thunderline/cli/config_file.h"

namespace thunderline::cli {
namespace {

constexpr const char* kDefaultConfig = "./thunderline.toml";

/// The flags of every command that take a value: their values are no command names.
bool takes_value(const std::string& argument) {
  return argument == "--home" || argument == "--config";
}

/// The command of this name, or null.
CLI::App* find_command(CLI::App& app, const std::string& name) {
  const std::vector<CLI::App*> found = app.get_subcommands(
      [&](const CLI::App* command) { return command->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

/// The app, the command and its own command, as far as the arguments name them.
std::vector<CLI::App*> chosen_apps(CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<CLI::App*> chosen = {&app};
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (takes_value(arguments[i])) {
      ++i;
    } else if (!arguments[i].starts_with('-')) {
      CLI::App* next = find_command(*chosen.back(), arguments[i]);
      if (next == nullptr) break;
      chosen.push_back(next);
    }
  }
  return chosen;
}

std::string config_path(const std::vector<std::string>& arguments, FileSystem& files) {
  static const std::string kFlag = "--config";
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == kFlag && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with(kFlag + "=")) return arguments[i].substr(kFlag.size() + 1);
  }
  const char* named = std::getenv("THUNDERLINE_CONFIG");
  if (named != nullptr && *named != '\0') return named;
  return files.exists(kDefaultConfig) ? kDefaultConfig : "";
}

/// A flag that the file and the environment may set.
CLI::Option* find_option(CLI::App& app, const std::string& name) {
  if (name == "help" || name == "config") return nullptr;
  return app.get_option_no_throw("--" + name);
}

Status set_default(CLI::Option& option, const std::string& value, const std::string& where) {
  try {
    option.run_callback_for_default();
    option.default_val(value);
    option.required(false);
    return {};
  } catch (const CLI::Error& error) {
    return fail(ErrorCode::kInvalidArgument, error.what(), where,
                "correct or remove the value \"" + value + "\"");
  }
}

Status apply_entry(CLI::App& app, const ConfigEntry& entry, const std::vector<CLI::App*>& chosen) {
  CLI::App* owner = &app;
  for (const std::string& name : entry.command) {
    owner = find_command(*owner, name);
    if (owner == nullptr) {
      return fail(ErrorCode::kInvalidArgument, "the table \"" + name + "\" is no command",
                  entry.where, "thunderline --help lists the commands");
    }
  }
  CLI::Option* option = find_option(*owner, entry.key);
  if (option == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "unknown key \"" + entry.key + "\"", entry.where,
                "keys are flags without their dashes, in the table of their command");
  }
  if (std::find(chosen.begin(), chosen.end(), owner) == chosen.end()) return {};
  return set_default(*option, entry.value, entry.where);
}

std::string environment_name(std::string flag) {
  for (char& c : flag) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return "THUNDERLINE_" + flag;
}

Status apply_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    for (const std::string& flag : option->get_lnames()) {
      const std::string name = environment_name(flag);
      const char* value = std::getenv(name.c_str());
      if (value == nullptr || find_option(app, flag) == nullptr) continue;
      TL_RETURN_IF_ERROR(set_default(*option, value, name));
    }
  }
  return {};
}

}  // namespace

Status apply_option_defaults(CLI::App& app, const std::vector<std::string>& arguments,
                             FileSystem& files) {
  const std::vector<CLI::App*> chosen = chosen_apps(app, arguments);
  if (const std::string path = config_path(arguments, files); !path.empty()) {
    TL_ASSIGN_OR_RETURN(const std::vector<ConfigEntry> entries, read_config(files, path));
    for (const ConfigEntry& entry : entries) {
      TL_RETURN_IF_ERROR(apply_entry(app, entry, chosen));
    }
  }
  for (CLI::App* chosen_app : chosen) TL_RETURN_IF_ERROR(apply_environment(*chosen_app));
  return {};
}

}  // namespace thunderline::cli
