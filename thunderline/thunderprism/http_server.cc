#include "thunderline/thunderprism/http_server.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <set>
#include <thread>

#include "thunderline/thunderflow/executor.h"
#include "thunderline/thunderprism/problem.h"

namespace thunderline::thunderprism {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;

namespace {

constexpr auto kAsTuple = net::as_tuple(net::use_awaitable);
constexpr char kContentPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

using Parser = http::request_parser<http::string_body>;
using Message = http::request<http::string_body>;
using Timer = net::steady_timer;

/// What a well-formed request may still not be: two lengths, two hosts, another coding.
bool is_ambiguous(const Message& message) {
  const size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return true;
  const size_t codings = message.count(http::field::transfer_encoding);
  if (codings == 0) return false;
  return codings > 1 || message.version() < 11 ||
         message.count(http::field::content_length) > 0 ||
         !beast::iequals(message[http::field::transfer_encoding], "chunked");
}

/// False when the target cannot be read.
bool convert(Message& message, const std::string& peer, HttpRequest& request) {
  request.method = std::string(message.method_string());
  request.peer = peer;
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string& value = request.headers[name];
    if (!value.empty()) value += ", ";
    value += std::string(field.value());
  }
  request.body = std::move(message.body());
  return decode_target({message.target().data(), message.target().size()}, request);
}

HttpResponse protocol_problem(const beast::error_code& error) {
  if (error == http::error::body_limit) {
    return problem(413, {ErrorCode::kResourceLimit, "the body is too large", "Content-Length", ""});
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return problem(431, {ErrorCode::kResourceLimit, "the header is too large", "header", ""});
  }
  return problem(400, {ErrorCode::kInvalidArgument, "this is not a request of HTTP/1.1", "request",
                       error.message()});
}

bool is_protocol_error(const beast::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

HttpResponse too_busy(const std::string& path) {
  return problem({ErrorCode::kUnavailable, "too many requests wait", path, "try again in a moment"});
}

/// The pieces of one write; lists in braces within a `co_await` are more than g++ 12 can take.
std::vector<net::const_buffer> buffers_of(
    std::string_view first, const std::vector<std::shared_ptr<const std::string>>& frames = {}) {
  std::vector<net::const_buffer> buffers(1, net::buffer(first));
  for (const auto& frame : frames) buffers.push_back(net::buffer(*frame));
  return buffers;
}

std::string head_of(const HttpResponse& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     status_phrase(response.status) + "\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  head += "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
          "Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n"
          "Content-Security-Policy: ";
  head += kContentPolicy;
  head += "\r\n";
  const bool bodiless = response.status == 304 || response.status == 204;
  if (!response.stream && !bodiless) {
    head += "Content-Length: " + std::to_string(response.body->size()) + "\r\n";
  }
  head += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Options options, Handler handler, EventStream& stream, const Clock& clock,
       thunderflow::MetricsRegistry& metrics)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        stream_(stream),
        clock_(clock),
        metrics_(metrics),
        context_(std::make_shared<net::io_context>(1)),
        acceptor_(*context_),
        workers_({options_.workers}) {}

  ~Impl() {
    stream_.on_news(nullptr);
    context_->stop();
    if (thread_.joinable()) thread_.join();
    workers_.stop();
  }

  Status open();
  ListenAddress address() const { return address_; }

 private:
  struct Connection {
    explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    std::string peer;
  };

  net::awaitable<void> accept();
  net::awaitable<void> serve(tcp::socket socket);
  net::awaitable<bool> serve_one(Connection& connection);
  net::awaitable<void> refuse(Connection& connection, HttpResponse response);
  net::awaitable<bool> send(Connection& connection, const HttpResponse& response, bool keep_alive,
                            bool with_body);
  net::awaitable<bool> write(Connection& connection, std::vector<net::const_buffer> buffers);
  net::awaitable<HttpResponse> handle(HttpRequest request);
  net::awaitable<void> push(Connection& connection, StreamStart start);
  net::awaitable<bool> wait_for_news(std::chrono::milliseconds at_most);
  net::awaitable<void> pause(std::chrono::milliseconds time);
  std::string ping_text() const;
  void wake();

  const Options options_;
  const Handler handler_;
  EventStream& stream_;
  const Clock& clock_;
  thunderflow::MetricsRegistry& metrics_;
  std::shared_ptr<net::io_context> context_;  ///< Shared with news that is on its way.
  tcp::acceptor acceptor_;
  thunderflow::ThreadExecutor workers_;
  ListenAddress address_;
  std::shared_ptr<thunderflow::Gauge> viewers_;
  size_t connections_ = 0;
  std::set<std::shared_ptr<Timer>> waiting_;  ///< Viewers that have seen all.
  std::thread thread_;
};

Status HttpServer::Impl::open() {
  TL_ASSIGN_OR_RETURN(viewers_, metrics_.gauge("thunderline_stream_viewers",
                                               "Viewers of the push stream."));
  beast::error_code error;
  const tcp::endpoint endpoint(net::ip::make_address(options_.listen.host, error),
                               options_.listen.port);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error == net::error::address_in_use) {
    return fail(ErrorCode::kUnavailable, "another program listens there",
                options_.listen.to_string(),
                "take another port with --listen HOST:PORT, or --no-web for none");
  }
  if (error) {
    return fail(ErrorCode::kUnavailable, "cannot listen: " + error.message(),
                options_.listen.to_string(), "take another address with --listen HOST:PORT");
  }
  address_ = options_.listen;
  address_.port = acceptor_.local_endpoint().port();
  std::weak_ptr<net::io_context> context = context_;
  stream_.on_news([this, context] {
    if (const auto alive = context.lock()) net::post(*alive, [this] { wake(); });
  });
  net::co_spawn(*context_, accept(), net::detached);
  thread_ = std::thread([this] { context_->run(); });
  return {};
}

