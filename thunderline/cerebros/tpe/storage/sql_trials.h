#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/frozen_trial.h"
#include "thunderline/cerebros/tpe/storage/sql_connection.h"

namespace thunderline::cerebros::tpe {

/// Reads trials, and keeps those that are finished: they never change.
/// Not thread-safe; must not outlive its connection.
class SqlTrials {
 public:
  explicit SqlTrials(SqlConnection& connection) : connection_(connection) {}

  /// All trials of a study by number. Errors: kNotFound; kBadData for rows that make no sense.
  Result<std::vector<TrialPtr>> read(int64_t study);

  /// The row of a trial that `read` gave. Precondition: it did.
  int64_t trial_id(int64_t study, int number) const;

  /// Forgets what was kept: a transaction was rolled back.
  void forget() { studies_.clear(); }

 private:
  struct Kept {
    std::string name;
    std::vector<TrialPtr> trials;
    std::vector<int64_t> ids;
    std::vector<size_t> open;  ///< Places of the trials that are not finished.
  };

  Result<Kept*> kept_for(int64_t study);
  Status read_rows(int64_t study, Kept& kept);

  SqlConnection& connection_;
  std::map<int64_t, Kept> studies_;
};

/// The number in a pair of columns (value, type): NULL with NAN, INF_POS or INF_NEG, or FINITE.
double stored_number(const SqlValue& value, const SqlValue& type);

/// The pair for a number. `nan_type`: the name of NaN.
std::pair<SqlValue, SqlValue> number_to_store(double number);

/// "RUNNING" and so on.
const char* stored_state(TrialState state);

}  // namespace thunderline::cerebros::tpe
