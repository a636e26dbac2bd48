#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "thunderline/thunderchief/ui/viewer_hub.h"

namespace thunderline::testing {

/// Pages on lines of a given speed, on a clock that the test moves: each takes `per_second` updates
/// a second from a queue that drops its oldest update when it is full. Thread-safety: one thread.
class SimulatedViewers final : public thunderchief::ViewerHub {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  struct Line {
    double per_second = 10;
    std::set<std::string> on_screen;
    std::string focus;
    std::string next;
  };

  /// How old updates of what is on the screen were when they came.
  struct Delivered {
    std::vector<double> latency_ms;
    std::vector<double> focus_latency_ms;
    size_t overflowed = 0;  ///< Lost because a queue was full.
  };

  explicit SimulatedViewers(FakeClock& clock, size_t capacity = 256)
      : clock_(clock), capacity_(capacity) {}

  uint64_t connect(Line line) {
    const uint64_t id = ++last_id_;
    pages_[id] = {std::move(line)};
    return id;
  }

  void look_at(uint64_t viewer, const std::string& component) {
    pages_.at(viewer).line.focus = component;
    pages_.at(viewer).line.on_screen = {component};
  }

  /// A component has changed: every page is to hear of it.
  void publish(const std::string& component) {
    for (auto& [id, page] : pages_) offer(page, component);
  }

  /// Moves the clock, in steps of a millisecond, and delivers what the lines carry.
  void run_for(Nanoseconds time) {
    constexpr Nanoseconds kStep = std::chrono::milliseconds(1);
    for (Nanoseconds passed{0}; passed < time; passed += kStep) {
      clock_.advance(kStep);
      for (auto& [id, page] : pages_) deliver(page, std::chrono::duration<double>(kStep).count());
    }
  }

  const Delivered& delivered(uint64_t viewer) const { return pages_.at(viewer).delivered; }
  const std::set<std::string>& prefetched(uint64_t viewer) const {
    return pages_.at(viewer).prefetched;
  }

  std::vector<thunderchief::Viewer> viewers() const override {
    std::vector<thunderchief::Viewer> all;
    for (const auto& [id, page] : pages_) all.push_back(view(id, page));
    return all;
  }

  void throttle(uint64_t viewer, Nanoseconds interval) override {
    pages_.at(viewer).interval = interval;
  }

  size_t flush_stale(uint64_t viewer) override {
    Page& page = pages_.at(viewer);
    std::map<std::string, size_t> newest;
    for (size_t i = 0; i < page.queue.size(); ++i) newest[page.queue[i].component] = i;
    std::deque<Update> kept;
    for (size_t i = 0; i < page.queue.size(); ++i) {
      if (newest[page.queue[i].component] == i) kept.push_back(page.queue[i]);
    }
    const size_t dropped = page.queue.size() - kept.size();
    page.queue = std::move(kept);
    return dropped;
  }

  void prioritize(uint64_t viewer, const std::string& component) override {
    pages_.at(viewer).prioritized = component;
  }

  size_t prune_offscreen(uint64_t viewer) override {
    Page& page = pages_.at(viewer);
    page.pruned = true;
    return std::erase_if(page.queue, [&](const Update& update) { return offscreen(page, update); });
  }

  void restore_offscreen(uint64_t viewer) override { pages_.at(viewer).pruned = false; }

  void prefetch(uint64_t viewer, const std::string& component) override {
    Page& page = pages_.at(viewer);
    page.prefetched.insert(component);
    page.queue.push_back({component, clock_.now()});
  }

 private:
  struct Update {
    std::string component;
    Nanoseconds made{0};
  };
  struct Page {
    Line line;
    std::deque<Update> queue;
    double credit = 0.0;  ///< Updates that the line could have carried by now.
    Nanoseconds interval{0};
    std::map<std::string, Nanoseconds> last_queued;
    std::string prioritized;
    bool pruned = false;
    std::set<std::string> prefetched;
    Delivered delivered;
  };

  static bool offscreen(const Page& page, const Update& update) {
    return !page.line.on_screen.contains(update.component) &&
           !page.prefetched.contains(update.component);
  }

  void offer(Page& page, const std::string& component) {
    const Update update{component, clock_.now()};
    if (page.pruned && offscreen(page, update)) return;
    const auto last = page.last_queued.find(component);
    if (last != page.last_queued.end() && update.made - last->second < page.interval) return;
    page.last_queued[component] = update.made;
    if (page.queue.size() >= capacity_) {
      page.queue.pop_front();
      ++page.delivered.overflowed;
    }
    page.queue.push_back(update);
  }

  void deliver(Page& page, double seconds) {
    page.credit = std::min(page.credit + seconds * page.line.per_second, 1.0);
    if (page.credit < 1.0 || page.queue.empty()) return;
    page.credit -= 1.0;
    auto it = std::find_if(page.queue.begin(), page.queue.end(), [&](const Update& update) {
      return update.component == page.prioritized;
    });
    if (it == page.queue.end()) it = page.queue.begin();
    const double age_ms = std::chrono::duration<double, std::milli>(clock_.now() - it->made).count();
    if (page.line.on_screen.contains(it->component)) page.delivered.latency_ms.push_back(age_ms);
    if (it->component == page.line.focus) page.delivered.focus_latency_ms.push_back(age_ms);
    page.queue.erase(it);
  }

  thunderchief::Viewer view(uint64_t id, const Page& page) const {
    thunderchief::Viewer viewer;
    viewer.id = id;
    viewer.queued = page.queue.size();
    viewer.capacity = capacity_;
    std::set<std::string> components;
    for (const Update& update : page.queue) {
      viewer.latency = std::max(viewer.latency, clock_.now() - update.made);
      if (!components.insert(update.component).second) ++viewer.superseded;
      if (offscreen(page, update)) ++viewer.offscreen;
    }
    viewer.interval = page.interval;
    viewer.focus = page.line.focus;
    viewer.prioritized = page.prioritized;
    viewer.next = page.line.next;
    viewer.has_next = page.prefetched.contains(page.line.next);
    viewer.pruned = page.pruned;
    return viewer;
  }

  FakeClock& clock_;
  const size_t capacity_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Page> pages_;
};

/// The value that a share of the numbers does not exceed; 0 for none.
inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace thunderline::testing
