#include "thunderline/cli/key_values.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace thunderline::cli {
namespace {

template <typename T>
bool parse_number(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

Result<KeyValues> KeyValues::parse(std::string_view text, std::string where) {
  KeyValues result;
  result.where_ = std::move(where);
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    const std::string name(item.substr(0, equals));
    const std::string value(equals == item.npos ? "true" : item.substr(equals + 1));
    if (name.empty() || !result.values_.emplace(name, value).second) {
      return fail(ErrorCode::kInvalidArgument,
                  name.empty() ? "an option without a name" : "\"" + name + "\" is there twice",
                  result.where_, "write name=value,name=value");
    }
  }
  return result;
}

std::optional<std::string> KeyValues::remove(const std::string& name) {
  known_ += (known_.empty() ? "" : ", ") + name;
  const auto it = values_.find(name);
  if (it == values_.end()) return std::nullopt;
  std::string value = std::move(it->second);
  values_.erase(it);
  return value;
}

Status KeyValues::wrong(const std::string& name, const std::string& value,
                        const char* expected) const {
  return fail(ErrorCode::kInvalidArgument,
              "\"" + name + "\" must be " + expected + ", got \"" + value + "\"", where_);
}

Status KeyValues::take(const std::string& name, std::string& value) {
  if (auto text = remove(name)) value = *std::move(text);
  return {};
}

Status KeyValues::take(const std::string& name, int& value) {
  const auto text = remove(name);
  if (text && !parse_number(*text, value)) return wrong(name, *text, "a whole number");
  return {};
}

Status KeyValues::take(const std::string& name, int64_t& value) {
  const auto text = remove(name);
  if (text && !parse_number(*text, value)) return wrong(name, *text, "a whole number");
  return {};
}

Status KeyValues::take(const std::string& name, double& value) {
  const auto text = remove(name);
  if (text && !parse_number(*text, value)) return wrong(name, *text, "a number");
  return {};
}

Status KeyValues::take(const std::string& name, bool& value) {
  const auto text = remove(name);
  if (!text) return {};
  if (*text != "true" && *text != "false") return wrong(name, *text, "true or false");
  value = *text == "true";
  return {};
}

Status KeyValues::finish() const {
  if (values_.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "unknown option \"" + values_.begin()->first + "\"",
              where_, "known are " + known_);
}

}  // namespace thunderline::cli
