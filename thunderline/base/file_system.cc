#include "thunderline/base/file_system.h"

#include <algorithm>

namespace thunderline {

Result<std::string> read_file(FileSystem& files, const std::string& path, uint64_t limit_bytes) {
  TL_ASSIGN_OR_RETURN(const auto file, files.open_read(path));
  TL_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  if (size > limit_bytes) {
    return fail(ErrorCode::kResourceLimit,
                "the file has " + std::to_string(size) + " bytes, more than the limit of " +
                    std::to_string(limit_bytes),
                path);
  }
  std::string content(size, '\0');
  TL_ASSIGN_OR_RETURN(const size_t count, file->read(0, std::as_writable_bytes(std::span(
                                                            content.data(), content.size()))));
  content.resize(count);
  return content;
}

namespace {

/// Writes the content, synced, and gives it its name.
Status write_then_rename(FileSystem& files, const std::string& temporary, const std::string& path,
                         std::string_view content) {
  {
    TL_ASSIGN_OR_RETURN(const auto file, files.create(temporary));
    TL_RETURN_IF_ERROR(
        file->append(std::as_bytes(std::span(content.data(), content.size()))));
    TL_RETURN_IF_ERROR(file->sync());
    TL_RETURN_IF_ERROR(file->close());
  }
  return files.rename(temporary, path);
}

}  // namespace

Status write_file_atomically(FileSystem& files, const std::string& path,
                             std::string_view content) {
  const std::string temporary = path + ".tmp";
  if (Status written = write_then_rename(files, temporary, path, content); !written) {
    // The write's own error counts, whatever becomes of the left-over.
    static_cast<void>(files.remove(temporary));
    return written;
  }
  return files.sync_folder(parent_path(path));
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string parent_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace thunderline