void HttpServer::Impl::wake() {
  for (const auto& timer : waiting_) timer->cancel();
  waiting_.clear();
}

net::awaitable<void> HttpServer::Impl::accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
    if (error == net::error::operation_aborted) co_return;
    if (error) {
      // No descriptor is left, for instance: others will close.
      co_await pause(std::chrono::milliseconds(50));
      continue;
    }
    if (connections_ >= options_.max_connections) continue;  // Closed at the end of its scope.
    ++connections_;
    net::co_spawn(*context_, serve(std::move(socket)), net::detached);
  }
}

net::awaitable<void> HttpServer::Impl::pause(std::chrono::milliseconds time) {
  Timer timer(*context_, time);
  co_await timer.async_wait(kAsTuple);
}

net::awaitable<void> HttpServer::Impl::serve(tcp::socket socket) {
  beast::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  Connection connection(std::move(socket));
  const auto peer = connection.stream.socket().remote_endpoint(ignored);
  connection.peer = peer.address().to_string();
  bool open = true;
  while (open) open = co_await serve_one(connection);
  connection.stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  --connections_;
}

net::awaitable<bool> HttpServer::Impl::serve_one(Connection& connection) {
  Parser parser;
  parser.header_limit(options_.max_header_bytes);
  parser.body_limit(options_.max_body_bytes);
  connection.stream.expires_after(options_.request_time);
  const auto [error, size] =
      co_await http::async_read(connection.stream, connection.buffer, parser, kAsTuple);
  if (error) {
    if (is_protocol_error(error)) co_await refuse(connection, protocol_problem(error));
    co_return false;
  }
  Message message = parser.release();
  const bool keep_alive = message.keep_alive();
  HttpRequest request;
  if (is_ambiguous(message) || !convert(message, connection.peer, request)) {
    co_await refuse(connection, protocol_problem(http::error::bad_target));
    co_return false;
  }
  const bool with_body = request.method != "HEAD";
  HttpResponse response = co_await handle(std::move(request));
  if (response.stream && with_body) {
    if (co_await send(connection, response, true, false)) {
      co_await push(connection, *response.stream);
    }
    co_return false;
  }
  co_return co_await send(connection, response, keep_alive, with_body) && keep_alive;
}

