#include "thunderline/thunderprism/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "thunderline/base/file_system.h"

namespace thunderline::thunderprism {
namespace {

using testing::FakeClock;
using testing::TempFolder;

Result<std::vector<AccessToken>> read_tokens(const std::string& text, mode_t mode) {
  const TempFolder folder;
  const std::string path = folder.path("tokens");
  EXPECT_TRUE(write_file_atomically(posix_file_system(), path, text));
  ::chmod(path.c_str(), mode);
  return read_token_file(posix_file_system(), path);
}

TEST(ListenAddress, KnowsThePortsThatBrowsersRefuse) {
  for (const uint16_t port : {22, 4045, 6000, 6667, 10080}) EXPECT_TRUE(browsers_refuse(port)) << port;
  for (const uint16_t port : {80, 443, 4040, 8080, 65535}) EXPECT_FALSE(browsers_refuse(port)) << port;
}

TEST(TokenFile, GivesScopesAndTokens) {
  const auto tokens = read_tokens("# ours\n\nread 0123456789abcdef\nadmin  fedcba9876543210\n", 0600);
  ASSERT_TRUE(tokens);
  ASSERT_EQ(tokens->size(), 2u);
  EXPECT_EQ((*tokens)[1].scope, Scope::kAdmin);
  EXPECT_EQ((*tokens)[1].secret, "fedcba9876543210");
}

TEST(TokenFile, IsRefusedWhenOthersMayReadIt) {
  const auto tokens = read_tokens("read 0123456789abcdef\n", 0640);
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().code, ErrorCode::kRefused);
}

TEST(TokenFile, NamesABadLineButNotItsToken) {
  for (const char* text : {"root 0123456789abcdef\n", "read short\n", "read\n", "\n",
                           "read 0123456789abcdef more\n"}) {
    const auto tokens = read_tokens(text, 0600);
    ASSERT_FALSE(tokens) << text;
    EXPECT_EQ(tokens.error().code, ErrorCode::kBadData) << text;
    EXPECT_EQ(to_string(tokens.error()).find("0123456789abcdef"), std::string::npos);
  }
}

TEST(ListenAddress, IsReadOrRefused) {
  EXPECT_EQ(parse_listen_address("localhost:80")->to_string(), "127.0.0.1:80");
  EXPECT_EQ(parse_listen_address("[::1]:4040")->to_string(), "[::1]:4040");
  EXPECT_TRUE(parse_listen_address("[::1]:4040")->loopback());
  EXPECT_FALSE(parse_listen_address("0.0.0.0:1")->loopback());
  for (const char* text : {"", "4040", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "host:1",
                           "::1:4040", "127.0.0.1:-1", "127.0.0.1: 1"}) {
    EXPECT_FALSE(parse_listen_address(text)) << text;
  }
}

TEST(AccessControl, BeyondLoopbackNeedsTokens) {
  const FakeClock clock;
  AccessControl::Options options;
  options.listen = {"0.0.0.0", 4040};
  const auto open = AccessControl::create(options, clock);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::kRefused);
  options.tokens = {{Scope::kRead, "0123456789abcdef"}};
  EXPECT_TRUE(AccessControl::create(options, clock));
}

TEST(AccessControl, AnswersNoForeignNameAndNoForeignOrigin) {
  const FakeClock clock;
  AccessControl::Options options;
  options.listen = {"127.0.0.1", 4040};
  options.allowed_hosts = {"Lines.example"};
  const auto access = *AccessControl::create(options, clock);
  const auto allowed = [&](const char* method, const char* host, const char* origin) {
    HttpRequest request;
    request.method = method;
    request.headers["host"] = host;
    if (*origin != '\0') request.headers["origin"] = origin;
    return access->check_origin(request).has_value();
  };
  EXPECT_TRUE(allowed("GET", "127.0.0.1:4040", ""));
  EXPECT_TRUE(allowed("GET", "LOCALHOST:4040", ""));
  EXPECT_TRUE(allowed("GET", "[::1]:4040", ""));
  EXPECT_TRUE(allowed("POST", "lines.example", "https://lines.example"));
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::1", "a:b:c"}) {
    EXPECT_FALSE(allowed("GET", host, "")) << host;
  }
  EXPECT_FALSE(allowed("POST", "127.0.0.1:4040", "http://evil.example"));
  EXPECT_FALSE(allowed("POST", "127.0.0.1:4040", "null"));
}

TEST(AccessControl, StopsAGuesserAndLetsHimInAfterAMinute) {
  FakeClock clock;
  AccessControl::Options options;
  options.listen = {"127.0.0.1", 4040};
  options.tokens = {{Scope::kRead, "0123456789abcdef"}};
  options.max_failures = 2;
  const auto access = *AccessControl::create(options, clock);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(access->log_in("wrong", "p").error().code, ErrorCode::kRefused);
  EXPECT_EQ(access->log_in("0123456789abcdef", "p").error().code, ErrorCode::kResourceLimit);
  EXPECT_TRUE(access->log_in("0123456789abcdef", "other"));
  clock.advance(std::chrono::seconds(61));
  EXPECT_TRUE(access->log_in("0123456789abcdef", "p"));
}

TEST(AccessControl, ASessionHasItsTokensScopeUntilItEnds) {
  FakeClock clock;
  AccessControl::Options options;
  options.listen = {"127.0.0.1", 4040};
  options.tokens = {{Scope::kAct, "0123456789abcdef"}};
  const auto access = *AccessControl::create(options, clock);
  HttpRequest request;
  request.headers["cookie"] = "a=b; thunderline_session=" + *access->log_in("0123456789abcdef", "p");
  EXPECT_EQ(*access->scope_of(request), Scope::kAct);
  clock.advance(std::chrono::hours(13));
  EXPECT_EQ(*access->scope_of(request), Scope::kNone);
  request.headers["cookie"] = "thunderline_session=0000";
  EXPECT_EQ(*access->scope_of(request), Scope::kNone);
}

TEST(ConstantTime, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"", "ab", "abd", "abcabc"}) EXPECT_FALSE(equal_in_constant_time("abc", other));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
}

}  // namespace
}  // namespace thunderline::thunderprism
