#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

/// Fills the span with the next bytes of a stream, at least one; 0 at its end. May wait for them.
using ReadBytes = std::function<Result<size_t>(std::span<char> out)>;

/// One line of a stream.
struct TextLine {
  uint64_t number = 0;      ///< 1 is the first.
  uint64_t offset = 0;      ///< Of its first byte in the stream.
  std::string_view text;    ///< Without the line end (LF or CRLF).
  bool too_long = false;    ///< Over the limit: `text` is only its begin.
  bool has_newline = true;  ///< False for a rest at the end of the stream.
};

/// Splits a stream into lines and holds at most one line of `limit_bytes` in memory.
/// Thread-safety: one thread.
class LineReader {
 public:
  LineReader(ReadBytes read, size_t limit_bytes);

  /// The next line, or none at the end. Lifetime: the text until the next call.
  Result<std::optional<TextLine>> next();

 private:
  Result<bool> fill();

  ReadBytes read_;
  size_t limit_bytes_;
  std::string buffer_;
  size_t begin_ = 0;     // of what is not yet given out
  size_t searched_ = 0;  // no line end before this
  uint64_t offset_ = 0;  // of buffer_[begin_] in the stream
  uint64_t lines_ = 0;
  bool at_end_ = false;
};

}  // namespace thunderline::thunderbolt
