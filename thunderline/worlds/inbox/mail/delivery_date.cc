#include "thunderline/worlds/inbox/mail/delivery_date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2100;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

struct NamedZone {
  std::string_view name;
  int hours;
};
constexpr std::array<NamedZone, 16> kZones = {
    {{"ut", 0},   {"utc", 0},  {"gmt", 0},  {"z", 0},    {"est", -5}, {"edt", -4},
     {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7},
     {"ist", 1},  {"bst", 1},  {"cet", 1},  {"cest", 2}}};

struct DateParts {
  int day = 0;
  int month = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int zone_minutes = 0;
};

std::optional<int64_t> to_unix(DateParts parts) {
  using namespace std::chrono;
  if (parts.year < 50) {
    parts.year += 2000;
  } else if (parts.year < 1000) {
    parts.year += 1900;
  }
  const year_month_day date(year(parts.year), month(static_cast<unsigned>(parts.month)),
                            day(static_cast<unsigned>(parts.day)));
  if (!date.ok() || parts.year < kFirstYear || parts.year > kLastYear) return std::nullopt;
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  return days * 86'400 + parts.hour * 3'600 + parts.minute * 60 + parts.second -
         parts.zone_minutes * 60;
}

/// Reads along a text; every step says whether it found what it wanted.
class Reader {
 public:
  Reader(std::string_view text, size_t at) : text_(text), at_(at) {}

  /// A run of `least` to `most` digits with no digit behind it.
  bool number(size_t least, size_t most, int& value) {
    size_t end = at_;
    value = 0;
    while (end < text_.size() && end - at_ <= most && is_digit(text_[end])) {
      value = value * 10 + (text_[end++] - '0');
    }
    if (end - at_ < least || end - at_ > most) return false;
    at_ = end;
    return true;
  }

  bool byte(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  /// One or more blanks, or `-` where a dash may stand for them.
  bool gap(bool dashes) {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_blank(text_[at_]) || (dashes && text_[at_] == '-'))) ++at_;
    return at_ > begin;
  }

  std::string_view word() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// A word that begins like a month. Range of `month`: 1 to 12.
  bool month(int& month) {
    const std::string name = lower_case(word().substr(0, 3));
    const auto found = std::find(kMonths.begin(), kMonths.end(), name);
    month = static_cast<int>(found - kMonths.begin()) + 1;
    return found != kMonths.end();
  }

  bool time(bool needs_seconds, DateParts& parts) {
    if (!number(1, 2, parts.hour) || !byte(':') || !number(2, 2, parts.minute)) return false;
    Reader seconds = *this;
    if (!seconds.byte(':') || !seconds.number(2, 2, parts.second)) {
      parts.second = 0;
      return !needs_seconds;
    }
    *this = seconds;
    return true;
  }

  /// `±hhmm` or a name, or nothing; an unknown name is 0.
  int zone_minutes() {
    Reader offset = *this;
    const bool west = offset.byte('-');
    int value = 0;
    if ((west || offset.byte('+')) && offset.number(4, 4, value)) {
      *this = offset;
      const int minutes = value / 100 * 60 + value % 100;
      return west ? -minutes : minutes;
    }
    const std::string name = lower_case(word());
    const auto found = std::find_if(kZones.begin(), kZones.end(),
                                    [&](const NamedZone& zone) { return zone.name == name; });
    return found == kZones.end() ? 0 : found->hours * 60;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

/// `D Mon YYYY h:mm[:ss] [zone]` at `at`.
std::optional<int64_t> day_first_date(std::string_view text, size_t at) {
  if (!is_digit(text[at]) || (at > 0 && is_digit(text[at - 1]))) return std::nullopt;
  Reader reader(text, at);
  DateParts parts;
  if (!reader.number(1, 2, parts.day) || !reader.gap(true) || !reader.month(parts.month) ||
      !reader.gap(true) || !reader.number(2, 4, parts.year) || !reader.gap(false) ||
      !reader.time(false, parts)) {
    return std::nullopt;
  }
  reader.gap(false);
  parts.zone_minutes = reader.zone_minutes();
  return to_unix(parts);
}

/// `Mon D hh:mm:ss [zone] YYYY` at `at`.
std::optional<int64_t> month_first_date(std::string_view text, size_t at) {
  if (!is_letter(text[at]) || (at > 0 && is_letter(text[at - 1]))) return std::nullopt;
  Reader reader(text, at);
  DateParts parts;
  if (!reader.month(parts.month) || !reader.gap(false) || !reader.number(1, 2, parts.day) ||
      !reader.gap(false) || !reader.time(true, parts) || !reader.gap(false)) {
    return std::nullopt;
  }
  Reader with_zone = reader;
  if (!reader.number(4, 4, parts.year)) {
    parts.zone_minutes = with_zone.zone_minutes();
    if (!with_zone.gap(false) || !with_zone.number(4, 4, parts.year)) return std::nullopt;
  }
  return to_unix(parts);
}

std::string collapse_spaces(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (!is_space(c)) {
      result += c;
    } else if (result.empty() || result.back() != ' ') {
      result += ' ';
    }
  }
  return result;
}

}  // namespace

const char* source_name(DateSource source) {
  switch (source) {
    case DateSource::kReceived:
      return "received";
    case DateSource::kEnvelope:
      return "envelope";
    case DateSource::kDate:
      return "date";
    case DateSource::kNone:
      return "none";
  }
  return "none";
}

std::optional<int64_t> find_date(std::string_view text) {
  const std::string collapsed = collapse_spaces(text);
  for (size_t at = 0; at < collapsed.size(); ++at) {
    if (const auto date = day_first_date(collapsed, at)) return date;
  }
  for (size_t at = 0; at < collapsed.size(); ++at) {
    if (const auto date = month_first_date(collapsed, at)) return date;
  }
  return std::nullopt;
}

DeliveryTime delivery_time(const Header& header, std::string_view envelope_line) {
  for (const HeaderField& field : header.fields()) {
    if (field.name != "received") continue;
    const std::string_view value = field.value;
    const size_t semicolon = value.rfind(';');
    const auto date =
        find_date(semicolon == std::string_view::npos ? value : value.substr(semicolon + 1));
    if (date) return {*date, DateSource::kReceived};
  }
  if (const auto date = find_date(envelope_line)) return {*date, DateSource::kEnvelope};
  if (const std::string* value = header.find("date")) {
    if (const auto date = find_date(*value)) return {*date, DateSource::kDate};
  }
  return {};
}

}  // namespace thunderline::worlds::inbox
