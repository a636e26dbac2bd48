#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/inbox_run.h"

/// The long checks of the inbox world (docs/inbox.md says what each must show). Each prints a row a
/// seed as soon as it has it, then what the rows come to.
namespace thunderline::bench {

struct CheckOptions {
  std::vector<uint64_t> seeds;
  std::string corpus_folder;
  int trials = 25;  ///< Of each training's study.
  int jobs = 2;     ///< Trials trained at a time; changes no figure.
};

/// The loop against the start heuristic: the gain that the world is there to show.
Status check_uplift(const CheckOptions& options);

/// The same with permuted labels, where nothing can be learned.
Status check_placebo(const CheckOptions& options);

/// Challengers trained on wrong targets, before the gate.
Status check_sabotage(const CheckOptions& options);

/// How often each estimator prefers one of two policies that are worth the same. Needs no corpus.
Status check_null_gate();

/// A frozen model on a stream that drifts half-way: is it noticed, and is it silent before?
Status check_degradation(const CheckOptions& options);

/// The whole loop on that stream: how much of the loss does retraining win back?
Status check_recovery(const CheckOptions& options);

/// The settings of the world's definition under this seed.
thunderchief::RunSettings settings_of(const CheckOptions& options, uint64_t seed);

/// One whole run in a home that is removed afterwards.
Result<thunderchief::RunReport> whole_run(const CheckOptions& options,
                                          const thunderchief::RunSettings& settings);

/// Mean reward a mail of the positions [first, last); 0 of none.
double mean_reward(const worlds::inbox::InboxLedger& ledger, size_t first, size_t last);

/// Figures of several seeds.
class Sample {
 public:
  void add(double value) { values_.push_back(value); }
  size_t size() const { return values_.size(); }
  double mean() const;
  double smallest() const;
  double largest() const;
  /// Half the 95 % interval of the mean (normal approximation); 0 for fewer than two values.
  double half_width() const;
  /// "0.132 ± 0.006 (0.121 to 0.145)".
  std::string text() const;

 private:
  std::vector<double> values_;
};

}  // namespace thunderline::bench
