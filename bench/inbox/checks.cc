#include "bench/inbox/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tests/support/temp_folder.h"

namespace thunderline::bench {

using thunderchief::RunReport;
using thunderchief::RunSettings;

RunSettings settings_of(const CheckOptions& options, uint64_t seed) {
  RunSettings settings;
  settings.world.seed = seed;
  settings.training.trials = options.trials;
  settings.training.jobs = options.jobs;
  return settings;
}

Result<RunReport> whole_run(const CheckOptions& options, const RunSettings& settings) {
  const testing::TempFolder home;
  const SystemClock clock;
  thunderchief::InboxRunOptions run;
  run.home = home.path("home");
  run.corpus_folder = options.corpus_folder;
  run.settings = settings;
  return thunderchief::run_inbox(run, posix_file_system(), clock,
                                 [](const thunderchief::RunProgress&) {}, {});
}

double mean_reward(const worlds::inbox::InboxLedger& ledger, size_t first, size_t last) {
  double sum = 0;
  for (size_t i = first; i < last; ++i) sum += ledger.reward(i);
  return last > first ? sum / static_cast<double>(last - first) : 0.0;
}

double Sample::mean() const {
  double sum = 0;
  for (const double value : values_) sum += value;
  return values_.empty() ? 0.0 : sum / static_cast<double>(values_.size());
}

double Sample::smallest() const {
  return values_.empty() ? 0.0 : *std::min_element(values_.begin(), values_.end());
}

double Sample::largest() const {
  return values_.empty() ? 0.0 : *std::max_element(values_.begin(), values_.end());
}

double Sample::half_width() const {
  if (values_.size() < 2) return 0;
  const double middle = mean();
  double squares = 0;
  for (const double value : values_) squares += (value - middle) * (value - middle);
  const auto count = static_cast<double>(values_.size());
  return 1.96 * std::sqrt(squares / (count - 1) / count);
}

std::string Sample::text() const {
  char text[96];
  std::snprintf(text, sizeof text, "%.3f ± %.3f (%.3f to %.3f)", mean(), half_width(), smallest(),
                largest());
  return text;
}

}  // namespace thunderline::bench
