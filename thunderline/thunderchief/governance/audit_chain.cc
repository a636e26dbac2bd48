#include "thunderline/thunderchief/governance/audit_chain.h"

#include <algorithm>
#include <span>

#include "thunderline/base/json_util.h"
#include "thunderline/base/sha256.h"
#include "thunderline/thunderchief/governance/utc_text.h"

namespace thunderline::thunderchief {
namespace {

constexpr std::string_view kHashField = ",\"hash\":\"";
constexpr std::string_view kLineEnd = "\"}";
constexpr size_t kHashDigits = 64;
constexpr size_t kTail = kHashField.size() + kHashDigits + kLineEnd.size();

/// A line that is whole in itself.
struct Link {
  AuditEntry entry;
  uint64_t number = 0;
  std::string previous;
  std::string hash;
};

std::string hash_text(std::string_view text) {
  return sha256_hex(std::as_bytes(std::span(text.data(), text.size())));
}

std::optional<Link> read_link(std::string_view line) {
  if (line.size() <= kTail) return std::nullopt;
  const std::string_view tail = line.substr(line.size() - kTail);
  if (!tail.starts_with(kHashField) || !tail.ends_with(kLineEnd)) return std::nullopt;
  Link link;
  link.hash = tail.substr(kHashField.size(), kHashDigits);
  const std::string body = std::string(line.substr(0, line.size() - kTail)) + "}";
  if (hash_text(body) != link.hash) return std::nullopt;
  const auto json = parse_json(body, "audit log");
  if (!json || !json->is_object()) return std::nullopt;
  const auto number = json_integer(*json, "n", "");
  if (!number || *number < 1) return std::nullopt;
  link.number = static_cast<uint64_t>(*number);
  const std::pair<const char*, std::string&> texts[] = {
      {"time", link.entry.time},       {"who", link.entry.who},     {"what", link.entry.what},
      {"subject", link.entry.subject}, {"before", link.entry.before}, {"after", link.entry.after},
      {"why", link.entry.why},         {"key", link.entry.key},     {"prev", link.previous}};
  for (const auto& [name, text] : texts) {
    auto value = json_string(*json, name, "");
    if (!value) return std::nullopt;
    text = *std::move(value);
  }
  return link;
}

/// The lines of a log and what can be said of each.
class ChainReader {
 public:
  ChainReader(std::string_view content, const std::optional<AuditHead>& head) : head_(head) {
    size_t at = 0;
    for (size_t end = content.find('\n'); end != std::string_view::npos;
         end = content.find('\n', at)) {
      lines_.push_back(content.substr(at, end - at));
      links_.push_back(read_link(lines_.back()));
      at = end + 1;
    }
    chain_.unfinished_bytes = content.size() - at;
  }

  AuditChain read() {
    for (size_t i = 0; i < links_.size(); ++i) {
      if (!follows(i)) {
        chain_.fault = explain(i);
        return std::move(chain_);
      }
      chain_.entries.push_back(std::move(links_[i]->entry));
      chain_.hashes.push_back(links_[i]->hash);
      chain_.valid_bytes += lines_[i].size() + 1;
    }
    chain_.fault = compare_head();
    return std::move(chain_);
  }

 private:
  const std::string& hash_before(size_t i) const {
    return i == 0 ? audit_root() : chain_.hashes[i - 1];
  }

  bool follows(size_t i) const {
    return links_[i] && links_[i]->number == i + 1 && links_[i]->previous == hash_before(i);
  }

  bool whole(size_t i) const { return i < links_.size() && links_[i].has_value(); }

  static AuditFault fault(size_t index, const char* kind, const std::string& why) {
    return {index + 1, kind, "line " + std::to_string(index + 1) + " was " + kind + ": " + why};
  }

  AuditFault explain(size_t i) const {
    if (!links_[i]) {
      if (whole(i + 1) && links_[i + 1]->number == i + 1 &&
          links_[i + 1]->previous == hash_before(i)) {
        return fault(i, "inserted", "it is no entry, and the next line is the one that belongs here");
      }
      return fault(i, "changed", "it does not match its hash");
    }
    const Link& link = *links_[i];
    if (link.number == i + 1) return explain_other_past(i);
    const std::string holds = "the entry numbered " + std::to_string(link.number) + " stands there";
    if (link.number > i + 1) {
      const bool later = std::any_of(links_.begin() + static_cast<ptrdiff_t>(i), links_.end(),
                                     [&](const auto& other) { return other && other->number == i + 1; });
      return fault(i, later ? "reordered" : "removed", holds);
    }
    // The true owner of the place before was pushed on by one that was put in front of it.
    if (i >= 1 && link.number == i && link.previous == hash_before(i - 1) &&
        link.hash != chain_.hashes[i - 1]) {
      return fault(i - 1, "inserted", "the next line is the one that belongs there");
    }
    return fault(i, "inserted", holds);
  }

  /// The entry has the right number, but was written after another line than the one before it.
  AuditFault explain_other_past(size_t i) const {
    const Link& link = *links_[i];
    const bool confirmed = whole(i + 1) ? links_[i + 1]->previous == link.hash
                                        : head_ && head_->number == i + 1 && head_->hash == link.hash;
    if (i > 0 && confirmed) {
      return fault(i - 1, "changed", "the lines after it were written after another one");
    }
    return fault(i, "changed", "it was not written after the line before it");
  }

  std::optional<AuditFault> compare_head() const {
    const size_t count = chain_.hashes.size();
    if (!head_) {
      // A crash can lose the head of the first entry only.
      if (count <= 1) return std::nullopt;
      return fault(count, "removed", "the head is missing, so nobody knows how many lines there were");
    }
    if (head_->number > count) {
      return fault(count, "removed", "the log had " + std::to_string(head_->number) + " lines");
    }
    if (head_->number > 0 && chain_.hashes[head_->number - 1] != head_->hash) {
      return fault(head_->number - 1, "changed", "the head knows it by another hash");
    }
    return std::nullopt;
  }

  const std::optional<AuditHead>& head_;
  std::vector<std::string_view> lines_;
  std::vector<std::optional<Link>> links_;
  AuditChain chain_;
};

}  // namespace

const std::string& audit_root() {
  static const std::string zeros(kHashDigits, '0');
  return zeros;
}

std::string audit_line(const AuditEntry& entry, uint64_t number,
                       const std::string& previous_hash) {
  const OrderedJson json = {{"n", number},
                            {"time", utc_text(entry.unix_ms)},
                            {"who", entry.who},
                            {"what", entry.what},
                            {"subject", entry.subject},
                            {"before", entry.before},
                            {"after", entry.after},
                            {"why", entry.why},
                            {"key", entry.key},
                            {"prev", previous_hash}};
  std::string body = dump_json(json);
  const std::string hash = hash_text(body);
  body.pop_back();
  return body + std::string(kHashField) + hash + std::string(kLineEnd) + "\n";
}

std::string hash_of_line(std::string_view line) {
  const size_t end = line.size() - (line.ends_with('\n') ? 1 : 0) - kLineEnd.size();
  return std::string(line.substr(end - kHashDigits, kHashDigits));
}

AuditChain read_chain(std::string_view content, const std::optional<AuditHead>& head) {
  return ChainReader(content, head).read();
}

}  // namespace thunderline::thunderchief
