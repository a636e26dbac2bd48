#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "thunderline/base/mutex.h"

namespace thunderline::thunderprism {

/// What a topic's frames are to who reads them late.
enum class TopicKind {
  kState,   ///< A frame replaces those before it: only the newest is sent.
  kEvents,  ///< Each frame adds to those before it: all are sent.
};

/// News of one topic.
struct TopicNews {
  std::string topic;
  TopicKind kind = TopicKind::kState;
  std::string frame;     ///< JSON, in one line, for the stream.
  std::string document;  ///< JSON for snapshots; empty: the frame is the document.
};

/// Carries news to any number of viewers as server-sent events. Each frame is made into text once and
/// kept in one bounded ring; a viewer is nothing but a place in that ring, so a slow one costs no
/// memory: it gets the newest of each state, and a `reset` when it fell out of the ring.
/// Ids are `<boot>-<sequence>`; the boot differs from process to process.
/// Source of the text format: WHATWG HTML, "Server-sent events".
/// Thread-safety: any thread.
class EventStream {
 public:
  struct Options {
    size_t ring = 1024;               ///< Frames kept. >= 1.
    size_t max_batch_bytes = 1 << 18;  ///< About what a viewer gets at once.
  };

  EventStream(std::string boot, Options options) : boot_(std::move(boot)), options_(options) {}
  explicit EventStream(std::string boot) : EventStream(std::move(boot), Options{}) {}

  /// Adds one frame a topic and wakes viewers.
  void publish(std::vector<TopicNews> news) TL_EXCLUDES(mutex_);

  /// `{"last_event_id":…,"topics":{"run":…,…}}` with the documents of the topics that have one, and
  /// no frame between them and the id.
  std::string snapshot(const std::vector<std::string>& topics) const TL_EXCLUDES(mutex_);

  /// A topic's document; null before its first frame.
  std::shared_ptr<const std::string> document(const std::string& topic) const TL_EXCLUDES(mutex_);

  /// Where a viewer goes on that has seen the frame of this id. An empty id: from now on. False in
  /// `known` when the id is another boot's, older than the ring or not yet given.
  struct Place {
    uint64_t cursor = 0;
    bool known = true;
  };
  Place place_after(const std::string& id) const TL_EXCLUDES(mutex_);

  /// What a viewer is to be sent next; `cursor` moves on. Empty: nothing is new.
  struct Batch {
    std::vector<std::shared_ptr<const std::string>> frames;
    bool reset = false;  ///< It fell out of the ring: a `reset` stands before the frames.
  };
  Batch next(uint64_t& cursor, const std::set<std::string>& topics) const TL_EXCLUDES(mutex_);

  /// The text of a `reset` event that goes on at `cursor`.
  std::string reset_text(uint64_t cursor) const;

  /// Called after each publish, outside locks. Set before the first.
  void on_news(std::function<void()> notify) TL_EXCLUDES(mutex_);

  std::string id_of(uint64_t sequence) const { return boot_ + "-" + std::to_string(sequence); }

 private:
  struct Frame {
    std::string topic;
    TopicKind kind = TopicKind::kState;
    std::shared_ptr<const std::string> text;
  };

  const std::string boot_;
  const Options options_;
  mutable Mutex mutex_;
  std::deque<Frame> ring_ TL_GUARDED_BY(mutex_);
  uint64_t last_ TL_GUARDED_BY(mutex_) = 0;  ///< Sequence of the ring's newest frame.
  std::map<std::string, uint64_t> newest_ TL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const std::string>> documents_ TL_GUARDED_BY(mutex_);
  std::function<void()> notify_ TL_GUARDED_BY(mutex_);
};

}  // namespace thunderline::thunderprism
