#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thunderline::worlds::inbox {

/// Longest value of a header field; the rest of it is ignored.
inline constexpr size_t kMaxHeaderValueBytes = 65'536;

struct HeaderField {
  std::string name;   ///< Lower case.
  std::string value;  ///< Unfolded, stripped of blanks.
};

/// The fields of a mail or of a part, in order, repeated ones too.
class Header {
 public:
  /// The value of the first field of that (lower-case) name, or null.
  const std::string* find(std::string_view lower_name) const;

  const std::vector<HeaderField>& fields() const { return fields_; }

  void add(std::string_view name, std::string_view value);

  /// Continues the last field. Precondition: there is one.
  void fold(std::string_view line);

 private:
  std::vector<HeaderField> fields_;
};

struct ParsedHeader {
  Header header;
  size_t body_line = 0;  ///< Index of the body's first line.
};

/// Reads fields until an empty line (which belongs to neither) or a line that is no field (which is
/// the body's first). Never fails.
ParsedHeader parse_header(std::span<const std::string_view> lines);

/// `a/b; k=v; k="v"`.
struct ParameterField {
  std::string value;  ///< Lower case.
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Keys in lower case.

  /// The first parameter of that (lower-case) key, or an empty text.
  std::string_view parameter(std::string_view lower_key) const;
};

ParameterField parse_parameter_field(std::string_view text);

}  // namespace thunderline::worlds::inbox
