#include "thunderline/thunderbolt/ml/model_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "thunderline/base/sha256.h"

namespace thunderline::thunderbolt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::byte> kBytes = {std::byte{1}, std::byte{2}, std::byte{3}};

/// Stores kBytes as a version.
void store(ModelRepository& repository, const std::string& name, int64_t version) {
  ModelMetadata metadata;
  metadata.sha256 = sha256_hex(kBytes);
  metadata.source = "test";
  ASSERT_TRUE(repository.write_staging(name, version, kBytes, metadata));
  ASSERT_TRUE(repository.publish_staging(name, version));
}

TEST(ModelRepository, StoresVersionsAndReadsThemBack) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path("models"));
  EXPECT_THAT(repository.names().value(), IsEmpty());
  EXPECT_EQ(repository.next_version("a").value(), 1);
  store(repository, "a", 1);
  store(repository, "a", 12);
  store(repository, "b", 2);
  EXPECT_THAT(repository.names().value(), ElementsAre("a", "b"));
  EXPECT_THAT(repository.versions("a").value(), ElementsAre(1, 12));
  EXPECT_EQ(repository.next_version("a").value(), 13);
  const StoredModel stored = repository.read("a", 12).value();
  EXPECT_EQ(stored.onnx, kBytes);
  EXPECT_EQ(stored.metadata.name, "a");
  EXPECT_EQ(stored.metadata.version, 12);
  EXPECT_EQ(stored.path, folder.path("models/a/12/model.onnx"));
}

TEST(ModelRepository, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"", ".", "..", "../a", "a/b", "/a", "a\\b", "a b", ".hidden", "-rf",
                           "a\n", "ä"}) {
    EXPECT_EQ(ModelRepository::check_name(name).error().code, ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(ModelRepository::check_name(std::string("a\0b", 3)));
  EXPECT_FALSE(ModelRepository::check_name(std::string(65, 'a')));
  for (const char* name : {"a", "agent_scoring", "A-1.2", "7"}) {
    EXPECT_TRUE(ModelRepository::check_name(name)) << name;
  }
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  EXPECT_FALSE(repository.versions("../x"));
  EXPECT_FALSE(repository.read("../x", 1));
  EXPECT_FALSE(repository.current("../x"));
  EXPECT_FALSE(repository.set_current("../x", {1, {}}));
  EXPECT_FALSE(repository.write_staging("../x", 1, kBytes, {}));
}

TEST(ModelRepository, TakesOnlyPositiveNumbersForVersions) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  store(repository, "a", 1);
  for (const char* name : {"a/0", "a/-1", "a/01", "a/x", "a/2x", "a/99999999999999999999"}) {
    ASSERT_TRUE(posix_file_system().create_folders(folder.path(name)));
  }
  EXPECT_THAT(repository.versions("a").value(), ElementsAre(1));
  EXPECT_EQ(repository.read("a", 0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(repository.read("a", 2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(repository.versions("b").error().code, ErrorCode::kNotFound);
}

TEST(ModelRepository, KeepsThePointerWithItsHistory) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  store(repository, "a", 1);
  EXPECT_EQ(repository.current("a").value(), CurrentPointer{});
  const CurrentPointer pointer{5, {3, 1}};
  ASSERT_TRUE(repository.set_current("a", pointer));
  EXPECT_EQ(repository.current("a").value(), pointer);
  EXPECT_EQ(read_file(posix_file_system(), folder.path("a/current")).value(), "5\n3\n1\n");
}

TEST(ModelRepository, RefusesAGarbledPointer) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  store(repository, "a", 1);
  for (const char* text : {"x\n", "1", "1\n\n", "0\n", "-1\n", "1 2\n", "1\nx\n"}) {
    ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("a/current"), text));
    EXPECT_EQ(repository.current("a").error().code, ErrorCode::kBadData) << text;
  }
}

TEST(ModelRepository, ListsWhatIsBrokenAndWhy) {
  const testing::TempFolder folder;
  FileSystem& files = posix_file_system();
  ModelRepository repository(files, folder.path());
  for (int64_t version = 1; version <= 3; ++version) store(repository, "a", version);
  ASSERT_TRUE(repository.set_current("a", {3, {}}));
  ASSERT_TRUE(files.remove(folder.path("a/1/model.onnx")));
  ASSERT_TRUE(write_file_atomically(files, folder.path("a/2/metadata.json"), "{"));
  const auto list = repository.list("a").value();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].state, VersionEntry::State::kBroken);
  EXPECT_EQ(list[0].reason, "model.onnx is missing");
  EXPECT_EQ(list[1].state, VersionEntry::State::kBroken);
  EXPECT_THAT(list[1].reason, HasSubstr("not valid JSON"));
  EXPECT_EQ(list[2].state, VersionEntry::State::kAvailable);
  EXPECT_TRUE(list[2].current);
  EXPECT_EQ(list[2].metadata.source, "test");
  EXPECT_EQ(repository.read("a", 1).error().code, ErrorCode::kBadData);
}

TEST(ModelRepository, FindsBytesThatChangedSince) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  store(repository, "a", 1);
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("a/1/model.onnx"), "other"));
  EXPECT_EQ(repository.read("a", 1).error().code, ErrorCode::kBadData);
}

TEST(ModelRepository, ReadsAModelThatAUserPutThereAlone) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  ASSERT_TRUE(posix_file_system().create_folders(folder.path("own/4")));
  ASSERT_TRUE(write_file_atomically(posix_file_system(), folder.path("own/4/model.onnx"), "abc"));
  EXPECT_EQ(repository.read("own", 4)->metadata.version, 4);
  EXPECT_EQ(repository.list("own")->front().state, VersionEntry::State::kAvailable);
}

TEST(ModelRepository, AVersionIsPublishedOnceAndStagingsAreNoVersions) {
  const testing::TempFolder folder;
  ModelRepository repository(posix_file_system(), folder.path());
  store(repository, "a", 1);
  ASSERT_TRUE(repository.write_staging("a", 1, kBytes, {}));
  EXPECT_EQ(repository.publish_staging("a", 1).error().code, ErrorCode::kRefused);
  EXPECT_THAT(repository.versions("a").value(), ElementsAre(1));
  ASSERT_TRUE(repository.remove_stagings("a"));
  EXPECT_FALSE(repository.read_staging("a", 1));
  EXPECT_TRUE(repository.remove_stagings("unknown"));
}

}  // namespace
}  // namespace thunderline::thunderbolt
