
#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

Status print_version(const Session& session) {
  if (session.json) return print_line(dump_json(OrderedJson{{"version", THUNDERLINE_VERSION}}));
  return print_line("thunderline " THUNDERLINE_VERSION);
}

}  // namespace

void add_version(Command app, Session& session) {
  Command command = app.add_subcommand("version", "Prints the version");
  command.footer("Example:\n  thunderline version --json");
  command.callback([&session] { session.action = [&session] { return print_version(session); }; });
}

}  // namespace thunderline::cli
