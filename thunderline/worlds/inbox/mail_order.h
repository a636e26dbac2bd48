#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "thunderline/worlds/inbox/mail_corpus.h"

namespace thunderline::worlds::inbox {

/// Keys of fewer letters are too short to call two mails the same.
inline constexpr size_t kMinKeyLetters = 20;

/// The mails that take part, by (delivery time, file).
struct Selection {
  std::vector<size_t> mails;  ///< Indices into the corpus.
  size_t feed_items = 0;      ///< Left out: a feed reader wrote them.
  size_t repeated_texts = 0;  ///< Left out: the text came before.
};

/// An order of arrival with the truth of each place.
struct MailOrder {
  std::vector<size_t> mails;      ///< Indices into the corpus, by position.
  std::vector<MailClass> labels;  ///< By position; not the corpus's own under `placebo`.
  size_t feed_items = 0;
  size_t repeated_texts = 0;
};

/// Leaves out feed items and mails whose letters (in lower case) came before.
Selection select_mails(const Corpus& corpus);

/// Draws the order of arrival: easy ham, hard ham and spam, each by time, merged at random in
/// proportion to what is left of each, so that position says nothing of the label.
///
/// `placebo` permutes the labels (of three classes, so that the three counts stay) among the
/// selected mails before they are parted: Fisher–Yates from the last to the second,
/// `swap(label[i], label[g() % (i + 1)])` with `std::mt19937_64 g(seed + 4)`.
MailOrder order_mails(const Corpus& corpus, uint64_t seed, bool placebo);

}  // namespace thunderline::worlds::inbox
