#pragma once

#include <memory>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/storage/study_storage.h"

namespace thunderline::cerebros::tpe {

/// Opens `memory`, `sqlite:///FILE` (three slashes and a relative path, four for an absolute one, as
/// in Optuna) or `postgresql://USER:PASSWORD@HOST/DATABASE`. `create`: make the file, or the
/// database's tables, where they are missing. The clock must outlive the storage.
/// Errors: kInvalidArgument for another URL; those of `open_sqlite_studies` and
/// `open_postgres_studies`.
Result<std::shared_ptr<StudyStorage>> open_storage(const std::string& url, const Clock& clock,
                                                   bool create);

}  // namespace thunderline::cerebros::tpe
