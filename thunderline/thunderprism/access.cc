#include "thunderline/thunderprism/access.h"

#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace thunderline::thunderprism {
namespace {

constexpr const char* kCookie = "thunderline_session";
constexpr size_t kMinToken = 16;
constexpr size_t kMaxPeers = 4096;
constexpr std::chrono::nanoseconds kFailureWindow = std::chrono::minutes(1);

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_ip(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback_ip(const std::string& host) {
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/// The host of "host", "host:port" or "[v6]:port", in lower case; empty when it is none of them.
std::string host_part(std::string_view authority) {
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return "";
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return "";
    return lower(authority.substr(1, end - 1));
  }
  const size_t colon = authority.find(':');
  if (colon != std::string_view::npos && authority.find(':', colon + 1) != std::string_view::npos) {
    return "";
  }
  return lower(authority.substr(0, colon));
}

Result<Scope> parse_scope(const std::string& name, const std::string& where) {
  if (name == "read") return Scope::kRead;
  if (name == "act") return Scope::kAct;
  if (name == "admin") return Scope::kAdmin;
  return fail(ErrorCode::kBadData, "a line of a token file is SCOPE TOKEN", where,
              "the scopes are read, act and admin");
}

bool visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

Result<std::string> random_hex() {
  unsigned char bytes[32];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    return fail(ErrorCode::kInternal, "the system gave no random bytes");
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string_view session_cookie(const HttpRequest& request) {
  std::string_view cookies = request.header("cookie");
  const std::string prefix = std::string(kCookie) + "=";
  while (!cookies.empty()) {
    const size_t end = cookies.find(';');
    std::string_view one = cookies.substr(0, end);
    cookies.remove_prefix(end == std::string_view::npos ? cookies.size() : end + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(prefix)) return one.substr(prefix.size());
  }
  return {};
}

bool may_change(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

}  // namespace

const char* scope_name(Scope scope) {
  switch (scope) {
    case Scope::kNone: return "none";
    case Scope::kRead: return "read";
    case Scope::kAct: return "act";
    case Scope::kAdmin: return "admin";
  }
  return "none";
}

Result<std::vector<AccessToken>> read_token_file(FileSystem& files, const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return fail(ErrorCode::kRefused, "others than its owner may use the token file", path,
                "chmod 600 " + path);
  }
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(files, path));
  std::vector<AccessToken> tokens;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string scope, secret, more;
    words >> scope >> secret >> more;
    if (scope.empty() || scope.front() == '#') continue;
    const std::string where = path + " line " + std::to_string(number);
    AccessToken token;
    TL_ASSIGN_OR_RETURN(token.scope, parse_scope(scope, where));
    if (secret.size() < kMinToken || !visible(secret) || !more.empty()) {
      return fail(ErrorCode::kBadData, "a token has at least 16 visible ASCII characters", where,
                  "make one with: openssl rand -hex 32");
    }
    token.secret = std::move(secret);
    tokens.push_back(std::move(token));
  }
  if (tokens.empty()) {
    return fail(ErrorCode::kBadData, "the token file has no token", path,
                "write a line such as: admin $(openssl rand -hex 32)");
  }
  return tokens;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  // The length of what was given is no secret; the loop runs over it alone.
  unsigned difference = a.size() == b.size() ? 0u : 1u;
  for (size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

bool ListenAddress::loopback() const { return is_loopback_ip(host); }

std::string ListenAddress::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool browsers_refuse(uint16_t port) {
  static constexpr uint16_t kBad[] = {
      0,    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,   25,   37,   42,
      43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,  109,  110,  111,  113,  115,
      117,  119,  123,  135,  137,  139,  143,  161,  179,  389,  427,  465,  512,  513,  514,  515,
      526,  530,  531,  532,  540,  548,  554,  556,  563,  587,  601,  636,  989,  990,  993,  995,
      1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
      6679, 6697, 10080};
  return std::find(std::begin(kBad), std::end(kBad), port) != std::end(kBad);
}

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, "the address is not IP:PORT", "--listen " + text,
                "give one such as 127.0.0.1:4040, [::1]:4040 or 0.0.0.0:4040");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  ListenAddress address;
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return wrong();
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end || !is_ip(address.host)) return wrong();
  return address;
}

Result<std::unique_ptr<AccessControl>> AccessControl::create(Options options, const Clock& clock) {
  if (!options.listen.loopback() && options.tokens.empty()) {
    return fail(ErrorCode::kRefused, "beyond this machine the pages need tokens",
                "--listen " + options.listen.to_string(),
                "give --token-file FILE (mode 0600, lines SCOPE TOKEN), or listen on 127.0.0.1");
  }
  for (std::string& host : options.allowed_hosts) host = lower(host);
  return std::unique_ptr<AccessControl>(new AccessControl(std::move(options), clock));
}

