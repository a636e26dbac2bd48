#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/thunderprism/api.h"

/// What the files that make the routes share.
namespace thunderline::thunderprism {

/// A parameter of the query within its range, or `otherwise`. Errors: kInvalidArgument.
Result<uint64_t> whole_number(const HttpRequest& request, const std::string& name,
                              uint64_t otherwise, uint64_t low, uint64_t high);

/// A part of the path as a number from 0. Errors: kInvalidArgument.
Result<int64_t> path_number(const PathValues& path, const std::string& name);

void add_history(std::vector<Route>& routes, const ApiParts& parts);
void add_actions(std::vector<Route>& routes, const ApiParts& parts);

}  // namespace thunderline::thunderprism
