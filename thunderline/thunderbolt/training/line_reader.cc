#include "thunderline/thunderbolt/training/line_reader.h"

#include <algorithm>

namespace thunderline::thunderbolt {
namespace {
constexpr size_t kReadBytes = size_t{1} << 16;
}  // namespace

LineReader::LineReader(ReadBytes read, size_t limit_bytes)
    : read_(std::move(read)), limit_bytes_(limit_bytes) {}

Result<bool> LineReader::fill() {
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  const size_t used = buffer_.size();
  buffer_.resize(used + kReadBytes);
  auto count = read_(std::span(buffer_).subspan(used));
  buffer_.resize(used + count.value_or(0));
  if (!count) return tl::unexpected<Error>(std::move(count).error());
  return *count > 0;
}

Result<std::optional<TextLine>> LineReader::next() {
  TextLine line;
  uint64_t dropped = 0;  // bytes of an over-long line that are already gone
  size_t end = buffer_.find('\n', searched_);
  while (end == std::string::npos && !at_end_) {
    searched_ = buffer_.size();
    if (searched_ - begin_ > limit_bytes_ + 1) {  // One more byte may be a CR.
      line.too_long = true;
      dropped += searched_ - (begin_ + limit_bytes_);
      buffer_.resize(begin_ + limit_bytes_);
      searched_ = buffer_.size();
    }
    TL_ASSIGN_OR_RETURN(const bool more, fill());
    at_end_ = !more;
    end = buffer_.find('\n', searched_);
  }
  if (end == std::string::npos && begin_ == buffer_.size()) return std::nullopt;
  line.has_newline = end != std::string::npos;
  if (!line.has_newline) end = buffer_.size();
  line.number = ++lines_;
  line.offset = offset_;
  line.text = std::string_view(buffer_).substr(begin_, end - begin_);
  if (line.has_newline && line.text.ends_with('\r')) line.text.remove_suffix(1);
  if (line.text.size() > limit_bytes_) line.too_long = true;
  const size_t next_begin = std::min(end + 1, buffer_.size());
  offset_ += next_begin - begin_ + dropped;
  begin_ = searched_ = next_begin;
  return line;
}

}  // namespace thunderline::thunderbolt
