#pragma once

// For .cc files only: this header shows nlohmann::json, as json_util.h does.

#include "thunderline/base/json_util.h"
#include "thunderline/base/result.h"

namespace thunderline::cli {

/// `{"code":"bad_data","message":"…","where":"…","hint":"…"}`.
inline OrderedJson error_json(const Error& error) {
  return {{"code", code_name(error.code)},
          {"message", error.message},
          {"where", error.where},
          {"hint", error.hint}};
}

}  // namespace thunderline::cli
