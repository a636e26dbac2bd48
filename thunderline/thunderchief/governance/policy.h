#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderchief/evaluation/gate.h"

namespace thunderline::thunderchief {

/// What CrownChief says to a request.
enum class Verdict {
  kAllow,
  kDeny,
  kHold,  ///< A person has to approve it first.
};

/// "allow", "deny", "hold".
const char* verdict_name(Verdict verdict);

/// A closed interval that a figure has to lie in. Unbounded by default.
struct PolicyBand {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool contains(double value) const { return low <= value && value <= high; }
  bool operator==(const PolicyBand&) const = default;
};

/// A time in which nothing is deployed. Units: milliseconds since 1970 UTC, [from, until).
struct DeployFreeze {
  std::string name;
  int64_t from_unix_ms = 0;
  int64_t until_unix_ms = 0;

  bool operator==(const DeployFreeze&) const = default;
};

/// The rules of deployment as data (docs/formats/policy.md). The default is the gate of the inbox
/// world: its margins decide, everything else lets pass. No rule changes the share of exploration.
struct GovernancePolicy {
  /// What a challenger's figures are held to; unbounded: not looked at.
  struct Bands {
    PolicyBand brier;   ///< The challenger's, on the hold-out.
    PolicyBand auc;
    PolicyBand plv;     ///< The loop's, where it is known.
    PolicyBand sigma;
    PolicyBand lambda;  ///< Units: nats per tick.
    Verdict outside = Verdict::kDeny;  ///< For a figure outside its band.
    Verdict alert = Verdict::kAllow;   ///< While the loop's monitor raises an alert.
  };
  /// 0: no limit.
  struct Budgets {
    int64_t deploys = 0;       ///< At most so many within `window_ticks`.
    int64_t window_ticks = 0;
    int64_t pause_ticks = 0;   ///< Least ticks between two deployments.
    int64_t trials = 0;        ///< Most trials of the study that made the challenger.
    int64_t data_age_ticks = 0;  ///< Most ticks since its data was collected.
  };
  struct Forbidden {
    std::vector<std::string> categories;  ///< Of bits: none is spawned.
    std::vector<std::string> models;      ///< Names under which nothing is deployed.
  };
  struct Approval {
    bool required = false;      ///< Every challenger that passes waits for a person.
    int64_t deadline_s = 3600;  ///< How long a request waits.
    Verdict on_deadline = Verdict::kDeny;  ///< kAllow or kDeny.
  };
  /// What CrownChief does about violations: rollbacks, alarms of degradation, and challengers that
  /// passed the margins but not the rest. 0 switches a reaction off.
  struct Watch {
    int64_t window_ticks = 100;   ///< How long a violation counts.
    int64_t escalate_after = 3;   ///< Violations that are escalated.
    int64_t suspend_after = 0;    ///< Violations after which every deployment waits for a person.
    int64_t quiet_ticks = 100;    ///< Without a violation, until that is taken back.
    double z_step = 0.0;          ///< A rollback or degradation raises the z margins by it.
    double max_reward_z = 5.0;    ///< They never rise above it.
  };

  std::string name = "default";
  GateOptions margins;
  Bands bands;
  Budgets budgets;
  Forbidden forbidden;
  std::vector<DeployFreeze> freezes;
  Approval approval;
  Watch watch;
};

/// Reads a policy file (TOML). Keys that are missing keep their default.
/// Errors: kBadData for what is no TOML, an unknown key, a wrong type or range, and values that
/// contradict each other; `where` is "PATH line L column C", the hint says what to write instead.
Result<GovernancePolicy> parse_policy(std::string_view text, const std::string& path);

/// `parse_policy` of a file of at most 1 MiB. Errors: also those of the file.
Result<GovernancePolicy> read_policy(FileSystem& files, const std::string& path);

/// Changes one value by its dotted name, e.g. "margins.min_reward_z"; `value` is TOML, or a bare
/// word for text. Errors: kInvalidArgument, without any change: an unknown name (the hint lists the
/// known ones), a wrong type or range, a contradiction.
Status set_policy_value(GovernancePolicy& policy, const std::string& key, const std::string& value);

/// The whole policy as a file with every key; `parse_policy` gives it back.
std::string to_toml(const GovernancePolicy& policy);

/// The same as one JSON object; an unbounded end of a band is null.
std::string to_json(const GovernancePolicy& policy);

/// The dotted names, in the order of `to_toml`.
std::vector<std::string> policy_keys();

}  // namespace thunderline::thunderchief
