#include "thunderline/worlds/inbox/mail_parser.h"

#include <span>
#include <utility>

#include "thunderline/worlds/inbox/mail/bytes.h"
#include "thunderline/worlds/inbox/mail/header_fields.h"
#include "thunderline/worlds/inbox/mail/html_text.h"
#include "thunderline/worlds/inbox/mail/mime_tree.h"
#include "thunderline/worlds/inbox/mail/transfer_decoding.h"

namespace thunderline::worlds::inbox {
namespace {

using Lines = std::span<const std::string_view>;

bool is_envelope(std::string_view line) {
  return line.starts_with("From ") || line.starts_with(">From ");
}

std::string join_lines(Lines lines) {
  std::string text;
  size_t size = 0;
  for (const std::string_view line : lines) size += line.size() + 1;
  text.reserve(size);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += '\n';
    text += lines[i];
  }
  return text;
}

std::string_view value_or_empty(const Header& header, std::string_view name) {
  const std::string* value = header.find(name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

void read_header(const Header& header, std::string_view envelope, Mail& mail) {
  for (const char* name : {"from", "subject", "date", "received"}) {
    mail.is_mail = mail.is_mail || header.find(name) != nullptr;
  }
  mail.header_fields = header.fields().size();
  mail.subject = strip_blanks(decode_words(value_or_empty(header, "subject")));
  mail.sender = find_address(value_or_empty(header, "from"));
  mail.sender_named = has_display_name(value_or_empty(header, "from"));
  mail.message_id_domain = find_address(value_or_empty(header, "message-id")).domain;
  mail.delivered = delivery_time(header, envelope);
}

/// The readable text of a text leaf; counts it and its links.
std::string read_text(const Leaf& leaf, Mail& mail) {
  std::string decoded = decode_body(join_lines(leaf.lines), leaf.encoding);
  mail.text_bytes += decoded.size();
  if (leaf.type != "text/html") {
    find_links(decoded, mail.links);
    return decoded;
  }
  mail.html_bytes += decoded.size();
  HtmlText html = strip_html(decoded);
  for (const std::string& href : html.hrefs) {
    if (auto link = link_at_start(href)) mail.links.push_back(std::move(*link));
  }
  return std::move(html.text);
}

void read_body(const std::vector<Leaf>& leaves, Mail& mail) {
  mail.leaves = leaves.size();
  bool first = true;
  for (const Leaf& leaf : leaves) {
    if (!leaf.is_text() || leaf.is_attachment()) continue;
    if (!std::exchange(first, false)) mail.visible_text += '\n';
    mail.visible_text += read_text(leaf, mail);
  }
  if (mail.visible_text.size() > kMaxVisibleBytes) mail.visible_text.resize(kMaxVisibleBytes);
}

}  // namespace

Mail parse_mail(std::string_view bytes) {
  const std::vector<std::string_view> all_lines = split_lines(bytes.substr(0, kMaxMailBytes));
  Lines lines = all_lines;
  std::string_view envelope;
  if (!lines.empty() && is_envelope(lines.front())) {
    envelope = lines.front();
    lines = lines.subspan(1);
  }
  const ParsedHeader parsed = parse_header(lines);
  Mail mail;
  read_header(parsed.header, envelope, mail);
  read_body(leaves_of(parsed.header, lines.subspan(parsed.body_line)), mail);
  return mail;
}

}  // namespace thunderline::worlds::inbox
