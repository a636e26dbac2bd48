#include "thunderline/cerebros/tpe/tpe_history.h"

#include <algorithm>
#include <limits>

#include "thunderline/cerebros/tpe/tpe_sampler.h"

namespace thunderline::cerebros::tpe {
namespace {

constexpr size_t kMostGroups = 256;  // a range that moves makes a new one each time
constexpr uint32_t kAbsent = std::numeric_limits<uint32_t>::max();

bool counts(const FrozenTrial& trial) {
  return trial.state == TrialState::kComplete || trial.state == TrialState::kPruned;
}

bool is_same(const TpeHistory::Group& group, const std::vector<std::string>& names,
             const std::vector<const Distribution*>& distributions) {
  if (group.names != names) return false;
  for (size_t i = 0; i < distributions.size(); ++i) {
    if (group.distributions[i] != *distributions[i]) return false;
  }
  return true;
}

/// The order of one column: of its sorted finished trials those that have a kernel, and the running
/// ones. `kernel`: by place.
std::vector<uint32_t> kernel_order(const std::vector<std::pair<double, uint32_t>>& sorted,
                                   std::vector<std::pair<double, uint32_t>> running,
                                   const std::vector<uint32_t>& kernel, size_t count) {
  std::sort(running.begin(), running.end());
  std::vector<uint32_t> order;
  order.reserve(count);
  auto next = running.begin();
  for (const auto& entry : sorted) {
    if (kernel[entry.second] == kAbsent) continue;
    for (; next != running.end() && *next < entry; ++next) order.push_back(kernel[next->second]);
    order.push_back(kernel[entry.second]);
  }
  for (; next != running.end(); ++next) order.push_back(kernel[next->second]);
  return order;
}

}  // namespace

std::vector<const Distribution*> TpeHistory::Group::pointers() const {
  std::vector<const Distribution*> pointers;
  for (const Distribution& distribution : distributions) pointers.push_back(&distribution);
  return pointers;
}

void TpeHistory::update(const StudyView& study) {
  const size_t both = std::min(known_.size(), study.trials.size());
  bool same = direction_ == study.direction && known_.size() <= study.trials.size();
  for (size_t i = 0; i < both && same; ++i) same = !known_[i] || known_[i] == study.trials[i];
  if (!same) *this = TpeHistory();
  direction_ = study.direction;
  known_.resize(study.trials.size());
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i] || !is_finished(study.trials[i]->state)) continue;
    known_[i] = study.trials[i];
    if (counts(*known_[i])) take(known_[i], static_cast<uint32_t>(i), study.direction);
  }
}

void TpeHistory::take(const TrialPtr& trial, uint32_t place, Direction direction) {
  const std::pair<TrialRank, uint32_t> entry(rank_trial(*trial, direction), place);
  ranks_.insert(std::upper_bound(ranks_.begin(), ranks_.end(), entry,
                                 [](const auto& a, const auto& b) { return a.first < b.first; }),
                entry);
  if (counted_.empty()) {
    for (const TrialParam& param : trial->params) shared_.emplace_back(param.name, param.distribution);
  } else {
    std::erase_if(shared_, [&](const auto& shared) {
      const TrialParam* param = trial->find(shared.first);
      return param == nullptr ||
             (param->distribution != shared.second && *param->distribution != *shared.second);
    });
  }
  counted_.push_back(place);
}

NamedDistributions TpeHistory::shared() const {
  NamedDistributions shared;
  std::copy_if(shared_.begin(), shared_.end(), std::back_inserter(shared),
               [](const auto& entry) { return !is_single(*entry.second); });
  std::sort(shared.begin(), shared.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return shared;
}

std::vector<uint32_t> TpeHistory::best(size_t good) const {
  std::vector<uint32_t> places;
  for (size_t i = 0; i < std::min(good, ranks_.size()); ++i) places.push_back(ranks_[i].second);
  std::sort(places.begin(), places.end());
  return places;
}

TpeHistory::Group& TpeHistory::group(const std::vector<std::string>& names,
                                     const std::vector<const Distribution*>& distributions) {
  auto found = std::find_if(groups_.begin(), groups_.end(), [&](const auto& group) {
    return is_same(*group, names, distributions);
  });
  if (found == groups_.end()) {
    if (groups_.size() == kMostGroups) groups_.clear();
    groups_.push_back(std::make_unique<Group>());
    found = std::prev(groups_.end());
    (*found)->names = names;
    for (const Distribution* distribution : distributions) {
      (*found)->distributions.push_back(*distribution);
    }
    (*found)->sorted.resize(names.size());
  }
  Group& group = **found;
  const std::vector<const Distribution*> own = group.pointers();
  group.rows.resize(known_.size() * names.size());
  group.usable.resize(known_.size());
  const bool many = counted_.size() - group.taken > 4;
  for (; group.taken < counted_.size(); ++group.taken) {
    const uint32_t place = counted_[group.taken];
    const FrozenTrial* trial = known_[place].get();
    const Observations columns = collect_observations({&trial, 1}, names, own, false);
    if (columns.front().empty()) continue;
    group.usable[place] = 1;
    for (size_t p = 0; p < names.size(); ++p) {
      const double centre = kernel_centre(*own[p], columns[p].front());
      group.rows[place * names.size() + p] = centre;
      if (std::holds_alternative<CategoricalDistribution>(*own[p])) continue;
      auto& sorted = group.sorted[p];
      const std::pair<double, uint32_t> entry(centre, place);
      sorted.insert(many ? sorted.end() : std::upper_bound(sorted.begin(), sorted.end(), entry),
                    entry);
    }
  }
  if (many) {
    for (auto& sorted : group.sorted) std::sort(sorted.begin(), sorted.end());
  }
  return group;
}

std::vector<SortedColumn> sorted_columns_of(
    const TpeHistory::Group& group, const std::vector<uint32_t>& places,
    const std::vector<std::pair<uint32_t, std::vector<double>>>& running) {
  const size_t count = places.size() + running.size();
  const size_t stride = group.names.size();
  std::vector<uint32_t> kernel(group.usable.size(), kAbsent);
  std::vector<const double*> rows;
  rows.reserve(count);
  auto next = running.begin();
  const auto add = [&](uint32_t place, const double* row) {
    kernel[place] = static_cast<uint32_t>(rows.size());
    rows.push_back(row);
  };
  for (const uint32_t place : places) {
    for (; next != running.end() && next->first < place; ++next) add(next->first, next->second.data());
    add(place, &group.rows[place * stride]);
  }
  for (; next != running.end(); ++next) add(next->first, next->second.data());
  std::vector<SortedColumn> columns(stride);
  for (size_t p = 0; p < stride; ++p) {
    columns[p].values.reserve(count + 1);
    for (const double* row : rows) columns[p].values.push_back(row[p]);
    if (std::holds_alternative<CategoricalDistribution>(group.distributions[p])) continue;
    std::vector<std::pair<double, uint32_t>> extra;
    for (const auto& [place, row] : running) extra.emplace_back(row[p], place);
    columns[p].order = kernel_order(group.sorted[p], std::move(extra), kernel, count);
  }
  return columns;
}

}  // namespace thunderline::cerebros::tpe
