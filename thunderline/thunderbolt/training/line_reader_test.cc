#include "thunderline/thunderbolt/training/line_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace thunderline::thunderbolt {
namespace {

struct Seen {
  std::string text;
  uint64_t offset;
  bool too_long;
  bool has_newline;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> lines_of(const std::string& text, size_t piece, size_t limit = 10) {
  size_t at = 0;
  LineReader reader(
      [&](std::span<char> out) -> Result<size_t> {
        const size_t count = text.copy(out.data(), std::min(piece, out.size()), at);
        at += count;
        return count;
      },
      limit);
  std::vector<Seen> lines;
  while (const auto line = reader.next().value()) {
    lines.push_back({std::string(line->text), line->offset, line->too_long, line->has_newline});
    EXPECT_EQ(line->number, lines.size());
  }
  return lines;
}

TEST(LineReader, SplitsAtEveryLineEndHoweverTheBytesCome) {
  const std::vector<Seen> expected = {{"one", 0, false, true},
                                      {"", 4, false, true},
                                      {"two", 5, false, true},
                                      {"a\rb", 10, false, true},
                                      {"rest", 14, false, false}};
  for (size_t piece = 1; piece < 20; ++piece) {
    EXPECT_EQ(lines_of("one\n\ntwo\r\na\rb\nrest", piece), expected) << piece;
  }
  EXPECT_TRUE(lines_of("", 1).empty());
}

TEST(LineReader, CutsLinesOverTheLimitAndGoesOnBehindThem) {
  for (const size_t piece : {1u, 3u, 100u}) {
    const auto lines = lines_of("0123456789\n0123456789\r\n0123456789x\n" + std::string(50, 'y') +
                                    "\nend\n", piece);
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], (Seen{"0123456789", 0, false, true}));
    EXPECT_EQ(lines[1], (Seen{"0123456789", 11, false, true}));
    EXPECT_TRUE(lines[2].too_long);
    EXPECT_TRUE(lines[3].too_long);
    EXPECT_EQ(lines[3].offset, 35u);
    EXPECT_EQ(lines[4], (Seen{"end", 86, false, true}));
  }
}

TEST(LineReader, HandsOnTheStreamsError) {
  LineReader reader(
      [](std::span<char>) -> Result<size_t> { return fail(ErrorCode::kUnavailable, "gone"); }, 10);
  EXPECT_EQ(reader.next().error().message, "gone");
}

}  // namespace
}  // namespace thunderline::thunderbolt
