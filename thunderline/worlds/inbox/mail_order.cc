#include "thunderline/worlds/inbox/mail_order.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr uint64_t kPlaceboStream = 4;
constexpr size_t kClasses = 3;

std::string text_key(std::string_view text) {
  std::string key;
  for (const char c : text) {
    if (is_letter(c)) key += to_lower(c);
  }
  return key;
}

void permute(std::vector<MailClass>& labels, uint64_t seed) {
  std::mt19937_64 generator(seed);
  for (size_t last = labels.size(); last > 1; --last) {
    std::swap(labels[last - 1], labels[generator() % last]);
  }
}

/// One of the three streams: places in the selection, in order, and how many have been taken.
struct Stream {
  std::vector<size_t> places;
  size_t taken = 0;

  size_t left() const { return places.size() - taken; }
};

}  // namespace

Selection select_mails(const Corpus& corpus) {
  Selection selection;
  std::vector<size_t> sorted;
  for (size_t i = 0; i < corpus.mails.size(); ++i) {
    if (corpus.mails[i].feed_item) {
      ++selection.feed_items;
    } else {
      sorted.push_back(i);
    }
  }
  std::sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) {
    const CorpusMail& first = corpus.mails[a];
    const CorpusMail& second = corpus.mails[b];
    return std::tie(first.delivered_unix_s, first.file) <
           std::tie(second.delivered_unix_s, second.file);
  });
  std::unordered_set<std::string> seen;
  for (const size_t index : sorted) {
    std::string key = text_key(*corpus.mails[index].content);
    if (key.size() >= kMinKeyLetters && !seen.insert(std::move(key)).second) {
      ++selection.repeated_texts;
    } else {
      selection.mails.push_back(index);
    }
  }
  return selection;
}

MailOrder order_mails(const Corpus& corpus, uint64_t seed, bool placebo) {
  const Selection selection = select_mails(corpus);
  std::vector<MailClass> labels;
  for (const size_t index : selection.mails) labels.push_back(corpus.mails[index].label);
  if (placebo) permute(labels, seed + kPlaceboStream);

  std::array<Stream, kClasses> streams;
  for (size_t place = 0; place < labels.size(); ++place) {
    streams[static_cast<size_t>(labels[place])].places.push_back(place);
  }
  MailOrder order;
  order.feed_items = selection.feed_items;
  order.repeated_texts = selection.repeated_texts;
  std::mt19937_64 generator(seed);
  for (size_t left = labels.size(); left > 0; --left) {
    uint64_t draw = generator() % left;
    size_t chosen = 0;
    while (draw >= streams[chosen].left()) draw -= streams[chosen++].left();
    Stream& stream = streams[chosen];
    const size_t place = stream.places[stream.taken++];
    order.mails.push_back(selection.mails[place]);
    order.labels.push_back(labels[place]);
  }
  return order;
}

}  // namespace thunderline::worlds::inbox
