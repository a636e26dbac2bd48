#include "thunderline/thunderchief/bit_chief.h"

#include <algorithm>

#include "thunderline/thunderbit/bit_json.h"
#include "thunderline/worlds/decision.h"

namespace thunderline::thunderchief {
namespace {

enum Action { kEvaluate, kActivatePending, kTransition, kConsolidate, kCheckpoint, kWait };

constexpr ActivationStrategy kStrategies[] = {ActivationStrategy::kFifo,
                                              ActivationStrategy::kPriority,
                                              ActivationStrategy::kEnergy,
                                              ActivationStrategy::kScore};

float saturating(double count) { return static_cast<float>(count / (count + 100.0)); }

}  // namespace

const char* strategy_name(ActivationStrategy strategy) {
  switch (strategy) {
    case ActivationStrategy::kFifo: return "fifo";
    case ActivationStrategy::kPriority: return "priority";
    case ActivationStrategy::kEnergy: return "energy";
    case ActivationStrategy::kScore: return "score";
  }
  return "score";
}

Result<ActivationStrategy> parse_strategy(std::string_view name) {
  for (const ActivationStrategy strategy : kStrategies) {
    if (name == strategy_name(strategy)) return strategy;
  }
  return fail(ErrorCode::kInvalidArgument, "unknown activation strategy", std::string(name),
              "it is one of fifo, priority, energy, score");
}

BitChief::BitChief(Options options, EventField& field, const CerebrosBridge& bridge,
                   FileSystem& files, Activate activate)
    : options_(std::move(options)),
      field_(field),
      bridge_(bridge),
      files_(files),
      activate_(std::move(activate)) {}

Status BitChief::begin_tick(int64_t tick) {
  tick_ = tick;
  energy_ = std::min(options_.energy_cap, energy_ + options_.energy_per_tick);
  evaluated_this_tick_ = false;
  consolidated_this_tick_ = false;
  checkpointed_this_tick_ = false;
  evaluated_.clear();
  return {};
}

std::vector<float> BitChief::observe_state() const {
  const thunderbit::Context& context = field_.context();
  return {saturating(static_cast<double>(context.pending_count())),
          saturating(static_cast<double>(context.active_count())),
          static_cast<float>(energy_ / std::max(options_.energy_cap, 1.0)),
          static_cast<float>(std::min(context.mean_energy(), 1.0)),
          saturating(static_cast<double>(field_.waiting().size())),
          evaluated_this_tick_ ? 0.0f : 1.0f,
          saturating(static_cast<double>(acted_.size()))};
}

bool BitChief::can_activate() const {
  return energy_ >= options_.energy_cost && !evaluated_.empty();
}

int BitChief::choose_action(std::span<const float> /*state*/) {
  if (!acted_.empty()) return kTransition;
  if (!evaluated_this_tick_ && !field_.waiting().empty()) return kEvaluate;
  if (can_activate()) return kActivatePending;
  if (!consolidated_this_tick_ && thunderbit::worth_compacting(field_.context())) {
    return kConsolidate;
  }
  const bool checkpoint_due = options_.checkpoint_every_ticks > 0 && tick_ > 0 &&
                              tick_ % options_.checkpoint_every_ticks == 0;
  return checkpoint_due && !checkpointed_this_tick_ ? kCheckpoint : kWait;
}

ChiefOutcome BitChief::apply_action(int action) {
  switch (action) {
    case kEvaluate: return evaluate();
    case kActivatePending: return activate_pending();
    case kTransition: return transition();
    case kConsolidate: return consolidate();
    case kCheckpoint: return checkpoint();
    default: return ChiefOutcome::noop();
  }
}

ChiefOutcome BitChief::evaluate() {
  evaluated_this_tick_ = true;
  const std::vector<thunderbit::BitRef> bits = field_.waiting_bits();
  auto evaluations = bridge_.evaluate_and_apply_batch(field_.context(), bits);
  if (!evaluations) return ChiefOutcome::failed(evaluations.error());
  field_.set_context(std::move(evaluations->context));
  const size_t width = bridge_.extractor().schema().width();
  size_t row = 0;
  for (const auto& [position, chain] : field_.waiting()) {
    const auto features = std::span(evaluations->features).subspan(row * width, width);
    evaluated_[position] = {position, evaluations->scores[row],
                            std::vector<float>(features.begin(), features.end())};
    ++row;
  }
  return ChiefOutcome::success(std::to_string(bits.size()) + " bits scored by " +
                               bridge_.scorer().version());
}

bool BitChief::goes_first(const ScoredEvent& a, const ScoredEvent& b) const {
  if (options_.strategy == ActivationStrategy::kFifo) return a.position < b.position;
  if (options_.strategy == ActivationStrategy::kScore) {
    return worlds::judged_before(a.score, a.position, b.score, b.position);
  }
  const auto value = [&](const ScoredEvent& event) {
    const thunderbit::Bit* bit =
        field_.context().find(field_.waiting().at(event.position).cognitive);
    return options_.strategy == ActivationStrategy::kPriority ? bit->priority : bit->energy;
  };
  return worlds::judged_before(value(a), a.position, value(b), b.position);
}

std::vector<const ScoredEvent*> BitChief::activation_order() const {
  std::vector<const ScoredEvent*> order;
  for (const auto& [position, event] : evaluated_) order.push_back(&event);
  std::sort(order.begin(), order.end(),
            [this](const ScoredEvent* a, const ScoredEvent* b) { return goes_first(*a, *b); });
  return order;
}

ChiefOutcome BitChief::activate_pending() {
  size_t activated = 0;
  for (const ScoredEvent* event : activation_order()) {
    if (energy_ < options_.energy_cost) break;
    energy_ -= options_.energy_cost;
    if (Status acted = activate_(*event); !acted) return ChiefOutcome::failed(acted.error());
    acted_.push_back(event->position);
    ++activated;
  }
  for (const size_t position : acted_) evaluated_.erase(position);
  return ChiefOutcome::success(std::to_string(activated) + " activated by " +
                               strategy_name(options_.strategy));
}

ChiefOutcome BitChief::transition() {
  const size_t count = acted_.size();
  for (const size_t position : acted_) {
    if (Status retired = field_.retire(position, "acted"); !retired) {
      acted_.clear();
      return ChiefOutcome::failed(retired.error());
    }
  }
  acted_.clear();
  return ChiefOutcome::success(std::to_string(count) + " retired");
}

ChiefOutcome BitChief::consolidate() {
  consolidated_this_tick_ = true;
  const size_t dropped = field_.consolidate();
  return ChiefOutcome::success(std::to_string(dropped) + " retired bits dropped");
}

ChiefOutcome BitChief::checkpoint() {
  checkpointed_this_tick_ = true;
  const std::string json = thunderbit::context_to_json(field_.context());
  const Status written = write_file_atomically(files_, options_.checkpoint_path, json);
  if (!written) return ChiefOutcome::failed(written.error());
  return ChiefOutcome::success(std::to_string(field_.context().size()) + " bits written");
}

Result<thunderbit::Context> BitChief::restore(FileSystem& files, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const std::string json, read_file(files, path));
  return thunderbit::context_from_json(json, path);
}

}  // namespace thunderline::thunderchief
