#pragma once

#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"

namespace CLI {
class App;
}

namespace thunderline::cli {

/// Gives the options of the command that `arguments` choose the values of the configuration file
/// (`--config`, else ./thunderline.toml where there is one) and, over them, of the environment
/// (`THUNDERLINE_BATCH_SIZE` for `--batch-size`). The command line, parsed after it, goes over both.
/// Errors: those of `read_config`; kInvalidArgument for a key or value that is not known.
Status apply_option_defaults(CLI::App& app, const std::vector<std::string>& arguments,
                             FileSystem& files);

}  // namespace thunderline::cli