net::awaitable<void> HttpServer::Impl::refuse(Connection& connection, HttpResponse response) {
  if (!co_await send(connection, response, false, true)) co_return;
  // What the client still sends is read for a moment: closing on it would take the answer back.
  beast::error_code ignored;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  connection.stream.expires_after(std::chrono::seconds(1));
  std::array<char, 4096> rest;
  for (size_t read = 0; read < options_.max_body_bytes;) {
    const auto [error, size] =
        co_await connection.stream.async_read_some(net::buffer(rest), kAsTuple);
    if (error) co_return;
    read += size;
  }
}

net::awaitable<bool> HttpServer::Impl::write(Connection& connection,
                                             std::vector<net::const_buffer> buffers) {
  connection.stream.expires_after(options_.write_time);
  const auto [error, size] = co_await net::async_write(connection.stream, buffers, kAsTuple);
  co_return !error;
}

net::awaitable<bool> HttpServer::Impl::send(Connection& connection, const HttpResponse& response,
                                            bool keep_alive, bool with_body) {
  const std::string head = head_of(response, keep_alive);
  const std::shared_ptr<const std::string> body = response.body;
  std::vector<net::const_buffer> buffers = buffers_of(head);
  if (with_body) buffers.push_back(net::buffer(*body));
  co_return co_await write(connection, std::move(buffers));
}

net::awaitable<HttpResponse> HttpServer::Impl::handle(HttpRequest request) {
  struct Work {
    HttpRequest request;
    HttpResponse response;
  };
  if (workers_.queued() >= options_.max_waiting) {
    co_return too_busy(request.path);
  }
  auto work = std::make_shared<Work>();
  work->request = std::move(request);
  auto done = std::make_shared<Timer>(*context_, Timer::time_point::max());
  const Status posted = workers_.post([this, work, done] {
    work->response = handler_(work->request);
    net::post(*context_, [done] { done->cancel(); });
  });
  if (!posted) co_return problem(posted.error());
  co_await done->async_wait(kAsTuple);
  co_return std::move(work->response);
}

std::string HttpServer::Impl::ping_text() const {
  return "event: ping\ndata: {\"ts\":" + std::to_string(clock_.unix_ms()) + "}\n\n";
}

net::awaitable<bool> HttpServer::Impl::wait_for_news(std::chrono::milliseconds at_most) {
  auto timer = std::make_shared<Timer>(*context_, at_most);
  waiting_.insert(timer);
  const auto [error] = co_await timer->async_wait(kAsTuple);
  waiting_.erase(timer);
  co_return error == net::error::operation_aborted;
}

net::awaitable<void> HttpServer::Impl::push(Connection& connection, StreamStart start) {
  viewers_->add(1);
  uint64_t cursor = start.cursor;
  bool reset = start.reset;
  bool open = co_await write(connection, buffers_of("retry: 1000\n\n"));
  while (open) {
    EventStream::Batch batch = stream_.next(cursor, start.topics);
    reset |= batch.reset;
    if (!reset && batch.frames.empty()) {
      const bool news = co_await wait_for_news(options_.ping_time);
      if (news) continue;
    }
    std::string first = reset ? stream_.reset_text(cursor) : "";
    if (!reset && batch.frames.empty()) first = ping_text();
    reset = false;
    open = co_await write(connection, buffers_of(first, batch.frames));
    if (open) co_await pause(options_.frame_time);
  }
  viewers_->add(-1);
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

ListenAddress HttpServer::address() const { return impl_->address(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, Handler handler,
                                                      EventStream& stream, const Clock& clock,
                                                      thunderflow::MetricsRegistry& metrics) {
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(handler), stream, clock, metrics);
  TL_RETURN_IF_ERROR(impl->open());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace thunderline::thunderprism
