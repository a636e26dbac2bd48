// Includes follow the arrows of docs/architecture.md, and public headers show no third party.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"thunderflow", {"base"}},
    {"thunderbit", {"base", "thunderflow"}},
    {"cerebros", {"base"}},
    {"thunderbolt", {"base", "thunderflow", "thunderbit", "cerebros"}},
    {"worlds", {"base", "thunderflow", "thunderbit", "cerebros"}},
    {"thunderchief", {"base", "thunderflow", "thunderbit", "cerebros", "thunderbolt", "worlds"}},
    {"thunderprism",
     {"base", "thunderflow", "thunderbit", "cerebros", "thunderbolt", "worlds", "thunderchief"}},
    {"cli",
     {"base", "thunderflow", "thunderbit", "cerebros", "thunderbolt", "worlds", "thunderchief",
      "thunderprism"}},
};

// Headers that .cc files include for themselves; they say so in their first lines.
const std::set<std::string> kInternalHeaders = {"thunderline/base/json_util.h"};

struct Include {
  std::string file;    // relative to the source folder
  std::string target;  // as written between the quotes or angle brackets
  bool quoted = false;
};

std::vector<Include> includes_of(const fs::path& root, const fs::path& file) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::ifstream input(file);
  for (std::string line; std::getline(input, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) {
      includes.push_back({fs::relative(file, root).string(), match[2], match[1] == "\""});
    }
  }
  return includes;
}

std::vector<Include> all_includes() {
  const fs::path root = THUNDERLINE_SOURCE_DIR;
  std::vector<Include> all;
  for (const auto& entry : fs::recursive_directory_iterator(root / "thunderline")) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cc") continue;
    for (Include& include : includes_of(root, entry.path())) all.push_back(std::move(include));
  }
  return all;
}

std::string module_of(const std::string& path) {
  const std::string prefix = "thunderline/";
  if (!path.starts_with(prefix)) return "";
  return path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
}

/// Why an include may not stand where it stands; empty when it may.
std::string violation(const Include& include) {
  const std::string from = module_of(include.file);
  if (!kMayInclude.contains(from)) return include.file + ": unknown module \"" + from + "\"";
  const bool is_test = include.file.ends_with("_test.cc");
  const std::string to = module_of(include.target);
  if (!to.empty() && to != from && !kMayInclude.at(from).contains(to)) {
    return include.file + " includes " + include.target + ": " + from + " may not know " + to;
  }
  if (include.target.starts_with("tests/") && !is_test) {
    return include.file + " includes " + include.target + ": only tests may";
  }
  const bool public_header =
      include.file.ends_with(".h") && !kInternalHeaders.contains(include.file) &&
      include.file.find("-inl.h") == std::string::npos;
  const bool third_party = !include.quoted && include.target.find('/') != std::string::npos &&
                           !include.target.starts_with("sys/") && include.target != "tl/expected.hpp";
  if (public_header && third_party) {
    return include.file + " shows <" + include.target + "> in a public header";
  }
  return "";
}

TEST(Architecture, IncludesFollowTheArrows) {
  const std::vector<Include> includes = all_includes();
  ASSERT_GT(includes.size(), 20u);
  for (const Include& include : includes) EXPECT_EQ(violation(include), "");
}

TEST(Architecture, AnIncludeAgainstTheArrowsIsRejected) {
  EXPECT_NE(violation({"thunderline/cerebros/a.cc", "thunderline/thunderbit/bit.h", true}), "");
  EXPECT_NE(violation({"thunderline/base/a.h", "nlohmann/json.hpp", false}), "");
  EXPECT_NE(violation({"thunderline/thunderbit/a.cc", "thunderline/worlds/world.h", true}), "");
  EXPECT_NE(violation({"thunderline/cli/a.cc", "tests/support/fake_clock.h", true}), "");
  EXPECT_EQ(violation({"thunderline/worlds/a.cc", "thunderline/thunderbit/bit.h", true}), "");
}

}  // namespace
