#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"

namespace thunderline::cli {

/// Writes the text and a line end to stdout, at once. Errors: kUnavailable when nobody reads it.
Status print_line(std::string_view text);

/// `value` with six significant digits, for people.
std::string number_text(double value);

/// "512 B", "1.5 KiB", "3.2 MiB".
std::string size_text(uint64_t size_bytes);

/// A table for people: columns as wide as they must be, two spaces between them, no frame.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}

  /// Adds a row. Precondition: as many cells as the head has.
  void add(std::vector<std::string> cells);

  /// The lines, without a line end behind the last.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace thunderline::cli
