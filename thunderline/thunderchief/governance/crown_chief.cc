#include "thunderline/thunderchief/governance/crown_chief.h"

#include <algorithm>
#include <cstdio>

namespace thunderline::thunderchief {
namespace {

enum Action { kAdjust, kEscalate, kSuspend, kResume, kDirect, kAudit, kWait };

float saturating(double count, double half) { return static_cast<float>(count / (count + half)); }

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

}  // namespace

const char* directive_name(Directive::Kind kind) {
  return kind == Directive::Kind::kHoldDeploys ? "hold_deploys" : "resume_deploys";
}

Status CrownChief::begin_tick(int64_t tick) {
  tick_ = tick;
  queued_this_tick_ = 0;
  if (!policy_) policy_ = parts_.governance.policy();
  TL_ASSIGN_OR_RETURN(std::optional<GovernancePolicy> next, parts_.next_policy(tick));
  if (next) {
    const std::string before = policy().name;
    parts_.governance.set_policy(*std::move(next));
    policy_ = parts_.governance.policy();
    queue("policy_in_force", before, policy().name, "the home's active policy");
  }
  while (!violations_.empty() && tick - violations_.front() >= policy().watch.window_ticks) {
    violations_.pop_front();
  }
  escalated_ = std::min(escalated_, violations_.size());
  if (policy().watch.z_step == 0.0) shocks_ = 0;
  z_raised_ = std::min(z_raised_, highest_raise());
  publish_facts();
  return {};
}

void CrownChief::note_reading(const LoopFacts& reading) {
  facts_.plv = reading.plv;
  facts_.sigma = reading.sigma;
  facts_.lambda = reading.lambda;
  facts_.alert = reading.alert;
  publish_facts();
}

void CrownChief::note_deployed(int64_t tick) {
  facts_.deploy_ticks.push_back(tick);
  publish_facts();
}

void CrownChief::note_violation(int64_t tick) {
  violations_.push_back(tick);
  last_violation_ = tick;
}

void CrownChief::note_shock(int64_t tick) {
  note_violation(tick);
  ++shocks_;
}

void CrownChief::publish_facts() {
  facts_.tick = tick_;
  facts_.suspended = suspended_;
  facts_.z_raised = z_raised_;
  parts_.governance.set_facts(facts_);
}

std::vector<float> CrownChief::observe_state() const {
  const auto& watch = policy().watch;
  const int64_t window = std::max<int64_t>(policy().budgets.window_ticks, 1);
  const auto recent = std::count_if(facts_.deploy_ticks.begin(), facts_.deploy_ticks.end(),
                                    [&](int64_t tick) { return tick_ - tick < window; });
  const double highest = highest_raise();
  return {saturating(static_cast<double>(violations_.size()), 3.0),
          suspended_ ? 1.0f : 0.0f,
          facts_.alert ? 1.0f : 0.0f,
          highest > 0 ? static_cast<float>(z_raised_ / highest) : 0.0f,
          saturating(static_cast<double>(to_write_.size()), 3.0),
          saturating(static_cast<double>(recent), 3.0),
          saturating(static_cast<double>(tick_ - last_violation_),
                     static_cast<double>(std::max<int64_t>(watch.quiet_ticks, 1)))};
}

bool CrownChief::quiet() const {
  return tick_ - std::max(last_violation_, suspended_at_) >= policy().watch.quiet_ticks;
}

double CrownChief::highest_raise() const {
  const GateOptions& margins = policy().margins;
  if (policy().watch.z_step == 0.0) return 0.0;
  return std::max(0.0, policy().watch.max_reward_z -
                           std::min(margins.min_reward_z, margins.min_brier_z));
}

bool CrownChief::may_lower() const {
  return z_raised_ > 0 && shocks_ == 0 && quiet() &&
         tick_ - last_adjusted_ >= std::max<int64_t>(policy().watch.quiet_ticks, 1);
}

bool CrownChief::holds_deploys() const {
  return suspended_ || (facts_.alert && policy().bands.alert != Verdict::kAllow);
}

int CrownChief::choose_action(std::span<const float> /*state*/) {
  const auto& watch = policy().watch;
  const auto count = static_cast<int64_t>(violations_.size());
  const bool over = watch.suspend_after > 0 && count >= watch.suspend_after;
  if (over && !suspended_) return kSuspend;
  if (suspended_ && (watch.suspend_after == 0 || (quiet() && !over))) return kResume;
  if (watch.escalate_after > 0 && count >= watch.escalate_after &&
      violations_.size() > escalated_) {
    return kEscalate;
  }
  if (may_raise() || may_lower()) return kAdjust;
  if (holds_deploys() != directed_hold_) return kDirect;
  return to_write_.empty() ? kWait : kAudit;
}

ChiefOutcome CrownChief::apply_action(int action) {
  switch (action) {
    case kAdjust: return adjust_threshold();
    case kEscalate: return escalate();
    case kSuspend: return suspend();
    case kResume: return resume();
    case kDirect: return emit_directive();
    case kAudit: return write_audit();
    default: return ChiefOutcome::noop();
  }
}

ChiefOutcome CrownChief::adjust_threshold() {
  const double before = z_raised_;
  const bool raises = may_raise();
  const double step = policy().watch.z_step;
  z_raised_ = raises ? std::min(before + step, highest_raise()) : std::max(0.0, before - step);
  if (raises) --shocks_;
  if (z_raised_ >= highest_raise()) shocks_ = 0;
  last_adjusted_ = tick_;
  publish_facts();
  queue("adjust_threshold", shown(before), shown(z_raised_),
        raises ? "the live model got worse or was rolled back" : "no violation for a while");
  return ChiefOutcome::success("the z margins are raised by " + shown(z_raised_));
}

ChiefOutcome CrownChief::escalate() {
  escalated_ = violations_.size();
  const std::string why = std::to_string(escalated_) + " violations in " +
                          std::to_string(policy().watch.window_ticks) + " ticks";
  queue("escalate_violation", "", "", why);
  return ChiefOutcome::success(why);
}

ChiefOutcome CrownChief::suspend() {
  suspended_ = true;
  suspended_at_ = tick_;
  publish_facts();
  queue("suspend_policy", "deploys by itself", "waits for a person",
        std::to_string(violations_.size()) + " violations");
  return ChiefOutcome::success("every deployment waits for a person");
}

ChiefOutcome CrownChief::resume() {
  suspended_ = false;
  publish_facts();
  queue("resume_policy", "waits for a person", "deploys by itself", "no violation for a while");
  return ChiefOutcome::success("deployments pass by the rules again");
}

ChiefOutcome CrownChief::emit_directive() {
  directed_hold_ = holds_deploys();
  Directive directive;
  directive.kind =
      directed_hold_ ? Directive::Kind::kHoldDeploys : Directive::Kind::kResumeDeploys;
  directive.tick = tick_;
  directive.reason = suspended_       ? "deploying without a person is suspended"
                     : directed_hold_ ? "the loop's monitor raises an alert"
                                      : "neither alert nor suspension";
  parts_.direct(directive);
  queue("emit_directive", "", directive_name(directive.kind), directive.reason);
  return ChiefOutcome::success(directive_name(directive.kind));
}

ChiefOutcome CrownChief::write_audit() {
  const size_t count = to_write_.size();
  // What is written twice is kept once: after an error all of them are tried again.
  for (const AuditEntry& entry : to_write_) {
    if (Status written = parts_.audit(entry); !written) {
      return ChiefOutcome::failed(written.error());
    }
  }
  to_write_.clear();
  return ChiefOutcome::success(std::to_string(count) + " entries written");
}

void CrownChief::queue(const char* what, std::string before, std::string after, std::string why) {
  AuditEntry entry{.who = "crown", .what = what, .subject = "policy " + policy().name};
  entry.before = std::move(before);
  entry.after = std::move(after);
  entry.why = std::move(why);
  // A tick may hold two of a kind; their order is the same in every repetition.
  entry.key = parts_.run_id + "/tick/" + std::to_string(tick_) + "/" +
              std::to_string(queued_this_tick_++);
  to_write_.push_back(std::move(entry));
}

}  // namespace thunderline::thunderchief
