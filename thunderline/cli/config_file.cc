#include "thunderline/cli/config_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <toml++/toml.h>

namespace thunderline::cli {
namespace {

constexpr uint64_t kMaxConfigBytes = uint64_t{1} << 20;
constexpr const char* kTypesHint = "write a string, a number, true or false, or an array of them";

std::string place(const std::string& path, const toml::source_region& source) {
  return path + " line " + std::to_string(source.begin.line);
}

std::string number_text(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// The value as it would stand on a command line; nothing for dates and tables.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> value_text(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return scalar_text(node);
  std::string text;
  for (const toml::node& element : *array) {
    const auto item = scalar_text(element);
    if (!item) return std::nullopt;
    text += (text.empty() ? "" : ",") + *item;
  }
  return "[" + text + "]";
}

Status collect(const toml::table& table, const std::string& path, std::vector<std::string>& command,
               std::vector<ConfigEntry>& entries) {
  for (const auto& [key, node] : table) {
    std::string name(key.str());
    if (const toml::table* inner = node.as_table()) {
      command.push_back(std::move(name));
      TL_RETURN_IF_ERROR(collect(*inner, path, command, entries));
      command.pop_back();
      continue;
    }
    const std::string where = place(path, node.source());
    auto value = value_text(node);
    if (!value) {
      return fail(ErrorCode::kInvalidArgument, "the key \"" + name + "\" has a value of no use",
                  where, kTypesHint);
    }
    std::replace(name.begin(), name.end(), '_', '-');
    entries.push_back({command, std::move(name), *std::move(value), where});
  }
  return {};
}

}  // namespace

Result<std::vector<ConfigEntry>> read_config(FileSystem& files, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, path, kMaxConfigBytes));
  std::vector<ConfigEntry> entries;
  std::vector<std::string> command;
  try {
    const toml::table table = toml::parse(text, path);
    TL_RETURN_IF_ERROR(collect(table, path, command, entries));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalidArgument, std::string(error.description()),
                place(path, error.source()), "mend the file, or name another one with --config");
  }
  return entries;
}

}  // namespace thunderline::cli
