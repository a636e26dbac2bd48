#include "thunderline/thunderprism/prism_server.h"

#include <cstdio>

#include "thunderline/base/random.h"
#include "thunderline/thunderprism/api.h"
#include "thunderline/thunderprism/problem.h"

namespace thunderline::thunderprism {
namespace {

std::string new_boot() {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(entropy_seed()));
  return text;
}

}  // namespace

class PrismServer::Impl {
 public:
  Impl(Options options, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        stream_(new_boot()),
        feed_(stream_, metrics_, clock, options_.on_opened, options_.on_finished) {}

  Status open() {
    options_.access.listen = options_.http.listen;
    TL_ASSIGN_OR_RETURN(access_, AccessControl::create(options_.access, clock_));
    router_.emplace(make_routes({feed_, stream_, *access_, metrics_, options_.version}), *access_);
    const auto handler = [this](const HttpRequest& request) { return answer(request); };
    TL_ASSIGN_OR_RETURN(http_,
                        HttpServer::start(options_.http, handler, stream_, clock_, metrics_));
    return {};
  }

  RunFeed& feed() { return feed_; }
  const HttpServer& http() const { return *http_; }
  const Router& router() const { return *router_; }

 private:
  HttpResponse answer(const HttpRequest& request) {
    const auto start = clock_.now();
    HttpResponse response = router_->answer(request);
    const std::chrono::duration<double> took = clock_.now() - start;
    const std::string route = router_->label(request);
    if (auto counter = metrics_.counter("thunderline_http_requests_total", "Requests answered.",
                                        {{"route", route},
                                         {"status", std::to_string(response.status)}})) {
      (*counter)->increment();
    }
    if (auto seconds = metrics_.histogram(
            "thunderline_http_request_seconds", "Time to make an answer, without the network.",
            thunderflow::exponential_bounds(0.0001, 4.0, 8), {{"route", route}})) {
      (*seconds)->observe(took.count());
    }
    return response;
  }

  Options options_;
  const Clock& clock_;
  thunderflow::MetricsRegistry metrics_;
  EventStream stream_;
  RunFeed feed_;
  std::unique_ptr<AccessControl> access_;
  std::optional<Router> router_;
  std::unique_ptr<HttpServer> http_;  // Last: its threads use all of the above.
};

PrismServer::PrismServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrismServer::~PrismServer() = default;

Result<std::unique_ptr<PrismServer>> PrismServer::start(Options options, const Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(options), clock);
  TL_RETURN_IF_ERROR(impl->open());
  return std::unique_ptr<PrismServer>(new PrismServer(std::move(impl)));
}

thunderchief::RunObserver& PrismServer::observer() { return impl_->feed(); }
ListenAddress PrismServer::address() const { return impl_->http().address(); }
std::string PrismServer::url() const { return "http://" + address().to_string(); }
const std::vector<Route>& PrismServer::routes() const { return impl_->router().routes(); }

}  // namespace thunderline::thunderprism
