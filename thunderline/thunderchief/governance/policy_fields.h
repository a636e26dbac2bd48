#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "thunderline/thunderchief/governance/policy.h"

namespace thunderline::thunderchief {

/// A value of a policy, free of the format it is written in.
using PolicyValue =
    std::variant<bool, int64_t, double, std::string, PolicyBand, std::vector<std::string>>;

/// One value of a policy: the one list that reading, writing, setting and the docs' table follow.
struct PolicyField {
  std::string key;       ///< Dotted.
  std::string expected;  ///< What may stand there, for people.
  PolicyValue (*get)(const GovernancePolicy&);
  /// False: out of range. Precondition: the value has the type that `get` gives.
  bool (*set)(GovernancePolicy&, const PolicyValue&);
};

const std::vector<PolicyField>& policy_fields();

/// Two values of a policy that cannot both hold.
struct PolicyFault {
  std::string key;  ///< The one to look at.
  std::string what;
  std::string hint;
};

/// The first contradiction of a policy, if there is one. Pure.
std::optional<PolicyFault> find_contradiction(const GovernancePolicy& policy);

}  // namespace thunderline::thunderchief
