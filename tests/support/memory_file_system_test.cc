#include "tests/support/memory_file_system.h"

#include <gtest/gtest.h>

namespace thunderline::testing {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::unique_ptr<WritableFile> created(MemoryFileSystem& files, const std::string& path) {
  EXPECT_TRUE(files.create_folders(parent_path(path)));
  return files.create(path).value();
}

TEST(MemoryFileSystem, WorksLikeAFileSystem) {
  MemoryFileSystem files;
  const auto file = created(files, "d/a");
  ASSERT_TRUE(file->append(bytes("hello world")));
  EXPECT_EQ(read_file(files, "d/a").value(), "hello world");
  ASSERT_TRUE(files.truncate("d/a", 5));
  ASSERT_TRUE(files.open_append("d/a").value()->append(bytes("!")));
  ASSERT_TRUE(files.rename("d/a", "d/b"));
  EXPECT_EQ(read_file(files, "d/b").value(), "hello!");
  EXPECT_EQ(files.open_read("d/a").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.list("d").value().size(), 1u);
  ASSERT_TRUE(files.remove("d/b"));
  EXPECT_FALSE(files.exists("d/b"));
  EXPECT_FALSE(files.create("missing/a"));
}

TEST(MemoryFileSystem, APowerCutKeepsWhatWasSynced) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    MemoryFileSystem files;
    const auto file = created(files, "d/a");
    ASSERT_TRUE(file->append(bytes(std::string(1500, 's'))));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(files.sync_folder("d"));
    ASSERT_TRUE(file->append(bytes(std::string(1500, 'u'))));
    files.power_cut(seed);
    const std::string left = files.content("d/a");
    ASSERT_GE(left.size(), 1500u);
    ASSERT_EQ(left.substr(0, 1500), std::string(1500, 's'));
    EXPECT_FALSE(file->append(bytes("x")));
  }
}

TEST(MemoryFileSystem, APowerCutDropsSomeOfTheUnsyncedBytesSometimes) {
  bool lost_all = false;
  bool kept_all = false;
  bool torn = false;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    MemoryFileSystem files;
    const auto file = created(files, "d/a");
    ASSERT_TRUE(files.sync_folder("d"));
    ASSERT_TRUE(file->append(bytes(std::string(5000, 'u'))));
    files.power_cut(seed);
    const std::string left = files.content("d/a");
    lost_all |= left.empty();
    kept_all |= left == std::string(5000, 'u');
    torn |= !left.empty() && left != std::string(5000, 'u');
  }
  EXPECT_TRUE(lost_all && kept_all && torn);
}

TEST(MemoryFileSystem, NamesNeedASyncOfTheirFolder) {
  int survived = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    MemoryFileSystem files;
    const auto file = created(files, "d/a");
    ASSERT_TRUE(file->append(bytes("x")));
    ASSERT_TRUE(file->sync());
    files.power_cut(seed);
    survived += files.exists("d/a") ? 1 : 0;
  }
  EXPECT_GT(survived, 10);
  EXPECT_LT(survived, 90);
}

TEST(MemoryFileSystem, ARenameIsAtomicInAPowerCut) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    MemoryFileSystem files;
    files.put("d/old", "x");
    ASSERT_TRUE(files.create_folders("d"));
    ASSERT_TRUE(files.rename("d/old", "d/new"));
    files.power_cut(seed);
    EXPECT_NE(files.exists("d/old"), files.exists("d/new"));
  }
}

TEST(MemoryFileSystem, FailsTheNthOperationOfAKind) {
  MemoryFileSystem files;
  const auto file = created(files, "d/a");
  files.plan_fault({FileOp::kAppend, 2, Fault::Kind::kShortWrite, false});
  ASSERT_TRUE(file->append(bytes("12")));
  EXPECT_FALSE(files.fault_struck());
  EXPECT_FALSE(file->append(bytes("3456")));
  EXPECT_TRUE(files.fault_struck());
  EXPECT_TRUE(file->append(bytes("78")));
  EXPECT_EQ(files.content("d/a"), "123478");
  EXPECT_EQ(files.count(FileOp::kAppend), 3u);
}

TEST(MemoryFileSystem, AStickyFaultLasts) {
  MemoryFileSystem files;
  const auto file = created(files, "d/a");
  files.plan_fault({FileOp::kAny, 2, Fault::Kind::kNoSpace, true});
  EXPECT_TRUE(file->append(bytes("x")));
  EXPECT_FALSE(file->append(bytes("x")));
  EXPECT_FALSE(files.sync_folder("d"));
  files.clear_faults();
  EXPECT_TRUE(file->append(bytes("x")));
}

TEST(MemoryFileSystem, BytesOfAFailedSyncAreNeverSafeAgain) {
  MemoryFileSystem files;
  const auto file = created(files, "d/a");
  ASSERT_TRUE(files.sync_folder("d"));
  ASSERT_TRUE(file->append(bytes("abc")));
  files.plan_fault({FileOp::kSync, 1, Fault::Kind::kIoError, false});
  EXPECT_FALSE(file->sync());
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(files.content("d/a"), "abc");
  files.power_cut(1);
  EXPECT_EQ(files.content("d/a"), std::string(3, '\0'));
}

TEST(MemoryFileSystem, GivesALockToOneHolderUntilThePowerIsCut) {
  MemoryFileSystem files;
  const auto held = files.lock("d/LOCK");
  ASSERT_TRUE(held);
  EXPECT_EQ(files.lock("d/LOCK").error().code, ErrorCode::kRefused);
  files.power_cut(0);
  EXPECT_TRUE(files.lock("d/LOCK"));
}

}  // namespace
}  // namespace thunderline::testing
