#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace thunderline::thunderchief {

/// One connected page, as the push stream sees it.
struct Viewer {
  uint64_t id = 0;
  std::chrono::nanoseconds latency{0};  ///< Age of the oldest update that waits for it; 0: none waits.
  size_t queued = 0;                    ///< Updates that wait.
  size_t capacity = 0;                  ///< Most that may wait. >= 1.
  size_t superseded = 0;  ///< Of the queued: a newer one of the same component waits behind them.
  size_t offscreen = 0;   ///< Of the queued: their component is not on its screen.
  std::chrono::nanoseconds interval{0};  ///< Least time between two updates of a component.
  std::string focus;        ///< The component that the person looks at; empty: unknown.
  std::string prioritized;  ///< The one that is sent first; empty: none.
  std::string next;         ///< What the person will likely open; empty: unknown.
  bool has_next = false;    ///< That was sent ahead already.
  bool pruned = false;      ///< Updates of what is not on its screen are left out.
};

/// What UIChief needs of whatever pushes updates to pages. Every call concerns one viewer and is
/// nothing for one that has gone.
/// Thread-safety: as the implementation says; the chief calls from the conductor's thread.
class ViewerHub {
 public:
  virtual ~ViewerHub() = default;

  virtual std::vector<Viewer> viewers() const = 0;

  /// At most one update of a component per interval; what comes between is merged into the next.
  virtual void throttle(uint64_t viewer, std::chrono::nanoseconds interval) = 0;

  /// Drops queued updates that a newer one of their component has made stale; returns how many.
  virtual size_t flush_stale(uint64_t viewer) = 0;

  /// Sends this component's updates before all others.
  virtual void prioritize(uint64_t viewer, const std::string& component) = 0;

  /// Drops queued updates of components that are not on the screen, and queues no more of them until
  /// they are on it. Returns how many were dropped.
  virtual size_t prune_offscreen(uint64_t viewer) = 0;

  /// Sends everything again, on the screen or not: ends a pruning.
  virtual void restore_offscreen(uint64_t viewer) = 0;

  /// Sends the newest state of a component ahead.
  virtual void prefetch(uint64_t viewer, const std::string& component) = 0;
};

}  // namespace thunderline::thunderchief
