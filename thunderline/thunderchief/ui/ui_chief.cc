#include "thunderline/thunderchief/ui/ui_chief.h"

#include <algorithm>

namespace thunderline::thunderchief {
namespace {

enum Action { kThrottle, kFlush, kPrioritize, kPrune, kPrefetch, kWait };

/// What helps most comes first: stale updates cost nothing to drop, a longer interval costs the most.
constexpr int kOrder[] = {kFlush, kPrune, kPrioritize, kThrottle, kPrefetch};

double pressure(const Viewer& viewer) {
  return static_cast<double>(viewer.queued) /
         static_cast<double>(std::max<size_t>(viewer.capacity, 1));
}

template <typename Test>
float share(const std::vector<Viewer>& viewers, Test test) {
  if (viewers.empty()) return 0.0f;
  const auto count = std::count_if(viewers.begin(), viewers.end(), test);
  return static_cast<float>(count) / static_cast<float>(viewers.size());
}

}  // namespace

Status UIChief::begin_tick(int64_t /*tick*/) {
  viewers_ = hub_.viewers();
  late_.clear();
  for (const Viewer& viewer : viewers_) {
    if (exceeds_target(viewer)) late_.insert(viewer.id);
  }
  done_ = {};
  return {};
}

std::vector<float> UIChief::observe_state() const {
  std::chrono::nanoseconds latency{0};
  double worst = 0.0;
  for (const Viewer& viewer : viewers_) {
    latency = std::max(latency, viewer.latency);
    worst = std::max(worst, pressure(viewer));
  }
  const auto count = static_cast<double>(viewers_.size());
  const double late = std::chrono::duration<double>(latency).count();
  const double target = std::chrono::duration<double>(options_.target_latency).count();
  return {static_cast<float>(count / (count + 100.0)),
          static_cast<float>(late / (late + target)),
          static_cast<float>(std::min(worst, 1.0)),
          share(viewers_, [this](const Viewer& viewer) { return is_late(viewer); }),
          share(viewers_, [](const Viewer& viewer) { return viewer.interval.count() > 0; }),
          share(viewers_, [](const Viewer& viewer) { return viewer.pruned; })};
}

bool UIChief::exceeds_target(const Viewer& viewer) const {
  return viewer.latency > options_.target_latency || pressure(viewer) > options_.target_pressure;
}

bool UIChief::is_calm(const Viewer& viewer) const {
  return viewer.latency <= options_.target_latency / 2 &&
         pressure(viewer) <= options_.target_pressure / 2;
}

bool UIChief::needs(int action, const Viewer& viewer) const {
  const bool late = is_late(viewer);
  switch (action) {
    case kFlush: return late && viewer.superseded > 0;
    case kPrune: return late ? !viewer.pruned || viewer.offscreen > 0
                             : viewer.pruned && is_calm(viewer) && viewer.interval.count() == 0;
    case kPrioritize: return late && !viewer.focus.empty() && viewer.prioritized != viewer.focus;
    case kThrottle:
      return late ? viewer.interval < options_.longest_interval
                  : viewer.interval.count() > 0 && is_calm(viewer);
    case kPrefetch:
      return !viewer.next.empty() && !viewer.has_next && viewer.queued == 0 && is_calm(viewer) &&
             viewer.interval.count() == 0;
    default: return false;
  }
}

int UIChief::choose_action(std::span<const float> /*state*/) {
  for (const int action : kOrder) {
    if (done_[static_cast<size_t>(action)]) continue;
    const bool wanted = std::any_of(viewers_.begin(), viewers_.end(), [&](const Viewer& viewer) {
      return needs(action, viewer);
    });
    if (wanted) return action;
  }
  return kWait;
}

ChiefOutcome UIChief::apply_action(int action) {
  if (action == kWait) return ChiefOutcome::noop();
  done_[static_cast<size_t>(action)] = true;
  size_t treated = 0;
  size_t dropped = 0;
  for (const Viewer& viewer : viewers_) {
    if (!needs(action, viewer)) continue;
    dropped += treat(action, viewer);
    ++treated;
  }
  viewers_ = hub_.viewers();
  std::string detail = std::to_string(treated) + " viewers";
  if (dropped > 0) detail += ", " + std::to_string(dropped) + " updates dropped";
  return ChiefOutcome::success(std::move(detail));
}

size_t UIChief::treat(int action, const Viewer& viewer) {
  switch (action) {
    case kFlush: return hub_.flush_stale(viewer.id);
    case kPrune:
      if (is_late(viewer)) return hub_.prune_offscreen(viewer.id);
      hub_.restore_offscreen(viewer.id);
      return 0;
    case kPrioritize: hub_.prioritize(viewer.id, viewer.focus); return 0;
    case kThrottle: adjust(viewer); return 0;
    case kPrefetch: hub_.prefetch(viewer.id, viewer.next); return 0;
    default: return 0;
  }
}

void UIChief::adjust(const Viewer& viewer) {
  std::chrono::nanoseconds interval = viewer.interval;
  if (is_late(viewer)) {
    interval = std::clamp(interval * 2, options_.first_interval, options_.longest_interval);
  } else {
    // Slowly back, so that a viewer at its limit does not swing between too much and too little.
    interval = interval * 7 / 8;
    if (interval < options_.first_interval / 2) interval = std::chrono::nanoseconds(0);
  }
  hub_.throttle(viewer.id, interval);
}

}  // namespace thunderline::thunderchief
