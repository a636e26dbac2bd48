#include "thunderline/worlds/inbox/mail_channels.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr size_t kLongLineBytes = 80;

double cut(double value) { return std::clamp(value, 0.0, 1.0); }

/// `part` of `whole`; 0 of nothing.
double share(size_t part, size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

size_t count_bytes(std::string_view set, std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [&](char c) {
    return set.find(c) != std::string_view::npos;
  }));
}

double share_of_capitals(std::string_view text) {
  const auto upper = static_cast<size_t>(std::count_if(text.begin(), text.end(), is_upper));
  const auto lower = static_cast<size_t>(std::count_if(text.begin(), text.end(), is_lower));
  return share(upper, upper + lower);
}

std::string_view skip_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// Whether the subject begins like `[list] Re[2]:`.
bool is_reply(std::string_view subject) {
  subject = skip_blanks(subject);
  if (subject.starts_with('[')) {
    const size_t end = subject.find(']');
    if (end == std::string_view::npos) return false;
    subject = skip_blanks(subject.substr(end + 1));
  }
  if (!starts_with_ignoring_case(subject, "re")) return false;
  subject.remove_prefix(2);
  if (subject.starts_with('[')) {
    const size_t end = std::min(subject.find_first_not_of("0123456789", 1), subject.size());
    if (end == 1 || end == subject.size() || subject[end] != ']') return false;
    subject.remove_prefix(end + 1);
  }
  return subject.starts_with(':');
}

bool same_site(std::string_view message_id_domain, std::string_view sender_domain) {
  const std::string_view site = site_of(message_id_domain);
  return !site.empty() && site == site_of(sender_domain);
}

struct LineCounts {
  size_t lines = 0;
  size_t quoted = 0;
  size_t too_long = 0;
};

LineCounts count_lines(std::string_view text) {
  LineCounts counts;
  for (const std::string_view line : split_lines(text)) {
    if (strip_spaces(line).empty()) continue;
    ++counts.lines;
    if (line.front() == '>' || line.front() == '|') ++counts.quoted;
    if (line.size() > kLongLineBytes) ++counts.too_long;
  }
  return counts;
}

double share_of_second_person(std::string_view text) {
  size_t words = 0;
  size_t hits = 0;
  for (size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    ++words;
    const std::string_view word = text.substr(begin, at - begin);
    if (word.size() < 3 || word.size() > 5 || !starts_with_ignoring_case(word, "you")) continue;
    const std::string lower = lower_case(word);
    if (lower == "you" || lower == "your" || lower == "yours") ++hits;
  }
  return share(hits, words);
}

bool offers_opt_out(std::string_view text) {
  const std::string lower = lower_case(text);
  for (const char* phrase : {"unsubscribe", "optout", "opt out", "opt-out", "remove me",
                             "remove you", "be removed", "removal"}) {
    if (lower.find(phrase) != std::string::npos) return true;
  }
  return false;
}

double logarithmic(size_t count, double full) {
  return cut(std::log(1.0 + static_cast<double>(count)) / std::log(full));
}

}  // namespace

const std::vector<std::string>& channel_names() {
  static const std::vector<std::string>* const names = new std::vector<std::string>{
      "subject_capitals", "subject_marks",    "subject_gap", "subject_reply",
      "sender_named",     "sender_digits",    "message_id_match", "capitals",
      "exclamation",      "html",             "links",       "link_odd",
      "quoted",           "second_person",    "opt_out",     "long_lines"};
  return *names;
}

std::array<float, kChannels> channels_of(const Mail& mail) {
  const std::string_view text = mail.visible_text;
  const std::string& local = mail.sender.local;
  const LineCounts lines = count_lines(text);
  const auto odd_links =
      static_cast<size_t>(std::count_if(mail.links.begin(), mail.links.end(), is_odd));
  std::array<double, kChannels> values{};
  values[kSubjectCapitals] = share_of_capitals(mail.subject);
  values[kSubjectMarks] = cut(static_cast<double>(count_bytes("!?$*%#", mail.subject)) / 4);
  values[kSubjectGap] = mail.subject.find("   ") != std::string::npos ? 1 : 0;
  values[kSubjectReply] = is_reply(mail.subject) ? 1 : 0;
  values[kSenderNamed] = mail.sender_named ? 1 : 0;
  values[kSenderDigits] = cut(2 * share(count_bytes("0123456789", local), local.size()));
  values[kMessageIdMatch] = same_site(mail.message_id_domain, mail.sender.domain) ? 1 : 0;
  values[kCapitals] = cut(2 * share_of_capitals(text));
  values[kExclamation] = logarithmic(count_bytes("!", text), 31);
  values[kHtml] = share(mail.html_bytes, mail.text_bytes);
  values[kLinks] = logarithmic(mail.links.size(), 51);
  values[kLinkOdd] = share(odd_links, mail.links.size());
  values[kQuoted] = cut(2 * share(lines.quoted, lines.lines));
  values[kSecondPerson] = cut(20 * share_of_second_person(text));
  values[kOptOut] = offers_opt_out(text) ? 1 : 0;
  values[kLongLines] = cut(2 * share(lines.too_long, lines.lines));
  std::array<float, kChannels> channels{};
  std::transform(values.begin(), values.end(), channels.begin(),
                 [](double value) { return static_cast<float>(value); });
  return channels;
}

}  // namespace thunderline::worlds::inbox
