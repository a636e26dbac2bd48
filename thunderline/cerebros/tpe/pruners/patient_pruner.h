#pragma once

#include <cstdint>
#include <memory>

#include "thunderline/cerebros/tpe/pruners/pruner.h"

namespace thunderline::cerebros::tpe {

/// Lets another pruner judge (or prunes by itself) only when the last `patience` + 1 values brought
/// no improvement over those before them. NaN values do not count.
/// Source: Optuna 5 `PatientPruner`; same fields, same defaults.
class PatientPruner final : public Pruner {
 public:
  struct Options {
    int64_t patience = 0;  ///< Steps without an improvement that are borne. >= 0.
    double min_delta = 0;  ///< What counts as an improvement. >= 0.
  };

  /// `wrapped`: null to prune without asking.
  PatientPruner(std::unique_ptr<Pruner> wrapped, Options options)
      : wrapped_(std::move(wrapped)), options_(options) {}

  PruneDecision judge(const StudyView& study, const FrozenTrial& trial) override;

 private:
  std::unique_ptr<Pruner> wrapped_;
  Options options_;
};

}  // namespace thunderline::cerebros::tpe
