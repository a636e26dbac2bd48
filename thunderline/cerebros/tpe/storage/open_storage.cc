#include "thunderline/cerebros/tpe/storage/open_storage.h"

#include <string_view>
#include <utility>

#include "thunderline/cerebros/tpe/storage/memory_storage.h"
#include "thunderline/cerebros/tpe/storage/postgres_connection.h"
#include "thunderline/cerebros/tpe/storage/sql_storage.h"
#include "thunderline/cerebros/tpe/storage/sqlite_connection.h"

namespace thunderline::cerebros::tpe {

Result<std::shared_ptr<StudyStorage>> open_storage(const std::string& url, const Clock& clock,
                                                   bool create) {
  constexpr std::string_view kSqlite = "sqlite:///";
  if (url == "memory") return std::make_shared<MemoryStorage>(&clock);
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size()) {
    TL_ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> connection,
                        open_sqlite_studies(url.substr(kSqlite.size()), create));
    return std::make_shared<SqlStorage>(std::move(connection), clock);
  }
  if (url.starts_with("postgresql://") || url.starts_with("postgresql+")) {
    TL_ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> connection,
                        open_postgres_studies(url, create));
    return std::make_shared<SqlStorage>(std::move(connection), clock);
  }
  return fail(ErrorCode::kInvalidArgument, "unknown storage \"" + url + "\"", "--storage",
              "write sqlite:///FILE.db, postgresql://… or memory");
}

}  // namespace thunderline::cerebros::tpe
