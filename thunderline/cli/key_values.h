#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "thunderline/base/result.h"

namespace thunderline::cli {

/// The options in a flag's value: "patience=10,monitor=val_loss,restore-best-weights". Each is taken
/// once, by name; what nobody took is an error.
class KeyValues {
 public:
  /// `where` is the flag, for errors. Errors: kInvalidArgument for a name that is empty or twice.
  static Result<KeyValues> parse(std::string_view text, std::string where);

  // Each sets `value` where the option is there. Errors: kInvalidArgument for another type.
  Status take(const std::string& name, std::string& value);
  Status take(const std::string& name, int& value);
  Status take(const std::string& name, int64_t& value);
  Status take(const std::string& name, double& value);
  Status take(const std::string& name, bool& value);  ///< The name alone is true.

  template <typename T>
  Status take(const std::string& name, std::optional<T>& value) {
    if (!values_.contains(name)) return {};
    T taken{};
    TL_RETURN_IF_ERROR(take(name, taken));
    value = taken;
    return {};
  }

  /// Errors: kInvalidArgument that names an option that was not taken and those that were asked for.
  Status finish() const;

 private:
  std::optional<std::string> remove(const std::string& name);
  Status wrong(const std::string& name, const std::string& value, const char* expected) const;

  std::string where_;
  std::map<std::string, std::string> values_;
  std::string known_;
};

}  // namespace thunderline::cli
