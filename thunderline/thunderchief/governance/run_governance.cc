#include "thunderline/thunderchief/governance/run_governance.h"

#include <span>

#include "thunderline/base/json_util.h"
#include "thunderline/base/sha256.h"
#include "thunderline/thunderbit/category.h"
#include "thunderline/thunderchief/governance/policy_audit.h"

namespace thunderline::thunderchief {
namespace {

constexpr const char* kPolicyEvent = "policy.in_force";

std::string model_name(const std::string& model, const std::string& version) {
  return version == "heuristic" ? version : model + "/" + version;
}

const char* audit_word(const ModelRecord& record) {
  if (record.decision == "deployed") return "deploy";
  return record.decision == "refused" ? "refuse" : "fail";
}

/// Whether a rule or a person, not the margins, kept a challenger out.
bool was_overruled(const ModelRecord& record) {
  const auto figures = parse_json(record.figures_json, "figures");
  return record.decision == "refused" && figures && figures->contains("governance");
}

}  // namespace

RunGovernance::RunGovernance(Options options, const Clock& clock, RunRecorder& recorder,
                             thunderflow::EventBus& bus, PolicyStore store, AuditLog audit)
    : options_(std::move(options)),
      clock_(clock),
      recorder_(recorder),
      bus_(bus),
      store_(std::move(store)),
      audit_(std::move(audit)),
      governance_(clock),
      in_force_(to_toml(GovernancePolicy{})) {}

Result<std::unique_ptr<RunGovernance>> RunGovernance::open(Options options, FileSystem& files,
                                                           const Clock& clock,
                                                           RunRecorder& recorder,
                                                           thunderflow::EventBus& bus) {
  TL_ASSIGN_OR_RETURN(PolicyStore store, PolicyStore::open(files, options.home));
  TL_ASSIGN_OR_RETURN(AuditLog audit,
                      AuditLog::open(files, clock, {.folder = audit_folder(options.home)}));
  TL_RETURN_IF_ERROR(audit_store(store, audit));
  std::unique_ptr<RunGovernance> governance(new RunGovernance(
      std::move(options), clock, recorder, bus, std::move(store), std::move(audit)));
  TL_ASSIGN_OR_RETURN(GovernancePolicy policy,
                      governance->with_run_margins(governance->in_force_, "the default policy"));
  governance->governance_.set_policy(std::move(policy));
  governance->applied_ = governance->governance_.policy();
  return governance;
}

std::unique_ptr<Chief> RunGovernance::make_chief() {
  CrownChief::Parts parts{governance_, [this](int64_t tick) { return next_policy(tick); },
                          [this](AuditEntry entry) { return audit(std::move(entry)); },
                          [this](const Directive& directive) {
                            // A directive is for who listens: without listeners it is said in vain.
                            (void)bus_.publish(kGovernanceTopic, directive);
                          },
                          options_.run_id};
  auto chief = std::make_unique<CrownChief>(std::move(parts));
  chief_ = chief.get();
  return chief;
}

Result<GovernancePolicy> RunGovernance::with_run_margins(const std::string& toml,
                                                         const std::string& where) const {
  TL_ASSIGN_OR_RETURN(GovernancePolicy policy, parse_policy(toml, where));
  const GateOptions standard;
  const GateOptions& own = options_.margins;
  const auto take = [](auto& margin, auto value, auto usual) {
    if (value != usual) margin = value;
  };
  take(policy.margins.min_reward_z, own.min_reward_z, standard.min_reward_z);
  take(policy.margins.min_differing_seen, own.min_differing_seen, standard.min_differing_seen);
  take(policy.margins.min_brier_z, own.min_brier_z, standard.min_brier_z);
  return policy;
}

Result<std::optional<GovernancePolicy>> RunGovernance::next_policy(int64_t tick) {
  if (const auto event = recorder_.take_event(kPolicyEvent)) {
    TL_ASSIGN_OR_RETURN(const Json json, parse_json(event->json, kPolicyEvent));
    TL_ASSIGN_OR_RETURN(in_force_, json_string(json, "policy", kPolicyEvent));
    return with_run_margins(in_force_, kPolicyEvent);
  }
  if (recorder_.recovering()) return std::nullopt;
  TL_ASSIGN_OR_RETURN(const StoredPolicy active, store_.active());
  if (active.toml == in_force_) return std::nullopt;
  // A policy that this program cannot read governs nothing: the run ends, and the home keeps it.
  TL_ASSIGN_OR_RETURN(GovernancePolicy policy,
                      with_run_margins(active.toml, "policy " + std::to_string(active.version)));
  const OrderedJson json = {{"version", active.version}, {"policy", active.toml}};
  TL_RETURN_IF_ERROR(recorder_.event({kPolicyEvent, tick, dump_json(json)}));
  in_force_ = active.toml;
  return policy;
}

std::string RunGovernance::request_id(int64_t version) const {
  const std::string run = options_.run_id;
  const std::string hash = sha256_hex(std::as_bytes(std::span(run.data(), run.size())));
  return options_.model + "-" + std::to_string(version) + "-" + hash.substr(0, 8);
}

Evaluator::Rule RunGovernance::rule() const {
  return [this](const GateFigures& figures, const Challenger& challenger, double brier,
                double auc) {
    DeployRequest request;
    request.model = challenger.curriculum.model;
    request.version = challenger.curriculum.version;
    request.id = request_id(request.version);
    request.figures = figures;
    request.brier = brier;
    request.auc = auc;
    request.trials = static_cast<int>(challenger.study.trials.size());
    request.data_tick = challenger.curriculum.tick;
    return Evaluator::Ruled{governance_.rule(request), request.id};
  };
}

Status RunGovernance::begin_tick(EventField& field) {
  const auto policy = governance_.policy();
  if (policy != applied_) {
    thunderbit::Policy rules = field.context().policy();
    rules.forbidden_categories = {};
    for (const std::string& name : policy->forbidden.categories) {
      TL_ASSIGN_OR_RETURN(const thunderbit::Category category, thunderbit::parse_category(name));
      rules.forbidden_categories.insert(category);
    }
    TL_ASSIGN_OR_RETURN(auto context, thunderbit::with_policy(field.context(), std::move(rules)));
    field.set_context(std::move(context));
    applied_ = policy;
  }
  return answer_holds();
}

Status RunGovernance::held(const EvaluationComplete& complete) {
  const std::string& id = complete.evaluation.held_request;
  const auto policy = governance_.policy();
  DeployHold hold;
  hold.id = id;
  hold.model = options_.model;
  hold.version = complete.challenger->curriculum.version;
  hold.reason = complete.evaluation.reason;
  hold.opened_unix_ms = clock_.unix_ms();
  hold.deadline_unix_ms = hold.opened_unix_ms + policy->approval.deadline_s * 1000;
  hold.on_deadline = policy->approval.on_deadline;
  TL_RETURN_IF_ERROR(store_.open_request(hold));
  AuditEntry entry{.who = "crown", .what = "hold"};
  entry.subject = model_name(options_.model, std::to_string(hold.version));
  entry.after = id;
  entry.why = hold.reason;
  entry.key = options_.run_id + "/hold/" + id;
  TL_RETURN_IF_ERROR(audit(std::move(entry)));
  holds_[complete.id] = id;
  return answer_holds();
}

Status RunGovernance::answer_holds() {
  for (auto it = holds_.begin(); it != holds_.end();) {
    TL_ASSIGN_OR_RETURN(const DeployHold hold, store_.settle(it->second, clock_.unix_ms()));
    if (hold.state == DeployHold::State::kPending) {
      ++it;
      continue;
    }
    const bool approved = hold.state == DeployHold::State::kApproved;
    const std::string why = hold.why.empty() ? "" : ": " + hold.why;
    TL_RETURN_IF_ERROR(bus_.publish(
        kOrchestratorTopic,
        HoldResolved{it->first, approved,
                     std::string(approved ? "Approved" : "Denied") + " by " + hold.who + why + "."}));
    it = holds_.erase(it);
    TL_RETURN_IF_ERROR(audit_store(store_, audit_));
  }
  return {};
}

Status RunGovernance::resolved(const ModelRecord& record, const std::string& live, int64_t tick) {
  const std::string challenger = model_name(options_.model, std::to_string(record.version));
  AuditEntry entry{.who = "crown", .what = audit_word(record), .subject = challenger};
  entry.before = model_name(options_.model, live);
  entry.after = record.decision == "deployed" ? challenger : entry.before;
  entry.why = record.reason;
  entry.key = options_.run_id + "/model/" + std::to_string(record.version);
  TL_RETURN_IF_ERROR(audit(std::move(entry)));
  if (record.decision == "deployed") chief_->note_deployed(tick);
  if (was_overruled(record)) chief_->note_violation(tick);
  return {};
}

Status RunGovernance::rolled_back(int version, const std::string& live,
                                  const std::string& reason, int64_t tick) {
  chief_->note_shock(tick);
  AuditEntry entry{.who = "crown", .what = "rollback"};
  entry.subject = model_name(options_.model, std::to_string(version));
  entry.before = entry.subject;
  entry.after = model_name(options_.model, live);
  entry.why = reason;
  entry.key = options_.run_id + "/rollback/" + std::to_string(version);
  return audit(std::move(entry));
}

Status RunGovernance::changed_by_hand(const std::string& who, bool back, const std::string& before,
                                      const std::string& live, const std::string& reason,
                                      const std::string& key) {
  AuditEntry entry{.who = who, .what = back ? "rollback" : "promote"};
  entry.subject = model_name(options_.model, live);
  entry.before = model_name(options_.model, before);
  entry.after = entry.subject;
  entry.why = reason;
  entry.key = options_.run_id + "/by_hand/" + key;
  return audit(std::move(entry));
}

void RunGovernance::degraded(int64_t tick) { chief_->note_shock(tick); }

void RunGovernance::read(const thunderbolt::LoopReading& reading) {
  LoopFacts facts;
  facts.plv = reading.observables.plv;
  facts.sigma = reading.observables.sigma;
  facts.lambda = reading.observables.lambda;
  facts.alert = reading.alerts.any();
  chief_->note_reading(facts);
}

Status RunGovernance::audit(AuditEntry entry) {
  TL_RETURN_IF_ERROR(audit_.append(std::move(entry)));
  return {};
}

}  // namespace thunderline::thunderchief
