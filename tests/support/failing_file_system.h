#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thunderline/base/file_system.h"

namespace thunderline::testing {

/// Counts the operations on another file system and makes some of them fail with kUnavailable: the
/// `fail_at`th alone (counted from 1), or that one and all after it, as if the process had died.
/// Thread-safety: any thread, once set up.
class FailingFileSystem final : public FileSystem {
 public:
  explicit FailingFileSystem(FileSystem& files) : files_(files) {}

  void fail_at(int64_t operation, bool and_all_after) {
    count_ = 0;
    fail_at_ = operation;
    and_all_after_ = and_all_after;
  }
  int64_t operations() const { return count_; }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("create", path));
    TL_ASSIGN_OR_RETURN(auto file, files_.create(path));
    return std::make_unique<Writable>(*this, std::move(file), path);
  }
  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("open", path));
    TL_ASSIGN_OR_RETURN(auto file, files_.open_append(path));
    return std::make_unique<Writable>(*this, std::move(file), path);
  }
  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("open", path));
    return files_.open_read(path);
  }
  Status truncate(const std::string& path, uint64_t size_bytes) override {
    TL_RETURN_IF_ERROR(step("truncate", path));
    return files_.truncate(path, size_bytes);
  }
  Status rename(const std::string& from, const std::string& to) override {
    TL_RETURN_IF_ERROR(step("rename", from));
    return files_.rename(from, to);
  }
  Status remove(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("remove", path));
    return files_.remove(path);
  }
  Status remove_tree(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("remove", path));
    return files_.remove_tree(path);
  }
  Status create_folders(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("make", path));
    return files_.create_folders(path);
  }
  Status sync_folder(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("sync", path));
    return files_.sync_folder(path);
  }
  Result<std::vector<DirEntry>> list(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("list", path));
    return files_.list(path);
  }
  bool exists(const std::string& path) override { return files_.exists(path); }
  Result<uint64_t> file_size(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("read the size of", path));
    return files_.file_size(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    TL_RETURN_IF_ERROR(step("lock", path));
    return files_.lock(path);
  }

 private:
  class Writable final : public WritableFile {
   public:
    Writable(FailingFileSystem& owner, std::unique_ptr<WritableFile> file, std::string path)
        : owner_(owner), file_(std::move(file)), path_(std::move(path)) {}

    /// A failing append writes half of its bytes, as a full disk does.
    Status append(std::span<const std::byte> data) override {
      if (Status status = owner_.step("write", path_); !status) {
        (void)file_->append(data.first(data.size() / 2));
        return status;
      }
      return file_->append(data);
    }
    Status sync() override {
      TL_RETURN_IF_ERROR(owner_.step("sync", path_));
      return file_->sync();
    }
    Status close() override {
      TL_RETURN_IF_ERROR(owner_.step("close", path_));
      return file_->close();
    }

   private:
    FailingFileSystem& owner_;
    std::unique_ptr<WritableFile> file_;
    std::string path_;
  };

  Status step(const char* what, const std::string& path) {
    const int64_t number = ++count_;
    if (number != fail_at_ && !(and_all_after_ && fail_at_ > 0 && number > fail_at_)) return {};
    return fail(ErrorCode::kUnavailable, std::string("cannot ") + what + ": made to fail", path);
  }

  FileSystem& files_;
  std::atomic<int64_t> count_{0};
  int64_t fail_at_ = 0;
  bool and_all_after_ = false;
};

}  // namespace thunderline::testing
