#pragma once

#include <optional>
#include <string>

#include "thunderline/base/result.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/study_settings.h"

namespace thunderline::cli {

/// What the actions of `studies` are told; each uses what it needs.
struct StudyArguments {
  std::optional<std::string> storage;
  std::string name;
  std::string file;                  ///< enqueue: parameters; ask: the search space.
  int trial = 0;
  int64_t step = 0;
  std::optional<std::string> value;  ///< A number.
  std::optional<std::string> state;  ///< tell: fail or pruned.
  StudyFlags flags;
};

Status list_studies(const Session& session, const StudyArguments& arguments);
Status show_study(const Session& session, const StudyArguments& arguments);
Status best_of_study(const Session& session, const StudyArguments& arguments);
Status export_study(const Session& session, const StudyArguments& arguments);
Status create_named_study(const Session& session, const StudyArguments& arguments);
Status delete_study(const Session& session, const StudyArguments& arguments);
Status enqueue_trials(const Session& session, const StudyArguments& arguments);
Status ask_study(const Session& session, const StudyArguments& arguments);
Status tell_study(const Session& session, const StudyArguments& arguments);
Status report_to_study(const Session& session, const StudyArguments& arguments);

}  // namespace thunderline::cli
