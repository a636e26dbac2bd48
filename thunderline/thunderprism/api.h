#pragma once

#include <string>
#include <vector>

#include "thunderline/thunderflow/metrics.h"
#include "thunderline/thunderprism/access.h"
#include "thunderline/thunderprism/event_stream.h"
#include "thunderline/thunderprism/router.h"
#include "thunderline/thunderprism/run_feed.h"

namespace thunderline::thunderprism {

/// What the routes work with; all of it must outlive them.
struct ApiParts {
  RunFeed& feed;
  EventStream& stream;
  AccessControl& access;
  thunderflow::MetricsRegistry& metrics;
  std::string version;  ///< Of the program.
};

/// Every route of the server, in the order in which they are tried.
std::vector<Route> make_routes(ApiParts parts);

/// The topics that a page's snapshot holds and its stream should carry. Errors: kNotFound with the
/// pages there are.
Result<std::vector<std::string>> topics_of_page(const std::string& page);

}  // namespace thunderline::thunderprism
