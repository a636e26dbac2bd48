#pragma once

#include <cstddef>
#include <vector>

#include "thunderline/worlds/inbox/inbox_ledger.h"
#include "thunderline/worlds/inbox/inbox_replay.h"

namespace thunderline::worlds::inbox {

/// Mean true reward a mail, waiting included.
struct PolicyFigures {
  double mean = 0;
  double mean_tail = 0;  ///< Over positions from `tail_start`.
};

/// A mean and its 95 % interval (normal approximation).
struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;
};

/// How well mails were told apart. Over the positions from a given one on.
struct QualityFigures {
  double auc = 0.5;   ///< Of the last score each mail had; 0.5 when only one kind is there.
  double brier = 0;   ///< Of the same scores.
  double caught = 0;  ///< Share of spam that was quarantined.
  double lost = 0;    ///< Share of ham that was quarantined.
  double caught_at_half_percent = 0;  ///< Spam above the threshold that loses 0.5 % of ham.
};

/// The figures of a run on this world, beside those that any policy would get.
struct InboxReport {
  size_t events = 0;
  size_t decisions = 0;  ///< Of the chief.
  size_t forced = 0;     ///< Delivered because they expired.
  PolicyFigures reward;
  PolicyFigures baseline;  ///< The starting heuristic, left alone, without exploration.
  PolicyFigures deliver_all;
  PolicyFigures oracle;
  Interval uplift_tail;  ///< Run less baseline, paired over the mails of the tail.
  QualityFigures quality_tail;
};

/// Share of the mails, at the end, that figures of the tail are over.
inline constexpr double kTailFraction = 0.3;

/// The first position of the tail: floor(0.7 n).
size_t tail_start(size_t mails);

PolicyFigures policy_figures(const InboxLedger& ledger);

/// Paired difference of two ledgers of one replay, over the positions from `first` on.
Interval paired_difference(const InboxLedger& ledger, const InboxLedger& other, size_t first);

QualityFigures quality_figures(const InboxLedger& ledger, size_t first);

/// The report of a run on `replay` that `ledger` kept the account of. Replays baseline and
/// references on the side.
InboxReport make_report(const InboxReplay& replay, const InboxLedger& ledger);

/// Area under the ROC curve, ties counted half; 0.5 when only one kind is there.
/// Shapes: one score and one label a mail.
double area_under_curve(const std::vector<double>& scores, const std::vector<bool>& spam);

/// Share of spam that scores above the lowest threshold with at most `share` of ham above it.
double caught_at(const std::vector<double>& scores, const std::vector<bool>& spam, double share);

}  // namespace thunderline::worlds::inbox
