#include "thunderline/thunderbolt/training/record_store.h"

#include <algorithm>

namespace thunderline::thunderbolt {

void count_source(SourceCounts& counts, std::string_view source) {
  const auto it = counts.find(source);
  if (it != counts.end()) {
    ++it->second;
  } else {
    counts.emplace(source, 1);
  }
}

void BatchFacts::add(uint64_t sequence, const RecordView& view) {
  if (counts.total() == 0) first_sequence = sequence;
  last_sequence = sequence;
  ++counts.of(kind_of(view));
  if (const auto* step = std::get_if<const StepView*>(&view)) {
    count_source(sources, (*step)->source);
  } else if (const auto* chief = std::get_if<const ChiefStep*>(&view)) {
    count_source(sources, (*chief)->source);
  }
}

bool wants_kind(const ReplayOptions& options, RecordKind kind) {
  return options.kinds.empty() ||
         std::find(options.kinds.begin(), options.kinds.end(), kind) != options.kinds.end();
}

bool wants_names(const ReplayOptions& options, const LogRecord& record) {
  const auto passes = [](const std::string& filter, const std::string& name) {
    return filter.empty() || filter == name;
  };
  if (const Step* step = std::get_if<Step>(&record)) {
    return passes(options.source, step->source) && passes(options.episode, step->episode);
  }
  if (const ChiefStep* chief = std::get_if<ChiefStep>(&record)) {
    return passes(options.source, chief->source);
  }
  if (const Transition* transition = std::get_if<Transition>(&record)) {
    return passes(options.episode, transition->episode);
  }
  return true;
}

}  // namespace thunderline::thunderbolt
