#include "thunderline/worlds/inbox/mail/header_fields.h"

#include <algorithm>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

bool is_name_byte(char c) { return c >= 33 && c <= 126 && c != ':'; }

/// How long the field's name is, and where its colon stands; a length of 0 is no field.
struct FieldStart {
  size_t name_length = 0;
  size_t colon = 0;
};

FieldStart field_start(std::string_view line) {
  size_t name = 0;
  while (name < line.size() && is_name_byte(line[name])) ++name;
  size_t colon = name;
  while (colon < line.size() && is_blank(line[colon])) ++colon;
  if (colon == line.size() || line[colon] != ':') return {};
  return {name, colon};
}

/// A quoted string from its opening quote; `at` ends behind it (or at the end of the text).
std::string quoted_string(std::string_view text, size_t& at) {
  std::string value;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  return value;
}

}  // namespace

const std::string* Header::find(std::string_view lower_name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const HeaderField& field) {
    return field.name == lower_name;
  });
  return found == fields_.end() ? nullptr : &found->value;
}

void Header::add(std::string_view name, std::string_view value) {
  fields_.push_back(
      {lower_case(name), std::string(strip_blanks(value).substr(0, kMaxHeaderValueBytes))});
}

void Header::fold(std::string_view line) {
  std::string& value = fields_.back().value;
  if (value.size() >= kMaxHeaderValueBytes) return;
  value += ' ';
  value += strip_blanks(line).substr(0, kMaxHeaderValueBytes - value.size());
}

ParsedHeader parse_header(std::span<const std::string_view> lines) {
  ParsedHeader result;
  for (const std::string_view line : lines) {
    if (line.empty()) {
      ++result.body_line;
      break;
    }
    if (is_blank(line.front())) {
      ++result.body_line;
      if (!result.header.fields().empty()) {
        result.header.fold(line);
      } else if (strip_blanks(line).empty()) {
        break;
      }
      continue;
    }
    const FieldStart start = field_start(line);
    if (start.name_length == 0) break;
    result.header.add(line.substr(0, start.name_length), line.substr(start.colon + 1));
    ++result.body_line;
  }
  return result;
}

std::string_view ParameterField::parameter(std::string_view lower_key) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& entry) { return entry.first == lower_key; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

ParameterField parse_parameter_field(std::string_view text) {
  ParameterField field;
  size_t at = std::min(text.find(';'), text.size());
  field.value = lower_case(strip_blanks(text.substr(0, at)));
  while (at < text.size()) {
    const size_t key = at + 1;
    at = std::min(text.find_first_of("=;", key), text.size());
    if (at == text.size() || text[at] == ';') continue;
    std::string name = lower_case(strip_blanks(text.substr(key, at - key)));
    ++at;
    while (at < text.size() && is_blank(text[at])) ++at;
    std::string value;
    if (at < text.size() && text[at] == '"') {
      value = quoted_string(text, at);
      at = std::min(text.find(';', at), text.size());
    } else {
      const size_t end = std::min(text.find(';', at), text.size());
      value = strip_blanks(text.substr(at, end - at));
      at = end;
    }
    field.parameters.emplace_back(std::move(name), std::move(value));
  }
  return field;
}

}  // namespace thunderline::worlds::inbox
