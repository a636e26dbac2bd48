#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/worlds/inbox/inbox_replay.h"
#include "thunderline/worlds/inbox/mail_channels.h"

namespace thunderline::testing {

/// One mail of a hand-made replay.
struct SmallMail {
  bool spam = false;
  bool reviewed = false;
  int64_t delay = 1;
  double exploration = 0.5;
};

/// A replay with these mails, so many of which come in at each tick.
inline worlds::inbox::InboxReplay small_inbox(const std::vector<SmallMail>& mails,
                                              std::vector<size_t> arrivals) {
  worlds::inbox::InboxStage stage;
  worlds::inbox::InboxTruth truth;
  const worlds::inbox::InboxOptions options;
  stage.spec = worlds::inbox::make_spec(options);
  stage.arrivals = std::move(arrivals);
  for (size_t i = 0; i < mails.size(); ++i) {
    stage.contents.push_back(std::make_shared<const std::string>("mail " + std::to_string(i)));
    stage.channels.emplace_back();
    stage.exploration.push_back(mails[i].exploration);
    truth.spam.push_back(mails[i].spam);
    truth.reviewed.push_back(mails[i].reviewed);
    truth.feedback_delay.push_back(mails[i].delay);
  }
  return {std::make_shared<const worlds::inbox::InboxStage>(std::move(stage)),
          std::make_shared<const worlds::inbox::InboxTruth>(std::move(truth))};
}

/// A corpus of mails that differ in their text, one second apart, in this order.
inline worlds::inbox::Corpus small_corpus(const std::vector<worlds::inbox::MailClass>& labels) {
  worlds::inbox::Corpus corpus;
  for (size_t i = 0; i < labels.size(); ++i) {
    worlds::inbox::CorpusMail mail;
    mail.file = "folder/" + std::to_string(10'000 + i);
    mail.label = labels[i];
    mail.delivered_unix_s = static_cast<int64_t>(i);
    mail.content = std::make_shared<const std::string>(
        "a text of letters that nobody else has written before " +
        std::string(i + 1, static_cast<char>('a' + i % 26)));
    corpus.mails.push_back(std::move(mail));
  }
  return corpus;
}

}  // namespace thunderline::testing
