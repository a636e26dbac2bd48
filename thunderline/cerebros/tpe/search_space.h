#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/distribution.h"

namespace thunderline::cerebros::tpe {

/// A named distribution.
struct Parameter {
  std::string name;
  Distribution distribution;

  bool operator==(const Parameter&) const = default;
};

/// A list of parameters with distinct names; the order is the order of suggestion. A value.
class SearchSpace {
 public:
  SearchSpace() = default;

  /// Errors: those of `checked_distribution`; kInvalidArgument for a name that is there twice.
  static Result<SearchSpace> create(std::vector<Parameter> parameters);

  /// Reads the JSON list
  /// `[{"name":"lr","type":"float","low":1e-5,"high":1e-2,"log":true},
  ///   {"name":"units","type":"int","low":32,"high":256,"step":32},
  ///   {"name":"act","type":"categorical","choices":["relu","gelu"]}]`.
  /// `where` names the source in errors. Errors: kBadData for what is no such list, or a field that
  /// is unknown or has the wrong type; kInvalidArgument as for `create`.
  static Result<SearchSpace> parse(std::string_view json, const std::string& where);

  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// The parameter called `name`, or null.
  const Parameter* find(std::string_view name) const;

  /// The list again, as `parse` reads it.
  std::string to_json() const;

  bool operator==(const SearchSpace&) const = default;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace thunderline::cerebros::tpe
