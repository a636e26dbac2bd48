#include "thunderline/worlds/inbox/mail_corpus.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/temp_folder.h"
#include "thunderline/worlds/inbox/inbox_replay.h"

namespace thunderline::worlds::inbox {
namespace {

const char kMail[] = "From: Ann <ann@a.com>\nSubject: hello\nDate: 22 Aug 2002 11:33:04\n\nhello\n";

/// A corpus folder under construction.
class CorpusFolder {
 public:
  CorpusFolder() {
    for (const char* name : {"easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"}) {
      EXPECT_TRUE(files().create_folders(folder_.path(name)));
    }
  }

  static FileSystem& files() { return posix_file_system(); }
  std::string path(const std::string& name) const { return folder_.path(name); }

  void write(const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file_atomically(files(), folder_.path(name), content));
  }

  Result<Corpus> load() { return load_corpus(files(), folder_.path()); }

 private:
  testing::TempFolder folder_;
};

std::string reason_for(const Corpus& corpus, const std::string& path) {
  for (const Skipped& skipped : corpus.skipped) {
    if (skipped.path == path) return skipped.reason;
  }
  return "(not skipped)";
}

TEST(LoadCorpus, ReadsTextFilesOfTheFiveFoldersWithTheirLabels) {
  CorpusFolder folder;
  folder.write("spam-1/b.txt", kMail);
  folder.write("spam-1/a.txt", kMail);
  folder.write("hard-ham-1/x.txt", kMail);
  folder.write("easy-ham-2/x.txt", kMail);
  folder.write("spam-1/a.json", kMail);
  const Corpus corpus = folder.load().value();
  ASSERT_EQ(corpus.mails.size(), 4u);
  EXPECT_TRUE(corpus.skipped.empty());
  EXPECT_EQ(corpus.mails[0].file, "easy-ham-2/x.txt");
  EXPECT_EQ(corpus.mails[0].label, MailClass::kEasyHam);
  EXPECT_EQ(corpus.mails[1].label, MailClass::kHardHam);
  EXPECT_EQ(corpus.mails[2].file, "spam-1/a.txt");
  EXPECT_EQ(corpus.mails[3].label, MailClass::kSpam);
  EXPECT_EQ(corpus.mails[3].delivered_unix_s, 1'030'015'984);
  EXPECT_EQ(*corpus.mails[3].content, "hello");
}

TEST(LoadCorpus, KnowsTheFeedReader) {
  CorpusFolder folder;
  folder.write("easy-ham-1/a.txt", "From: x <RSSfeeds@a.org>\n\n");
  EXPECT_TRUE(folder.load()->mails[0].feed_item);
}

TEST(LoadCorpus, SkipsWhatIsNoMailAndSaysWhy) {
  CorpusFolder folder;
  folder.write("spam-1/good.txt", kMail);
  folder.write("spam-1/empty.txt", "");
  folder.write("spam-1/junk.txt", std::string(5000, '\xFF') + std::string(5000, '\0'));
  const Corpus corpus = folder.load().value();
  EXPECT_EQ(corpus.mails.size(), 1u);
  EXPECT_EQ(corpus.skipped.size(), 2u);
  const std::string reason = "no mail: none of From, Subject, Date, Received";
  EXPECT_EQ(reason_for(corpus, "spam-1/empty.txt"), reason);
  EXPECT_EQ(reason_for(corpus, "spam-1/junk.txt"), reason);
  const auto groups = group_by_reason(corpus.skipped);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].count, 2u);
  EXPECT_EQ(groups[0].example, "spam-1/empty.txt");
}

