#pragma once

#include <string>
#include <string_view>

namespace thunderline::worlds::inbox {

/// Bytes outside the alphabet are skipped, the first `=` ends it, a last group of one is dropped.
std::string decode_base64(std::string_view text);

/// `=XX` is a byte; `=`, blanks and the end of a line or of the text are nothing; any other `=`
/// stays.
std::string decode_quoted_printable(std::string_view text);

/// A body by its Content-Transfer-Encoding (lower case); unknown encodings stand as they are. CRLF
/// becomes LF afterwards.
std::string decode_body(std::string_view text, std::string_view encoding);

/// The words `=?charset?B?…?=` and `=?charset?Q?…?=` of a header value (RFC 2047) as their
/// bytes, of whatever charset; blanks between two of them vanish.
std::string decode_words(std::string_view text);

}  // namespace thunderline::worlds::inbox
