// The whole server over real sockets on loopback.

#include "thunderline/thunderprism/prism_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/router.h"

namespace thunderline::thunderprism {
namespace {

constexpr const char* kRead = "read-0123456789abcdef";
constexpr const char* kAct = "act-0123456789abcdef";
constexpr const char* kAdmin = "admin-0123456789abcdef";

/// A socket to the server; what it reads ends when `end` was seen or the server closed.
class Client {
 public:
  explicit Client(const PrismServer& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.address().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& text) { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }

  std::string read(const std::string& end = "") {
    std::string text;
    char buffer[4096];
    while (end.empty() || text.find(end) == std::string::npos) {
      const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  int socket_;
};

class PrismServerTest : public ::testing::Test {
 protected:
  void start(bool with_tokens) {
    PrismServer::Options options;
    options.http.listen = {"127.0.0.1", 0};
    options.http.request_time = std::chrono::milliseconds(300);
    options.version = "1";
    if (with_tokens) {
      options.access.tokens = {{Scope::kRead, kRead}, {Scope::kAct, kAct}, {Scope::kAdmin, kAdmin}};
      options.access.max_failures = 100'000;
    }
    server_ = *PrismServer::start(std::move(options), clock_);
  }

  std::string raw(const std::string& text) {
    Client client(*server_);
    client.send(text);
    return client.read();
  }

  std::string ask(const std::string& method, const std::string& path, const std::string& headers = "") {
    return raw(method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" +
               headers + "\r\n");
  }

  static int status(const std::string& response) {
    return response.size() > 12 ? std::atoi(response.substr(9, 3).c_str()) : 0;
  }

  const SystemClock clock_;
  std::unique_ptr<PrismServer> server_;
};

std::string bearer(const char* token) {
  return std::string("Authorization: Bearer ") + token + "\r\n";
}

TEST_F(PrismServerTest, AnswersHealthBeforeAnyRunAndIsNotReady) {
  start(false);
  EXPECT_EQ(status(ask("GET", "/healthz")), 200);
  EXPECT_EQ(status(ask("GET", "/livez")), 200);
  EXPECT_EQ(status(ask("GET", "/readyz")), 503);
  EXPECT_NE(ask("GET", "/metrics").find("thunderline_http_requests_total"), std::string::npos);
}

TEST_F(PrismServerTest, EveryRouteAsksForItsScopeFromEveryCredential) {
  start(true);
  const std::vector<std::pair<std::string, Scope>> credentials = {
      {"", Scope::kNone},
      {bearer("wrong-0123456789abcdef"), Scope::kNone},
      {"Cookie: thunderline_session=00\r\n", Scope::kNone},
      {bearer(kRead), Scope::kRead},
      {bearer(kAct), Scope::kAct},
      {bearer(kAdmin), Scope::kAdmin}};
  for (const Route& route : server_->routes()) {
    if (route.produces == "text/event-stream") continue;
    for (const auto& [header, scope] : credentials) {
      const int got = status(ask(route.method, route.path, header));
      const std::string at = route.method + " " + route.path + " as " + scope_name(scope);
      if (scope >= route.scope) {
        EXPECT_TRUE(route.path == "/login" || (got != 401 && got != 403)) << at << ": " << got;
      } else {
        EXPECT_EQ(got, scope == Scope::kNone ? 401 : 403) << at;
      }
    }
  }
  EXPECT_EQ(status(ask("GET", "/api/v1/stream")), 401);
}

TEST_F(PrismServerTest, EveryApiRouteIsDescribed) {
  start(false);
  for (const Route& route : server_->routes()) {
    if (!route.path.starts_with("/api/v1")) continue;
    EXPECT_FALSE(route.tag.empty()) << route.path;
    EXPECT_FALSE(route.summary.empty()) << route.path;
    EXPECT_FALSE(route.description.empty()) << route.path;
  }
  const std::string response = ask("GET", "/api/openapi.json");
  const auto json = parse_json(response.substr(response.find("\r\n\r\n") + 4), "openapi");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["openapi"], "3.1.0");
  EXPECT_TRUE((*json)["paths"].contains("/api/v1/bits/{id}"));
}

TEST_F(PrismServerTest, ErrorsAreProblemsWithCodeWhereAndHint) {
  start(false);
  const auto check = [&](const std::string& response, int wanted) {
    EXPECT_EQ(status(response), wanted) << response;
    EXPECT_NE(response.find("application/problem+json"), std::string::npos) << response;
    const auto json = parse_json(response.substr(response.find("\r\n\r\n") + 4), "problem");
    ASSERT_TRUE(json) << response;
    for (const char* field : {"code", "where", "hint", "detail"}) EXPECT_TRUE(json->contains(field));
  };
  check(ask("GET", "/nothing"), 404);
  check(ask("DELETE", "/healthz"), 405);
  check(ask("GET", "/api/v1/run/control", "Accept: text/csv\r\n"), 406);
  check(ask("POST", "/api/v1/run/pause", "If-Match: \"other\"\r\n"), 412);
  check(ask("POST", "/api/v1/run/pause"), 503);
  check(ask("POST", "/api/v1/run/pause", "Origin: http://evil.example\r\n"), 403);
  check(raw("POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"), 415);
  check(raw("POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
            "application/x-www-form-urlencoded\r\nContent-Length: 1\r\n\r\nx"), 422);
  check(raw("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"), 413);
  check(raw("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), 403);
}

TEST_F(PrismServerTest, RequestsWithTwoMeaningsAreRefusedAndCutOff) {
  start(false);
  const std::string next = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string& head :
       {std::string("Host: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        std::string("Host: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n"),
        std::string("Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n"),
        std::string("Host: localhost\r\nHost: localhost\r\n"), std::string("X: 1\r\n")}) {
    const std::string response = raw("POST /login HTTP/1.1\r\n" + head + "\r\n0\r\n\r\n" + next);
    EXPECT_EQ(status(response), 400) << head << response;
    EXPECT_EQ(response.find("HTTP/1.1 200"), std::string::npos) << head << response;
  }
  EXPECT_EQ(status(raw("GET /a/../healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")), 400);
  EXPECT_EQ(status(raw("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")), 400);
  EXPECT_EQ(status(raw("nonsense\r\n\r\n")), 400);
  EXPECT_EQ(status(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') +
                       "\r\n\r\n")), 431);
}

TEST_F(PrismServerTest, ASlowClientIsCutOffAndHoldsNobodyUp) {
  start(false);
  Client slow(*server_);
  slow.send("GET /healthz HTTP/1.1\r\nHost: local");
  EXPECT_EQ(status(ask("GET", "/healthz")), 200);
  EXPECT_EQ(slow.read(), "");  // Closed by the server.
}

TEST_F(PrismServerTest, AnUnchangedDocumentIsNotSentAgain) {
  start(false);
  const std::string first = ask("GET", "/api/v1/run/control");
  const size_t at = first.find("ETag: ");
  ASSERT_NE(at, std::string::npos);
  const std::string tag = first.substr(at + 6, first.find('\r', at) - at - 6);
  EXPECT_EQ(status(ask("GET", "/api/v1/run/control", "If-None-Match: " + tag + "\r\n")), 304);
}

TEST_F(PrismServerTest, LogsInWithACookieThatScriptsCannotRead) {
  start(true);
  const std::string form = std::string("token=") + kRead;
  const std::string in = raw(
      "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(form.size()) +
      "\r\n\r\n" + form);
  EXPECT_EQ(status(in), 303);
  EXPECT_NE(in.find("HttpOnly; SameSite=Strict"), std::string::npos);
  const size_t at = in.find("thunderline_session=");
  const std::string cookie = in.substr(at, in.find(';', at) - at);
  EXPECT_EQ(status(ask("GET", "/metrics", "Cookie: " + cookie + "\r\n")), 200);
  EXPECT_EQ(status(ask("POST", "/api/v1/run/pause", "Cookie: " + cookie + "\r\n")), 403);
}

TEST_F(PrismServerTest, AViewerOfAnotherBootIsReset) {
  start(false);
  Client client(*server_);
  client.send("GET /api/v1/stream?after=other-7 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string text = client.read("event: reset");
  EXPECT_NE(text.find("text/event-stream"), std::string::npos) << text;
  EXPECT_NE(text.find("event: reset"), std::string::npos) << text;
}

TEST_F(PrismServerTest, APortInUseIsAnErrorThatSaysWhatToDo) {
  start(false);
  PrismServer::Options options;
  options.http.listen = server_->address();
  const auto second = PrismServer::start(std::move(options), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().hint.find("--listen"), std::string::npos);
}

}  // namespace
}  // namespace thunderline::thunderprism
