#include "thunderline/worlds/inbox/report/inbox_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "thunderline/worlds/inbox/report/simulator.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr double kNormal95 = 1.959963984540054;
constexpr double kHalfPercent = 0.005;

/// `sum` over `count`; 0 of nothing.
double mean_of(double sum, size_t count) {
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

double mean_reward(const InboxLedger& ledger, size_t first) {
  double sum = 0;
  for (size_t i = first; i < ledger.size(); ++i) sum += ledger.reward(i);
  return mean_of(sum, ledger.size() - first);
}

/// Shares of spam and of ham that were quarantined.
void count_quarantined(const InboxLedger& ledger, size_t first, QualityFigures& figures) {
  size_t mails[2] = {0, 0};
  size_t quarantined[2] = {0, 0};
  for (size_t i = first; i < ledger.size(); ++i) {
    const size_t kind = ledger.spam(i) ? 1 : 0;
    ++mails[kind];
    if (ledger.action(i) == kQuarantine) ++quarantined[kind];
  }
  figures.lost = mean_of(static_cast<double>(quarantined[0]), mails[0]);
  figures.caught = mean_of(static_cast<double>(quarantined[1]), mails[1]);
}

}  // namespace

size_t tail_start(size_t mails) { return mails * 7 / 10; }

PolicyFigures policy_figures(const InboxLedger& ledger) {
  return {mean_reward(ledger, 0), mean_reward(ledger, tail_start(ledger.size()))};
}

Interval paired_difference(const InboxLedger& ledger, const InboxLedger& other, size_t first) {
  TL_CHECK(ledger.size() == other.size());
  const size_t count = ledger.size() - std::min(first, ledger.size());
  double sum = 0;
  for (size_t i = first; i < ledger.size(); ++i) sum += ledger.reward(i) - other.reward(i);
  const double mean = mean_of(sum, count);
  double squares = 0;
  for (size_t i = first; i < ledger.size(); ++i) {
    const double deviation = ledger.reward(i) - other.reward(i) - mean;
    squares += deviation * deviation;
  }
  const double variance = count < 2 ? 0.0 : squares / static_cast<double>(count - 1);
  const double half_width = kNormal95 * std::sqrt(mean_of(variance, count));
  return {mean, mean - half_width, mean + half_width};
}

double area_under_curve(const std::vector<double>& scores, const std::vector<bool>& spam) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  double ham_below = 0;
  double spam_count = 0;
  double pairs_won = 0;
  for (size_t begin = 0; begin < order.size();) {
    double tied_ham = 0;
    double tied_spam = 0;
    size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      (spam[order[end]] ? tied_spam : tied_ham) += 1;
    }
    pairs_won += tied_spam * (ham_below + tied_ham / 2);
    ham_below += tied_ham;
    spam_count += tied_spam;
    begin = end;
  }
  if (ham_below == 0 || spam_count == 0) return 0.5;
  return pairs_won / (ham_below * spam_count);
}

double caught_at(const std::vector<double>& scores, const std::vector<bool>& spam, double share) {
  std::vector<double> ham_scores;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!spam[i]) ham_scores.push_back(scores[i]);
  }
  std::sort(ham_scores.begin(), ham_scores.end(), std::greater<>());
  const auto allowed = static_cast<size_t>(share * static_cast<double>(ham_scores.size()));
  const double threshold = allowed < ham_scores.size()
                               ? ham_scores[allowed]
                               : -std::numeric_limits<double>::infinity();
  size_t spam_count = 0;
  size_t caught = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!spam[i]) continue;
    ++spam_count;
    if (scores[i] > threshold) ++caught;
  }
  return mean_of(static_cast<double>(caught), spam_count);
}

QualityFigures quality_figures(const InboxLedger& ledger, size_t first) {
  QualityFigures figures;
  std::vector<double> scores;
  std::vector<bool> spam;
  double squares = 0;
  for (size_t i = first; i < ledger.size(); ++i) {
    const std::optional<double> score = ledger.last_score(i);
    if (!score) continue;
    scores.push_back(*score);
    spam.push_back(ledger.spam(i));
    const double error = *score - (ledger.spam(i) ? 1 : 0);
    squares += error * error;
  }
  figures.auc = area_under_curve(scores, spam);
  figures.brier = mean_of(squares, scores.size());
  figures.caught_at_half_percent = caught_at(scores, spam, kHalfPercent);
  count_quarantined(ledger, first, figures);
  return figures;
}

InboxReport make_report(const InboxReplay& replay, const InboxLedger& ledger) {
  InboxReport report;
  report.events = ledger.size();
  for (size_t i = 0; i < ledger.size(); ++i) {
    if (ledger.forced(i)) {
      ++report.forced;
    } else if (ledger.action(i)) {
      ++report.decisions;
    }
  }
  const size_t tail = tail_start(ledger.size());
  const auto baseline = simulate(replay, heuristic_policy(replay));
  report.reward = policy_figures(ledger);
  report.baseline = policy_figures(*baseline);
  report.deliver_all = policy_figures(*simulate(replay, deliver_all_policy()));
  report.oracle = policy_figures(*simulate(replay, oracle_policy(replay)));
  report.uplift_tail = paired_difference(ledger, *baseline, tail);
  report.quality_tail = quality_figures(ledger, tail);
  return report;
}

}  // namespace thunderline::worlds::inbox
