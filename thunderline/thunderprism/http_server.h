#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/metrics.h"
#include "thunderline/thunderprism/access.h"
#include "thunderline/thunderprism/event_stream.h"
#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {

/// An HTTP/1.1 server: one thread for all sockets, and workers that run the handler. Requests are
/// bounded in size and time; what breaks the protocol is answered with a problem and cut off.
/// Sources: RFC 9110, RFC 9112.
class HttpServer {
 public:
  struct Options {
    ListenAddress listen;
    size_t workers = 2;
    size_t max_connections = 2048;  ///< Further ones are closed at once.
    size_t max_waiting = 256;       ///< Requests that wait for a worker; further ones get 503.
    uint32_t max_header_bytes = 16 << 10;
    uint64_t max_body_bytes = 1 << 20;
    std::chrono::milliseconds request_time{10'000};  ///< To send a whole request, once begun or idle.
    std::chrono::milliseconds write_time{30'000};    ///< To take a response, or a batch of the stream.
    std::chrono::milliseconds frame_time{100};       ///< Between two batches of one viewer.
    std::chrono::milliseconds ping_time{15'000};
  };

  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Listens, and serves from now on. `handler` runs on workers, many at a time. All references must
  /// outlive the server. Errors: kUnavailable when the address cannot be had, saying why.
  static Result<std::unique_ptr<HttpServer>> start(Options options, Handler handler,
                                                   EventStream& stream, const Clock& clock,
                                                   thunderflow::MetricsRegistry& metrics);

  /// Closes all connections and joins.
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The address with the port that was really taken.
  ListenAddress address() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace thunderline::thunderprism
