#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>

#include "thunderline/cli/child_process.h"
#include "thunderline/cli/objective.h"

namespace thunderline::cli {
namespace {

namespace tpe = cerebros::tpe;

/// The value as one word of the shell.
std::string shell_word(const tpe::ParamValue& value) {
  const std::string text = tpe::to_string(value);
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("+-._/:", c) != nullptr;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

template <typename T>
bool parse_number(std::string_view text, T& number) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && !text.empty();
}

/// Reads "report STEP VALUE". False for any other line.
bool parse_report(std::string_view line, int64_t& step, double& value) {
  static constexpr std::string_view kWord = "report ";
  if (!line.starts_with(kWord)) return false;
  line.remove_prefix(kWord.size());
  const size_t space = line.find(' ');
  return space != line.npos && parse_number(line.substr(0, space), step) &&
         parse_number(line.substr(space), value);
}

TrialEnd failed(std::string reason) { return {tpe::TrialState::kFail, {}, std::move(reason)}; }

TrialEnd run_trial(const Session& session, const std::string& command, tpe::Trial& trial,
                   const tpe::Params& params) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : params) {
    environment.push_back("PARAM_" + name + "=" + tpe::to_string(value));
  }
  std::string last;
  bool pruned = false;
  const auto on_line = [&](const std::string& line) {
    int64_t step = 0;
    double value = 0;
    if (!parse_report(line, step, value)) {
      last = line;
      return true;
    }
    pruned = trial.report(step, value) && trial.should_prune().value_or(false);
    return !pruned;
  };
  const auto result =
      run_shell(fill_in(command, params), environment, session.clock, session.stop, on_line);
  if (!result) return failed(to_string(result.error()));
  if (pruned) return {tpe::TrialState::kPruned, {}, ""};
  if (result->stopped) return failed("interrupted");
  if (result->exit_status != 0) {
    return failed("the command ended with status " + std::to_string(result->exit_status));
  }
  double value = 0;
  if (!parse_number(last, value) || std::isnan(value)) {
    return failed("the last line of the command is no number: \"" + last.substr(0, 80) + "\"");
  }
  return {tpe::TrialState::kComplete, value, ""};
}

}  // namespace

std::string fill_in(std::string command, const tpe::Params& params) {
  // In one pass, so that a value is never searched for names itself.
  std::string filled;
  for (size_t at = 0; at < command.size();) {
    const auto named = std::find_if(params.begin(), params.end(), [&](const auto& param) {
      return command.compare(at, param.first.size() + 2, "{" + param.first + "}") == 0;
    });
    if (named == params.end()) {
      filled += command[at++];
    } else {
      filled += shell_word(named->second);
      at += named->first.size() + 2;
    }
  }
  return filled;
}

Objective command_objective(const Session& session, std::string command) {
  return [&session, command = std::move(command)](tpe::Trial& trial, const tpe::Params& params) {
    return run_trial(session, command, trial, params);
  };
}

}  // namespace thunderline::cli
