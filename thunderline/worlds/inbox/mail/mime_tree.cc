#include "thunderline/worlds/inbox/mail/mime_tree.h"

#include <utility>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

using Lines = std::span<const std::string_view>;

ParameterField parameter_field(const Header& header, std::string_view name) {
  const std::string* value = header.find(name);
  return value == nullptr ? ParameterField{} : parse_parameter_field(*value);
}

enum class BoundaryLine { kNone, kPart, kEnd };

BoundaryLine boundary_line(std::string_view line, std::string_view boundary) {
  if (!line.starts_with("--") || !line.substr(2).starts_with(boundary)) return BoundaryLine::kNone;
  const std::string_view rest = line.substr(2 + boundary.size());
  if (strip_blanks(rest).empty()) return BoundaryLine::kPart;
  if (rest.starts_with("--") && strip_blanks(rest.substr(2)).empty()) return BoundaryLine::kEnd;
  return BoundaryLine::kNone;
}

/// The lines of each part; none when no line begins one. No more than could hold all leaves.
std::vector<Lines> split_parts(Lines body, std::string_view boundary) {
  std::vector<Lines> parts;
  bool inside = false;
  size_t begin = 0;
  for (size_t line = 0; line < body.size(); ++line) {
    const BoundaryLine kind = boundary_line(body[line], boundary);
    if (kind == BoundaryLine::kNone) continue;
    if (inside) parts.push_back(body.subspan(begin, line - begin));
    inside = kind == BoundaryLine::kPart && parts.size() < kMaxLeaves;
    if (!inside) return parts;
    begin = line + 1;
  }
  if (inside) parts.push_back(body.subspan(begin));
  return parts;
}

class LeafCollector {
 public:
  void visit(const Header& header, Lines body, int depth, const char* default_type) {
    if (leaves_.size() == kMaxLeaves) return;
    ParameterField type = parameter_field(header, "content-type");
    if (type.value.find('/') == std::string::npos) type.value = default_type;
    if (type.value.starts_with("multipart/")) {
      if (!visit_parts(type, body, depth)) add_leaf(header, body, "text/plain");
    } else if (type.value == "message/rfc822" && depth < kMaxNesting) {
      visit_entity(body, depth + 1, "text/plain");
    } else {
      add_leaf(header, body, std::move(type.value));
    }
  }

  std::vector<Leaf> take() { return std::move(leaves_); }

 private:
  void visit_entity(Lines lines, int depth, const char* default_type) {
    const ParsedHeader parsed = parse_header(lines);
    visit(parsed.header, lines.subspan(parsed.body_line), depth, default_type);
  }

  /// False when the body has no parts after all.
  bool visit_parts(const ParameterField& type, Lines body, int depth) {
    std::string_view boundary = type.parameter("boundary");
    while (!boundary.empty() && is_blank(boundary.back())) boundary.remove_suffix(1);
    if (boundary.empty() || depth >= kMaxNesting) return false;
    const std::vector<Lines> parts = split_parts(body, boundary);
    const char* part_type = type.value == "multipart/digest" ? "message/rfc822" : "text/plain";
    for (const Lines part : parts) visit_entity(part, depth + 1, part_type);
    return !parts.empty();
  }

  void add_leaf(const Header& header, Lines body, std::string type) {
    const std::string* encoding = header.find("content-transfer-encoding");
    leaves_.push_back({std::move(type), encoding == nullptr ? "" : lower_case(*encoding),
                       parameter_field(header, "content-disposition").value, body});
  }

  std::vector<Leaf> leaves_;
};

}  // namespace

std::vector<Leaf> leaves_of(const Header& header, Lines body) {
  LeafCollector collector;
  collector.visit(header, body, 0, "text/plain");
  return collector.take();
}

}  // namespace thunderline::worlds::inbox
