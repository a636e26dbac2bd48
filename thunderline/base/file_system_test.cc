#include "thunderline/base/file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace thunderline {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(PosixFileSystem, AppendsReadsTruncatesAndRenames) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  const std::string path = folder.path("a");
  {
    auto file = files.create(path).value();
    ASSERT_TRUE(file->append(bytes("hello ")));
    ASSERT_TRUE(file->append(bytes("world")));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->close());
  }
  EXPECT_EQ(read_file(files, path).value(), "hello world");
  ASSERT_TRUE(files.truncate(path, 5));
  ASSERT_TRUE(files.open_append(path).value()->append(bytes("!")));
  ASSERT_TRUE(files.rename(path, folder.path("b")));
  EXPECT_EQ(read_file(files, folder.path("b")).value(), "hello!");
  EXPECT_FALSE(files.exists(path));
}

TEST(PosixFileSystem, ListsInByteOrderAndTellsLinksFromFiles) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  ASSERT_TRUE(write_file_atomically(files, folder.path("b"), "x"));
  ASSERT_TRUE(files.create_folders(folder.path("c/d")));
  ASSERT_EQ(::symlink("b", folder.path("a").c_str()), 0);
  const auto entries = files.list(folder.path()).value();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].kind, DirEntry::Kind::kOther);
  EXPECT_EQ(entries[1].kind, DirEntry::Kind::kFile);
  EXPECT_EQ(entries[2].kind, DirEntry::Kind::kFolder);
}

TEST(PosixFileSystem, SaysWhatIsMissingAndWhatIsNoFile) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  EXPECT_EQ(files.open_read(folder.path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.list(folder.path("none")).error().code, ErrorCode::kNotFound);
  ASSERT_EQ(::mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(files.open_read(folder.path("fifo")).error().code, ErrorCode::kBadData);
}

TEST(WriteFileAtomically, LeavesNoTemporaryFileWhenItFails) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  ASSERT_TRUE(files.create_folders(folder.path("a/in_the_way")));
  EXPECT_FALSE(write_file_atomically(files, folder.path("a"), "x"));
  EXPECT_EQ(files.list(folder.path()).value().size(), 1u);
}

TEST(PosixFileSystem, GivesALockToOneHolderAtATime) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  auto held = files.lock(folder.path("LOCK"));
  ASSERT_TRUE(held);
  EXPECT_EQ(files.lock(folder.path("LOCK")).error().code, ErrorCode::kRefused);
  held->reset();
  EXPECT_TRUE(files.lock(folder.path("LOCK")));
}

TEST(ReadFile, RefusesMoreThanItsLimit) {
  const testing::TempFolder folder;
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("x"), "12345"));
  EXPECT_EQ(read_file(posix_file_system(), folder.path("x"), 4).error().code,
            ErrorCode::kResourceLimit);
}

TEST(Paths, JoinAndSplit) {
  EXPECT_EQ(join_path("a/b", "c"), "a/b/c");
  EXPECT_EQ(join_path("a/", "c"), "a/c");
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("a"), ".");
}

}  // namespace
}  // namespace thunderline
