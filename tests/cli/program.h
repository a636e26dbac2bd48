#pragma once

#include <string>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/base/npz.h"
#include "tests/support/temp_folder.h"

namespace thunderline::testing {

/// What a run of the program gave.
struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;

  /// stdout as one JSON document; null, and a failed test, where it is none.
  Json json() const;
};

/// Runs the real binary in a folder of its own. Thread-safety: one thread.
class Program {
 public:
  Finished run(const std::vector<std::string>& arguments, const std::string& input = "",
               const std::string& environment = "") const;

  /// A path in the folder.
  std::string path(const std::string& name) const { return folder_.path(name); }

  void write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const;

  /// Writes x [rows, 3] and y [rows, 1]: whether the first column is the larger of two.
  void write_data(const std::string& name, int64_t rows = 64) const;

  /// Builds and trains a small model: trained.keras, with data d.npz.
  void train_model() const;

 private:
  TempFolder folder_;
};

/// Expects the exit code, one error line on stderr, and the same as JSON on stdout.
void expect_json_error(const Finished& finished, int exit_code, const std::string& code);

}  // namespace thunderline::testing