TEST(LoadCorpus, NeitherFollowsLinksNorWaitsForFifosNorEntersFolders) {
  CorpusFolder folder;
  folder.write("spam-1/good.txt", kMail);
  folder.write("elsewhere.txt", kMail);
  ASSERT_EQ(::symlink("../elsewhere.txt", folder.path("spam-1/link.txt").c_str()), 0);
  ASSERT_EQ(::symlink("link-to-itself.txt", folder.path("spam-1/link-to-itself.txt").c_str()), 0);
  ASSERT_EQ(::mkfifo(folder.path("spam-1/fifo.txt").c_str(), 0600), 0);
  ASSERT_TRUE(folder.files().create_folders(folder.path("spam-1/folder.txt")));
  const Corpus corpus = folder.load().value();
  EXPECT_EQ(corpus.mails.size(), 1u);
  for (const char* name : {"link", "link-to-itself", "fifo", "folder"}) {
    EXPECT_EQ(reason_for(corpus, "spam-1/" + std::string(name) + ".txt"),
              "not a regular file (links are not followed)");
  }
}

TEST(LoadCorpus, ReadsTheBeginningOfAHugeFile) {
  CorpusFolder folder;
  folder.write("spam-1/huge.txt", kMail + std::string(50'000'000, 'x'));
  const Corpus corpus = folder.load().value();
  ASSERT_EQ(corpus.mails.size(), 1u);
  EXPECT_EQ(corpus.mails[0].content->size(), 65'536u);
}

TEST(LoadCorpus, TakesMissingAndOddFolders) {
  CorpusFolder folder;
  folder.write("spam-1/good.txt", kMail);
  ASSERT_TRUE(folder.files().remove_tree(folder.path("spam-2")));
  ASSERT_TRUE(folder.files().remove_tree(folder.path("hard-ham-1")));
  ASSERT_EQ(::symlink("spam-1", folder.path("hard-ham-1").c_str()), 0);
  const Corpus corpus = folder.load().value();
  EXPECT_EQ(corpus.mails.size(), 1u);
  EXPECT_EQ(reason_for(corpus, "spam-2"), "the folder is missing");
  EXPECT_EQ(reason_for(corpus, "hard-ham-1"), "not a folder (links are not followed)");
}

TEST(LoadCorpus, RefusesAFolderThatIsMissingOrHoldsNoMail) {
  CorpusFolder folder;
  const auto missing = load_corpus(folder.files(), folder.path("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().hint, "");
  const auto empty = folder.load();
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kBadData);
}

/// A file system in which a file cannot be opened although it is there.
class LockedFile final : public FileSystem {
 public:
  explicit LockedFile(std::string name) : name_(std::move(name)) {}

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    if (path.ends_with(name_)) return fail(ErrorCode::kUnavailable, "permission denied", path);
    return files_.open_read(path);
  }
  Result<std::vector<DirEntry>> list(const std::string& path) override { return files_.list(path); }
  bool exists(const std::string& path) override { return files_.exists(path); }
  Result<uint64_t> file_size(const std::string& path) override { return files_.file_size(path); }

  Result<std::unique_ptr<WritableFile>> create(const std::string&) override { return refuse(); }
  Result<std::unique_ptr<WritableFile>> open_append(const std::string&) override {
    return refuse();
  }
  Status truncate(const std::string&, uint64_t) override { return refuse(); }
  Status rename(const std::string&, const std::string&) override { return refuse(); }
  Status remove(const std::string&) override { return refuse(); }
  Status remove_tree(const std::string&) override { return refuse(); }
  Status create_folders(const std::string&) override { return refuse(); }
  Status sync_folder(const std::string&) override { return refuse(); }
  Result<std::unique_ptr<FileLock>> lock(const std::string&) override { return refuse(); }

 private:
  static tl::unexpected<Error> refuse() {
    return fail(ErrorCode::kUnavailable, "the corpus is never written");
  }

  FileSystem& files_ = posix_file_system();
  std::string name_;
};

TEST(LoadCorpus, SkipsAFileThatCannotBeOpened) {
  CorpusFolder folder;
  folder.write("spam-1/good.txt", kMail);
  folder.write("spam-1/locked.txt", kMail);
  LockedFile files("locked.txt");
  const Corpus corpus = load_corpus(files, folder.path("")).value();
  EXPECT_EQ(corpus.mails.size(), 1u);
  EXPECT_EQ(reason_for(corpus, "spam-1/locked.txt"), "permission denied");
}

}  // namespace
}  // namespace thunderline::worlds::inbox
