#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"

namespace thunderline::cli {

/// One `key = value` of a thunderline.toml.
struct ConfigEntry {
  std::vector<std::string> command;  ///< Tables around it: {"models", "deploy"}. Empty: every command.
  std::string key;                   ///< A flag without its dashes; `_` was made `-`.
  std::string value;                 ///< As on a command line; arrays as "[a,b]".
  std::string where;                 ///< "thunderline.toml line 3".
};

/// Reads a configuration file: keys at the top are flags of all commands, a table is a command's.
/// Errors: kNotFound, kInvalidArgument for what is no TOML or a value that no flag can have; `where`
/// has the line.
Result<std::vector<ConfigEntry>> read_config(FileSystem& files, const std::string& path);

}  // namespace thunderline::cli
