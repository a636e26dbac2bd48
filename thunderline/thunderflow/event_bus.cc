#include "thunderline/thunderflow/event_bus.h"

#include <cxxabi.h>

#include <cstdlib>

namespace thunderline::thunderflow {
namespace {

std::string readable_name(std::type_index type) {
  int status = 0;
  char* const demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : type.name();
  std::free(demangled);
  return name;
}

}  // namespace

std::vector<TopicInfo> EventBus::topics() const {
  std::vector<std::shared_ptr<AnyTopic>> topics;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, entry] : topics_) topics.push_back(entry.topic);
  }
  std::vector<TopicInfo> infos;
  infos.reserve(topics.size());
  for (const std::shared_ptr<AnyTopic>& topic : topics) infos.push_back(topic->info());
  return infos;
}

void EventBus::close() {
  std::vector<std::shared_ptr<AnyTopic>> topics;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [name, entry] : topics_) topics.push_back(entry.topic);
  }
  for (const std::shared_ptr<AnyTopic>& topic : topics) topic->close();
}

Result<std::shared_ptr<AnyTopic>> EventBus::find_or_add(const std::string& name,
                                                        std::type_index type,
                                                        const MakeTopic& make) {
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "a topic needs a name");
  MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::kUnavailable, "the event bus is closed", name);
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    found = topics_.emplace(name, Entry{type, make()}).first;
  } else if (found->second.type != type) {
    return fail(ErrorCode::kInvalidArgument,
                "the topic carries " + readable_name(found->second.type) + ", not " +
                    readable_name(type),
                name, "use one type for one topic name");
  }
  return found->second.topic;
}

}  // namespace thunderline::thunderflow
