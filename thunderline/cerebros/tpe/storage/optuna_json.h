#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/tpe/distribution.h"

namespace thunderline::cerebros::tpe {

// The JSON texts that Optuna keeps in its databases. Source: Optuna 5.0.0, optuna/distributions.py
// (distribution_to_json, json_to_distribution) and Python's json module, which also writes the
// numbers NaN, Infinity and -Infinity.

/// `{"name": "FloatDistribution", "attributes": {…}}`.
std::string distribution_json(const Distribution& distribution);

/// Reads the above, the names that Optuna used before version 3, and the short form with a "type".
/// Errors: kBadData.
Result<Distribution> parse_distribution(std::string_view text, const std::string& where);

/// `{"lr": 0.001}`, in ASCII.
std::string params_json(const Params& params);
Result<Params> parse_params(std::string_view text, const std::string& where);

/// `[0.5, -Infinity]`.
std::string numbers_json(const std::vector<double>& numbers);
Result<std::vector<double>> parse_numbers(std::string_view text, const std::string& where);

/// `"text"`, in ASCII.
std::string text_json(const std::string& text);
Result<std::string> parse_text(std::string_view json, const std::string& where);

/// `json` with the strings "NaN", "Infinity" and "-Infinity" where Python has numbers of these names,
/// so that other JSON readers take it.
std::string portable_json(std::string_view json);

}  // namespace thunderline::cerebros::tpe
