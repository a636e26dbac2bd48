#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/worlds/world.h"

namespace thunderline::worlds::inbox {

/// What a mail is, by the folder that it was collected in. The truth: for the world and the ledger
/// alone.
enum class MailClass : uint8_t { kEasyHam, kHardHam, kSpam };

/// A mail of the corpus, with its label: nothing that learns may hold one.
struct CorpusMail {
  std::string file;  ///< `folder/name`; a label in disguise.
  MailClass label = MailClass::kEasyHam;
  int64_t delivered_unix_s = 0;
  bool feed_item = false;  ///< Written by a feed reader.
  std::array<float, kChannels> channels{};
  std::shared_ptr<const std::string> content;  ///< The visible text.
};

/// A file or folder that was not read, and why.
struct Skipped {
  std::string path;  ///< Relative to the corpus folder.
  std::string reason;

  bool operator==(const Skipped&) const = default;
};

struct Corpus {
  std::vector<CorpusMail> mails;  ///< By folder, then by byte order of the name.
  std::vector<Skipped> skipped;
};

/// Reads the mails of a corpus folder: the regular `.txt` files of easy-ham-1, easy-ham-2,
/// hard-ham-1, spam-1 and spam-2. Whatever cannot be read is skipped with a reason.
/// Errors: kNotFound when the folder is missing, kBadData when it holds no mail at all.
Result<Corpus> load_corpus(FileSystem& files, const std::string& folder);

}  // namespace thunderline::worlds::inbox
