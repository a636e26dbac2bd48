#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {

/// What a credential may do; each includes those before it.
enum class Scope { kNone, kRead, kAct, kAdmin };

/// "none", "read", "act", "admin".
const char* scope_name(Scope scope);

struct AccessToken {
  Scope scope = Scope::kRead;
  std::string secret;  ///< At least 16 visible ASCII characters.
};

/// Reads lines `SCOPE TOKEN`; empty lines and lines that begin with # are left out.
/// Errors: kRefused when others than the owner may read the file; kBadData for a line that is
/// neither, naming it but never the token; kNotFound.
Result<std::vector<AccessToken>> read_token_file(FileSystem& files, const std::string& path);

/// Compares without telling by its time where two texts differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// An address to listen on.
struct ListenAddress {
  std::string host;  ///< An IP address, without brackets.
  uint16_t port = 0;  ///< 0: any free one.

  bool loopback() const;
  std::string to_string() const;
};

/// Reads "127.0.0.1:4040", "[::1]:4040", "localhost:4040". Errors: kInvalidArgument.
Result<ListenAddress> parse_listen_address(const std::string& text);

/// Whether web browsers refuse to open this port, whatever serves it.
/// Source: WHATWG Fetch, "bad port".
bool browsers_refuse(uint16_t port);

/// Decides who may do what. Without tokens (loopback only) everybody on this machine may do all, and
/// the checks of Host and Origin keep foreign web pages out.
/// Thread-safety: any thread.
class AccessControl {
 public:
  struct Options {
    ListenAddress listen;
    std::vector<AccessToken> tokens;
    std::vector<std::string> allowed_hosts;  ///< Names that proxies use, without ports.
    std::chrono::hours session_life{12};
    size_t max_sessions = 1024;
    size_t max_failures = 10;  ///< Wrong tokens of one peer within a minute; then 429.
  };

  /// Errors: kRefused when the address is beyond loopback and there is no token.
  static Result<std::unique_ptr<AccessControl>> create(Options options, const Clock& clock);

  /// Whether the request is for this server and from its own pages: the Host is known, and a
  /// request that may change something has no foreign Origin. Errors: kRefused (HTTP 403).
  Status check_origin(const HttpRequest& request) const;

  /// What the request's bearer token or session cookie allows. kNone when it has neither, or a
  /// wrong one. Errors: kResourceLimit after too many wrong ones of this peer (HTTP 429).
  Result<Scope> scope_of(const HttpRequest& request) TL_EXCLUDES(mutex_);

  /// A new session for a token: the value of the cookie. Errors: kRefused for a wrong token (401),
  /// kResourceLimit after too many (429).
  Result<std::string> log_in(std::string_view token, const std::string& peer) TL_EXCLUDES(mutex_);

  /// Ends the request's session.
  void log_out(const HttpRequest& request) TL_EXCLUDES(mutex_);

  bool needs_token() const { return !options_.tokens.empty(); }

  /// The `Set-Cookie` value for a session; an empty session deletes the cookie.
  std::string cookie(const std::string& session) const;

 private:
  struct Session {
    Scope scope = Scope::kRead;
    std::chrono::nanoseconds ends{0};
  };

  AccessControl(Options options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  bool known_host(std::string_view host) const;
  std::optional<Scope> match(std::string_view token) const;
  Status check_failures(const std::string& peer) TL_REQUIRES(mutex_);
  void note_failure(const std::string& peer) TL_REQUIRES(mutex_);

  const Options options_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, Session> sessions_ TL_GUARDED_BY(mutex_);
  std::map<std::string, std::deque<std::chrono::nanoseconds>> failures_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderprism
