#pragma once

// For .cc files only: this header shows nlohmann::json, as json_util.h does.

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/tpe/distribution.h"

namespace thunderline::cerebros::tpe {

OrderedJson json_of(const ParamValue& value);

/// An object with the values by name, in their order.
OrderedJson json_of(const Params& params);

/// Reads what `json_of` writes. Errors: kBadData for lists, objects and whole numbers beyond 64 bits.
Result<ParamValue> param_value_from(const OrderedJson& json, const std::string& where);
Result<Params> params_from(const OrderedJson& json, const std::string& where);

}  // namespace thunderline::cerebros::tpe
