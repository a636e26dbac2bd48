#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/cerebros/tpe/parzen_estimator.h"
#include "thunderline/cerebros/tpe/sampler.h"
#include "thunderline/cerebros/tpe/trial_split.h"

namespace thunderline::cerebros::tpe {

using NamedDistributions = std::vector<std::pair<std::string, DistributionPtr>>;

/// What finished trials say, kept between asks: they never change, so each is looked at once. Places
/// are those in `StudyView::trials`. A study whose known trials are others than before starts anew.
/// Not thread-safe.
class TpeHistory {
 public:
  /// What the finished trials used of some parameters.
  struct Group {
    std::vector<std::string> names;
    std::vector<Distribution> distributions;
    std::vector<double> rows;   ///< Kernel centres. Shape: [places][names].
    std::vector<char> usable;   ///< By place: finished, counts, and has all the parameters.
    /// By parameter: (centre, place) of the usable trials, sorted; empty for categories.
    std::vector<std::vector<std::pair<double, uint32_t>>> sorted;
    size_t taken = 0;  ///< How many of the counted trials are in.
    std::optional<ParzenEstimator> rest;  ///< The last one made of the trials that are not good.

    std::vector<const Distribution*> pointers() const;
  };

  /// Takes in what finished since the last call.
  void update(const StudyView& study);

  /// How many trials are complete or pruned.
  size_t counted() const { return counted_.size(); }

  /// Whether the trial at `place` will not change any more.
  bool is_finished_at(size_t place) const { return known_[place] != nullptr; }

  /// As `shared_parameters` of the study.
  NamedDistributions shared() const;

  /// Places of the `good` best, ascending.
  std::vector<uint32_t> best(size_t good) const;

  /// The group, with all counted trials in it. Valid until the next call.
  Group& group(const std::vector<std::string>& names,
               const std::vector<const Distribution*>& distributions);

 private:
  void take(const TrialPtr& trial, uint32_t place, Direction direction);

  Direction direction_ = Direction::kMinimize;
  std::vector<TrialPtr> known_;     // by place; null while the trial is not finished
  std::vector<uint32_t> counted_;   // places, in the order in which they were taken in
  std::vector<std::pair<TrialRank, uint32_t>> ranks_;  // sorted
  NamedDistributions shared_;       // in no order
  std::vector<std::unique_ptr<Group>> groups_;
};

/// The columns of the trials at `places` (ascending, all usable) and of `running`, whose rows follow
/// by place. Shapes: running rows [names], kernel centres.
std::vector<SortedColumn> sorted_columns_of(
    const TpeHistory::Group& group, const std::vector<uint32_t>& places,
    const std::vector<std::pair<uint32_t, std::vector<double>>>& running);

}  // namespace thunderline::cerebros::tpe
