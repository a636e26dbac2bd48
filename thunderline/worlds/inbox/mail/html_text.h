#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thunderline::worlds::inbox {

struct HtmlText {
  std::string text;                ///< Without tags, comments, scripts and styles.
  std::vector<std::string> hrefs;  ///< Of `<a` and `<area`, in order, entities resolved.
};

/// What a reader sees of an HTML document, and where its links lead. Left to right, once, without a
/// tree: any bytes have a result.
HtmlText strip_html(std::string_view html);

/// `&name;`, `&#N;` and `&#xN;` as their bytes; anything unknown stays.
std::string resolve_entities(std::string_view text);

}  // namespace thunderline::worlds::inbox
