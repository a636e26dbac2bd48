#pragma once

#include <functional>
#include <initializer_list>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace thunderline::cli {

/// What is said of a flag or an argument beside its name. A handle, as long-lived as the parser's.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required();
  /// What the help calls its value: "FILE.json".
  Option type_name(const std::string& name);
  /// The help shows the value that the target has now.
  Option capture_default_str();
  Option one_of(std::initializer_list<const char*> values);
  /// Both ends belong to it.
  Option range(int low, int high);
  Option range(double low, double high);

 private:
  CLI::Option* option_;
};

/// A command with its flags and its own commands. It hides the parser (CLI11), which is a header
/// that takes the compiler seconds a file. A handle, as long-lived as the parser's.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  Command add_subcommand(const std::string& name, const std::string& help);
  /// A flag with a value ("--seed") or a positional argument ("model"), kept in `target`, which
  /// outlives the parsing. T: text, whole and real numbers, std::optional of them, a list of texts;
  /// the end of command_line.cc has them all. What is unsigned takes no sign.
  template <typename T>
  Option add_option(const std::string& name, T& target, const std::string& help);
  Option add_flag(const std::string& name, bool& target, const std::string& help);
  /// Printed below the help: the example.
  void footer(const std::string& text);
  /// It takes one of its own commands.
  void require_subcommand();
  /// Called when the command line chooses this command.
  void callback(std::function<void()> chosen);

 private:
  CLI::App* app_;
};

}  // namespace thunderline::cli
