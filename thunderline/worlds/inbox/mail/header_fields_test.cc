#include "thunderline/worlds/inbox/mail/header_fields.h"

#include <gtest/gtest.h>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

ParsedHeader parse(std::string_view text) {
  const std::vector<std::string_view> lines = split_lines(text);
  return parse_header(lines);
}

std::string value(const ParsedHeader& parsed, std::string_view name) {
  const std::string* found = parsed.header.find(name);
  return found == nullptr ? "(none)" : *found;
}

TEST(ParseHeader, LowersNamesAndStripsValues) {
  const ParsedHeader parsed = parse("SuBject \t:  a b \t\n\nbody");
  EXPECT_EQ(value(parsed, "subject"), "a b");
  EXPECT_EQ(parsed.body_line, 2u);
}

TEST(ParseHeader, UnfoldsContinuedLinesWithOneSpace) {
  EXPECT_EQ(value(parse("A: one\n \t two \n\tthree\n\n"), "a"), "one two three");
}

TEST(ParseHeader, IgnoresAContinuationOfNothing) {
  const ParsedHeader parsed = parse("  stray\nA: 1\n\nbody");
  EXPECT_EQ(value(parsed, "a"), "1");
  EXPECT_EQ(parsed.header.fields().size(), 1u);
}

TEST(ParseHeader, EndsAtABlankLineBeforeAnyField) {
  const ParsedHeader parsed = parse(" \t\nA: 1\n");
  EXPECT_TRUE(parsed.header.fields().empty());
  EXPECT_EQ(parsed.body_line, 1u);
}

TEST(ParseHeader, ABlankLineAfterAFieldContinuesIt) {
  const ParsedHeader parsed = parse("A: 1\n \nB: 2\n\nbody");
  EXPECT_EQ(value(parsed, "b"), "2");
  EXPECT_EQ(parsed.body_line, 4u);
}

TEST(ParseHeader, ALineThatIsNoFieldIsTheBodysFirst) {
  EXPECT_EQ(parse("A: 1\nno field\nB: 2").body_line, 1u);
  EXPECT_EQ(parse("A: 1\n: no name\n").body_line, 1u);
  EXPECT_EQ(parse("A: 1\nB c: 2\n").body_line, 1u);
  EXPECT_EQ(parse("A: 1\nB\xE4: 2\n").body_line, 1u);
}

TEST(ParseHeader, KeepsTheFirstOfRepeatedFields) {
  const ParsedHeader parsed = parse("A: 1\na: 2\n");
  EXPECT_EQ(value(parsed, "a"), "1");
  EXPECT_EQ(parsed.header.fields().size(), 2u);
}

TEST(ParseHeader, CutsALongValue) {
  const std::string most(kMaxHeaderValueBytes, 'x');
  EXPECT_EQ(value(parse("A: " + most + "y\n"), "a"), most);
  EXPECT_EQ(value(parse("A: x\n " + most + most + "\n more\n"), "a").size(), kMaxHeaderValueBytes);
}

TEST(ParameterField, ReadsValueAndParameters) {
  const ParameterField field =
      parse_parameter_field(" Text/HTML ; CharSet = \"a\\\"; b\" junk; Name=  x Y ;name=z");
  EXPECT_EQ(field.value, "text/html");
  EXPECT_EQ(field.parameter("charset"), "a\"; b");
  EXPECT_EQ(field.parameter("name"), "x Y");
  EXPECT_EQ(field.parameter("none"), "");
}

TEST(ParameterField, SkipsWhatHasNoValue) {
  const ParameterField field = parse_parameter_field("a/b; flag; ; k=v");
  EXPECT_EQ(field.parameter("k"), "v");
  EXPECT_EQ(field.parameter("flag"), "");
}

TEST(ParameterField, TakesAnyEnd) {
  EXPECT_EQ(parse_parameter_field("").value, "");
  EXPECT_EQ(parse_parameter_field("a/b;").value, "a/b");
  EXPECT_EQ(parse_parameter_field("a/b; k=").parameter("k"), "");
  EXPECT_EQ(parse_parameter_field("a/b; k=\"open").parameter("k"), "open");
  EXPECT_EQ(parse_parameter_field("a/b; k=\"open\\").parameter("k"), "open\\");
}

}  // namespace
}  // namespace thunderline::worlds::inbox
