#include "thunderline/thunderprism/event_stream.h"

#include <charconv>

namespace thunderline::thunderprism {

void EventStream::publish(std::vector<TopicNews> news) {
  std::function<void()> notify;
  {
    MutexLock lock(mutex_);
    for (TopicNews& one : news) {
      const uint64_t sequence = ++last_;
      auto text = std::make_shared<const std::string>("id: " + id_of(sequence) + "\nevent: " +
                                                      one.topic + "\ndata: " + one.frame + "\n\n");
      newest_[one.topic] = sequence;
      std::string& document = one.document.empty() ? one.frame : one.document;
      documents_[one.topic] = std::make_shared<const std::string>(std::move(document));
      ring_.push_back({std::move(one.topic), one.kind, std::move(text)});
      if (ring_.size() > options_.ring) ring_.pop_front();
    }
    notify = notify_;
  }
  if (notify) notify();
}

std::string EventStream::snapshot(const std::vector<std::string>& topics) const {
  MutexLock lock(mutex_);
  std::string text = "{\"last_event_id\":\"" + id_of(last_) + "\",\"topics\":{";
  bool first = true;
  for (const std::string& topic : topics) {
    const auto it = documents_.find(topic);
    if (it == documents_.end()) continue;
    text += (first ? "\"" : ",\"") + topic + "\":" + *it->second;
    first = false;
  }
  return text + "}}\n";
}

std::shared_ptr<const std::string> EventStream::document(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto it = documents_.find(topic);
  return it == documents_.end() ? nullptr : it->second;
}

EventStream::Place EventStream::place_after(const std::string& id) const {
  MutexLock lock(mutex_);
  if (id.empty()) return {last_, true};
  const std::string prefix = boot_ + "-";
  uint64_t sequence = 0;
  const char* end = id.data() + id.size();
  if (!id.starts_with(prefix)) return {last_, false};
  const auto [stop, error] = std::from_chars(id.data() + prefix.size(), end, sequence);
  if (error != std::errc() || stop != end || sequence > last_) return {last_, false};
  if (sequence + ring_.size() < last_) return {last_, false};
  return {sequence, true};
}

EventStream::Batch EventStream::next(uint64_t& cursor, const std::set<std::string>& topics) const {
  MutexLock lock(mutex_);
  Batch batch;
  if (cursor + ring_.size() < last_) {
    batch.reset = true;
    cursor = last_;
    return batch;
  }
  size_t size = 0;
  while (cursor < last_ && size < options_.max_batch_bytes) {
    const Frame& frame = ring_[ring_.size() - (last_ - cursor)];
    ++cursor;
    if (!topics.contains(frame.topic)) continue;
    if (frame.kind == TopicKind::kState && newest_.at(frame.topic) != cursor) continue;
    batch.frames.push_back(frame.text);
    size += frame.text->size();
  }
  return batch;
}

std::string EventStream::reset_text(uint64_t cursor) const {
  const std::string id = id_of(cursor);
  return "id: " + id + "\nevent: reset\ndata: {\"last_event_id\":\"" + id + "\"}\n\n";
}

void EventStream::on_news(std::function<void()> notify) {
  MutexLock lock(mutex_);
  notify_ = std::move(notify);
}

}  // namespace thunderline::thunderprism
