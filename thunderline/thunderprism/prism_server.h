#pragma once

#include <functional>
#include <memory>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/inbox_run.h"
#include "thunderline/thunderprism/access.h"
#include "thunderline/thunderprism/http_server.h"

namespace thunderline::thunderprism {

/// The live pages of a run, whole: give `observer()` to the run and it is shown.
class PrismServer {
 public:
  struct Options {
    HttpServer::Options http;  ///< With the address.
    AccessControl::Options access;  ///< `listen` is taken from `http`.
    std::string version;
    /// Called on the run's thread when the run is open (RunFeed).
    std::function<void()> on_opened;
    /// Called on the run's thread when the report is there (RunFeed).
    std::function<void(const thunderchief::RunReport&)> on_finished;
  };

  /// Listens and serves. `clock` must outlive it. Errors: those of AccessControl and HttpServer.
  static Result<std::unique_ptr<PrismServer>> start(Options options, const Clock& clock);
  ~PrismServer();

  /// Give this to the run. Lifetime: the server's.
  thunderchief::RunObserver& observer();

  /// "http://127.0.0.1:4040"
  std::string url() const;
  ListenAddress address() const;

  /// Every route, for tests that go through all of them.
  const std::vector<struct Route>& routes() const;

 private:
  class Impl;
  explicit PrismServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thunderline::thunderprism