bool AccessControl::known_host(std::string_view authority) const {
  const std::string host = host_part(authority);
  if (host.empty()) return false;
  if (host == "localhost" || is_loopback_ip(host)) return true;
  const auto& allowed = options_.allowed_hosts;
  if (std::find(allowed.begin(), allowed.end(), host) != allowed.end()) return true;
  // A foreign page can point a name of its own here, but no address.
  return !options_.listen.loopback() && is_ip(host);
}

Status AccessControl::check_origin(const HttpRequest& request) const {
  const std::string_view host = request.header("host");
  if (!known_host(host)) {
    return fail(ErrorCode::kRefused, "this server does not go by that name", "Host",
                "name it with --allowed-host when a proxy stands before it");
  }
  if (!may_change(request.method)) return {};
  const std::string_view origin = request.header("origin");
  if (!origin.empty()) {
    const size_t scheme = origin.find("://");
    if (scheme != std::string_view::npos && lower(origin.substr(scheme + 3)) == lower(host)) {
      return {};
    }
    return fail(ErrorCode::kRefused, "the request comes from another site", "Origin");
  }
  const std::string_view site = request.header("sec-fetch-site");
  if (site.empty() || site == "same-origin" || site == "none") return {};
  return fail(ErrorCode::kRefused, "the request comes from another site", "Sec-Fetch-Site");
}

std::optional<Scope> AccessControl::match(std::string_view token) const {
  std::optional<Scope> found;
  for (const AccessToken& known : options_.tokens) {
    // All are compared, so that the time does not tell which one was near.
    if (equal_in_constant_time(token, known.secret) && (!found || known.scope > *found)) {
      found = known.scope;
    }
  }
  return found;
}

Status AccessControl::check_failures(const std::string& peer) {
  const auto it = failures_.find(peer);
  if (it == failures_.end()) return {};
  while (!it->second.empty() && it->second.front() + kFailureWindow < clock_.now()) {
    it->second.pop_front();
  }
  if (it->second.size() < options_.max_failures) return {};
  return fail(ErrorCode::kResourceLimit, "too many wrong tokens", "Authorization",
              "wait a minute");
}

void AccessControl::note_failure(const std::string& peer) {
  if (failures_.size() >= kMaxPeers && !failures_.contains(peer)) failures_.erase(failures_.begin());
  failures_[peer].push_back(clock_.now());
}

Result<Scope> AccessControl::scope_of(const HttpRequest& request) {
  if (!needs_token()) return Scope::kAdmin;
  const std::string_view header = request.header("authorization");
  if (!header.empty()) {
    MutexLock lock(mutex_);
    TL_RETURN_IF_ERROR(check_failures(request.peer));
    constexpr size_t kPrefix = 7;
    if (lower(header.substr(0, kPrefix)) == "bearer ") {
      if (const auto scope = match(header.substr(kPrefix))) return *scope;
    }
    note_failure(request.peer);
    return Scope::kNone;
  }
  const std::string_view cookie = session_cookie(request);
  if (cookie.empty()) return Scope::kNone;
  MutexLock lock(mutex_);
  // The map is searched by the whole random value; a guess has 256 bits to find.
  const auto it = sessions_.find(std::string(cookie));
  if (it == sessions_.end() || it->second.ends < clock_.now()) return Scope::kNone;
  return it->second.scope;
}

Result<std::string> AccessControl::log_in(std::string_view token, const std::string& peer) {
  TL_ASSIGN_OR_RETURN(std::string session, random_hex());
  MutexLock lock(mutex_);
  TL_RETURN_IF_ERROR(check_failures(peer));
  const auto scope = match(token);
  if (!scope) {
    note_failure(peer);
    return fail(ErrorCode::kRefused, "the token is not known", "token");
  }
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends < clock_.now(); });
  if (sessions_.size() >= options_.max_sessions) {
    return fail(ErrorCode::kResourceLimit, "too many are logged in", "token", "log out elsewhere");
  }
  sessions_[session] = {*scope, clock_.now() + options_.session_life};
  return session;
}

void AccessControl::log_out(const HttpRequest& request) {
  const std::string_view cookie = session_cookie(request);
  MutexLock lock(mutex_);
  sessions_.erase(std::string(cookie));
}

std::string AccessControl::cookie(const std::string& session) const {
  const int64_t life = session.empty() ? 0 : std::chrono::seconds(options_.session_life).count();
  return std::string(kCookie) + "=" + session +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(life);
}

}  // namespace thunderline::thunderprism
