#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "thunderline/base/file_system.h"

namespace thunderline {
namespace {

tl::unexpected<Error> system_failure(const char* what, const std::string& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return fail(code, std::string("cannot ") + what + ": " + std::strerror(error), path);
}

/// A file descriptor with an owner.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Status append(std::span<const std::byte> data) override {
    while (!data.empty()) {
      const ssize_t written = ::write(fd_.get(), data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return system_failure("write", path_, errno);
      }
      data = data.subspan(static_cast<size_t>(written));
    }
    return {};
  }

  Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_failure("sync", path_, errno);
    return {};
  }

  Status close() override {
    const int fd = fd_.release();
    if (fd >= 0 && ::close(fd) != 0) return system_failure("close", path_, errno);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<uint64_t> size() const override {
    struct stat facts {};
    if (::fstat(fd_.get(), &facts) != 0) return system_failure("read the size", path_, errno);
    return static_cast<uint64_t>(facts.st_size);
  }

  Result<size_t> read(uint64_t offset, std::span<std::byte> out) const override {
    size_t count = 0;
    while (count < out.size()) {
      const ssize_t got = ::pread(fd_.get(), out.data() + count, out.size() - count,
                                  static_cast<off_t>(offset + count));
      if (got < 0) {
        if (errno == EINTR) continue;
        return system_failure("read", path_, errno);
      }
      if (got == 0) break;
      count += static_cast<size_t>(got);
    }
    return count;
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;  // Closing the descriptor drops the lock.
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return open_writable(path, O_CREAT | O_TRUNC | O_WRONLY);
  }

  Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) override {
    return open_writable(path, O_CREAT | O_APPEND | O_WRONLY);
  }

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    // O_NONBLOCK so that a FIFO of that name cannot hold the program up.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return system_failure("open", path, errno);
    auto file = std::make_unique<PosixReadableFile>(fd, path);
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) return system_failure("open", path, errno);
    if (!S_ISREG(facts.st_mode)) {
      return fail(ErrorCode::kBadData, "not a regular file", path);
    }
    return file;
  }

  Status truncate(const std::string& path, uint64_t size_bytes) override {
    if (::truncate(path.c_str(), static_cast<off_t>(size_bytes)) != 0) {
      return system_failure("truncate", path, errno);
    }
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_failure("rename", from, errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_failure("remove", path, errno);
    return {};
  }

  Status remove_tree(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return system_failure("remove", path, error.value());
    return {};
  }

  Status create_folders(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return system_failure("make the folder", path, error.value());
    return {};
  }

  Status sync_folder(const std::string& path) override {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) return system_failure("open the folder", path, errno);
    if (::fsync(folder.get()) != 0) return system_failure("sync the folder", path, errno);
    return {};
  }

  Result<std::vector<DirEntry>> list(const std::string& path) override {
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) return system_failure("list the folder", path, errno);
    std::vector<DirEntry> entries;
    while (const dirent* entry = ::readdir(folder)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      entries.push_back({name, kind_of(join_path(path, name))});
    }
    ::closedir(folder);
    std::sort(entries.begin(), entries.end(),
              [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    return entries;
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<uint64_t> file_size(const std::string& path) override {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return system_failure("read the size", path, errno);
    return static_cast<uint64_t>(facts.st_size);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (fd < 0) return system_failure("open the lock file", path, errno);
    auto held = std::make_unique<PosixFileLock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_failure("lock", path, errno);
      return fail(ErrorCode::kRefused, "another process uses this folder", path,
                  "wait for it, stop it, or take another folder");
    }
    return held;
  }

 private:
  static Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0) return system_failure("open", path, errno);
    return std::make_unique<PosixWritableFile>(fd, path);
  }

  static DirEntry::Kind kind_of(const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return DirEntry::Kind::kOther;
    if (S_ISREG(facts.st_mode)) return DirEntry::Kind::kFile;
    if (S_ISDIR(facts.st_mode)) return DirEntry::Kind::kFolder;
    return DirEntry::Kind::kOther;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  // Never destroyed: threads may still write while the process ends.
  static PosixFileSystem* const files = new PosixFileSystem;
  return *files;
}

}  // namespace thunderline
