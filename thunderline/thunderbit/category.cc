#include "thunderline/thunderbit/category.h"

#include "thunderline/thunderbit/enum_names.h"

namespace thunderline::thunderbit {
namespace {

using enum Category;
using enum Capability;

constexpr CategoryInfo kTable[kCategoryCount] = {
    {kSensory, "sensory", Role::kObserver,
     {kCognitive, kMnemonic, kPerceptual, kSocial},
     {kReadSensors, kSubscribeTopics},
     {kWriteEvents, kTriggerAction, kVetoAction},
     "serial", {"Res in armonia"}, {}, "circle", "#3B82F6", "energy"},
    {kCognitive, "cognitive", Role::kTransformer,
     {kMotor, kSocial, kEthical, kMnemonic, kExecutive},
     {kAccessMemory, kSpawnBits},
     {kTriggerAction, kVetoAction},
     "parallel", {"Veritas liberabit"}, {}, "hex", "#8B5CF6", "salience"},
    {kMnemonic, "mnemonic", Role::kStorage,
     {kCognitive, kPerceptual, kSocial},
     {kAccessMemory},
     {kTriggerAction, kWriteEvents, kVetoAction},
     "parallel", {"Qualitas regit"}, {}, "circle", "#6366F1", "fixed"},
    {kMotor, "motor", Role::kActuator,
     {kMnemonic},
     {kWriteEvents, kTriggerAction},
     {kReadSensors, kVetoAction},
     "serial", {"Primum non nocere", "Acta non verba"}, {"Acta sine consilio"},
     "capsule", "#22C55E", "energy"},
    {kSocial, "social", Role::kRouter,
     {kMotor, kCognitive, kMnemonic},
     {kSelectTargets, kSubscribeTopics},
     {kTriggerAction, kVetoAction},
     "broadcast", {"In nexus virtus"}, {}, "diamond", "#F97316", "salience"},
    {kEthical, "ethical", Role::kCritic,
     {kMotor, kSocial},
     {kEvaluatePolicy, kVetoAction},
     {kTriggerAction, kWriteEvents},
     "serial", {"Veritas liberabit", "In nexus virtus", "Primum non nocere"}, {},
     "star", "#EC4899", "salience"},
    {kPerceptual, "perceptual", Role::kAnalyzer,
     {kCognitive, kMnemonic, kSocial},
     {kReadSensors, kAccessMemory},
     {kTriggerAction, kWriteEvents, kVetoAction},
     "parallel", {"Qualitas regit"}, {}, "triangle", "#FBBF24", "energy"},
    {kExecutive, "executive", Role::kController,
     {kSensory, kCognitive, kMnemonic, kMotor, kSocial, kEthical, kPerceptual},
     {kSpawnBits, kSequenceSteps, kSelectTargets},
     {kTriggerAction},
     "serial", {"Primus causa est voluntas"}, {}, "square", "#14B8A6", "salience"},
};

constexpr std::string_view kDefaultMaxims[] = {"Primum non nocere", "Veritas liberabit",
                                               "Res in armonia"};

constexpr std::string_view kRoleNames[kRoleCount] = {"observer", "transformer", "storage",
                                                     "actuator", "router",      "critic",
                                                     "analyzer", "controller"};

constexpr std::string_view kCapabilityNames[kCapabilityCount] = {
    "read_sensors",  "subscribe_topics", "write_events",   "trigger_action",  "veto_action",
    "access_memory", "spawn_bits",       "select_targets", "evaluate_policy", "sequence_steps"};

constexpr std::array<std::string_view, kCategoryCount> category_names() {
  std::array<std::string_view, kCategoryCount> names;
  for (size_t i = 0; i < kCategoryCount; ++i) names[i] = kTable[i].name;
  return names;
}
constexpr auto kCategoryNames = category_names();

}  // namespace

std::span<const CategoryInfo> category_table() { return kTable; }
const CategoryInfo& info(Category category) { return kTable[static_cast<size_t>(category)]; }
std::span<const std::string_view> default_active_maxims() { return kDefaultMaxims; }

std::string_view name_of(Category category) { return info(category).name; }
std::string_view name_of(Role role) { return kRoleNames[static_cast<size_t>(role)]; }
std::string_view name_of(Capability capability) {
  return kCapabilityNames[static_cast<size_t>(capability)];
}

Result<Category> parse_category(std::string_view name) {
  return parse_enum<Category>(kCategoryNames, name, "category");
}
Result<Role> parse_role(std::string_view name) {
  return parse_enum<Role>(kRoleNames, name, "role");
}
Result<Capability> parse_capability(std::string_view name) {
  return parse_enum<Capability>(kCapabilityNames, name, "capability");
}

}  // namespace thunderline::thunderbit
