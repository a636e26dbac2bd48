#include "thunderline/thunderbolt/ml/model_repository.h"

#include <algorithm>
#include <charconv>

#include "thunderline/base/sha256.h"

namespace thunderline::thunderbolt {
namespace {

constexpr const char* kModelFile = "model.onnx";
constexpr const char* kMetadataFile = "metadata.json";
constexpr const char* kPointerFile = "current";
constexpr std::string_view kStagingPrefix = ".staging-";
constexpr uint64_t kMaxMetadataBytes = uint64_t{1} << 22;

/// A positive integer without sign or leading zeros; 0 for anything else.
int64_t parse_version(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool whole = error == std::errc() && stop == end && !text.empty() && text[0] != '0';
  return whole && value > 0 ? value : 0;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string pointer_text(const CurrentPointer& pointer) {
  if (pointer.version == 0) return "";  // No first line can stand for "none".
  std::string text = std::to_string(pointer.version) + "\n";
  const size_t count = std::min(pointer.previous.size(), CurrentPointer::kMaxPrevious);
  for (size_t i = 0; i < count; ++i) text += std::to_string(pointer.previous[i]) + "\n";
  return text;
}

Result<CurrentPointer> parse_pointer(std::string_view text, const std::string& path) {
  CurrentPointer pointer;
  while (!text.empty()) {
    const size_t line_end = text.find('\n');
    const int64_t version = parse_version(text.substr(0, line_end));
    if (line_end == std::string_view::npos || version == 0 ||
        pointer.previous.size() > CurrentPointer::kMaxPrevious) {
      return fail(ErrorCode::kBadData, "the pointer file must hold one version number a line",
                  path, "deploy a version again, or write the number yourself");
    }
    if (pointer.version == 0) {
      pointer.version = version;
    } else {
      pointer.previous.push_back(version);
    }
    text.remove_prefix(line_end + 1);
  }
  return pointer;
}

}  // namespace

Status ModelRepository::check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.';
  };
  const bool fits = !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
                    std::all_of(name.begin(), name.end(), allowed);
  if (fits) return {};
  return fail(ErrorCode::kInvalidArgument, "not a model name", name.substr(0, 80),
              "take 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit");
}

std::string ModelRepository::folder(const std::string& name) const {
  return join_path(root_, name);
}

std::string ModelRepository::folder(const std::string& name, int64_t version) const {
  return join_path(folder(name), std::to_string(version));
}

std::string ModelRepository::staging(const std::string& name, int64_t version) const {
  return join_path(folder(name), std::string(kStagingPrefix) + std::to_string(version));
}

Result<std::vector<std::string>> ModelRepository::names() const {
  std::vector<std::string> names;
  if (!files_.exists(root_)) return names;
  TL_ASSIGN_OR_RETURN(const auto entries, files_.list(root_));
  for (const DirEntry& entry : entries) {
    if (entry.kind == DirEntry::Kind::kFolder && check_name(entry.name)) {
      names.push_back(entry.name);
    }
  }
  return names;
}

Result<std::vector<int64_t>> ModelRepository::versions(const std::string& name) const {
  TL_RETURN_IF_ERROR(check_name(name));
  const auto entries = files_.list(folder(name));
  if (!entries && entries.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "no model of this name", folder(name));
  }
  if (!entries) return tl::unexpected<Error>(entries.error());
  std::vector<int64_t> versions;
  for (const DirEntry& entry : *entries) {
    const int64_t version = parse_version(entry.name);
    if (entry.kind == DirEntry::Kind::kFolder && version > 0) versions.push_back(version);
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

Result<std::vector<VersionEntry>> ModelRepository::list(const std::string& name) const {
  TL_ASSIGN_OR_RETURN(const auto numbers, versions(name));
  const auto pointer = current(name);
  std::vector<VersionEntry> entries;
  for (const int64_t version : numbers) {
    VersionEntry entry;
    entry.version = version;
    entry.current = pointer && pointer->version == version;
    auto metadata = read_metadata(folder(name, version), name, version);
    const bool has_model = files_.exists(join_path(folder(name, version), kModelFile));
    if (metadata && has_model) {
      entry.metadata = std::move(*metadata);
    } else {
      entry.state = VersionEntry::State::kBroken;
      entry.reason = has_model ? to_string(metadata.error()) : "model.onnx is missing";
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<int64_t> ModelRepository::next_version(const std::string& name) const {
  const auto numbers = versions(name);
  if (!numbers && numbers.error().code == ErrorCode::kNotFound) return 1;
  if (!numbers) return tl::unexpected<Error>(numbers.error());
  return numbers->empty() ? 1 : numbers->back() + 1;
}

Result<CurrentPointer> ModelRepository::current(const std::string& name) const {
  TL_RETURN_IF_ERROR(check_name(name));
  const std::string path = join_path(folder(name), kPointerFile);
  const auto text = read_file(files_, path, 4096);
  if (!text && text.error().code == ErrorCode::kNotFound) return CurrentPointer{};
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_pointer(*text, path);
}

Status ModelRepository::set_current(const std::string& name, const CurrentPointer& pointer) {
  TL_RETURN_IF_ERROR(check_name(name));
  return write_file_atomically(files_, join_path(folder(name), kPointerFile),
                               pointer_text(pointer));
}

Result<StoredModel> ModelRepository::read(const std::string& name, int64_t version) const {
  TL_RETURN_IF_ERROR(check_name(name));
  if (version <= 0 || !files_.exists(folder(name, version))) {
    return fail(ErrorCode::kNotFound, "the model has no such version", folder(name, version));
  }
  return read_folder(folder(name, version), name, version);
}

Result<StoredModel> ModelRepository::read_staging(const std::string& name,
                                                  int64_t version) const {
  return read_folder(staging(name, version), name, version);
}

Result<ModelMetadata> ModelRepository::read_metadata(const std::string& folder,
                                                     const std::string& name,
                                                     int64_t version) const {
  const std::string path = join_path(folder, kMetadataFile);
  ModelMetadata metadata;
  const auto text = read_file(files_, path, kMaxMetadataBytes);
  if (!text && text.error().code != ErrorCode::kNotFound) {
    return tl::unexpected<Error>(text.error());
  }
  if (text) {
    TL_ASSIGN_OR_RETURN(metadata, ModelMetadata::from_json(*text, path));
  }
  // The place decides: a copied folder keeps the name and number of where it came from.
  metadata.name = name;
  metadata.version = version;
  return metadata;
}

Result<StoredModel> ModelRepository::read_folder(const std::string& folder,
                                                 const std::string& name, int64_t version) const {
  StoredModel stored;
  stored.path = join_path(folder, kModelFile);
  TL_ASSIGN_OR_RETURN(stored.metadata, read_metadata(folder, name, version));
  const auto content = read_file(files_, stored.path);
  if (!content && content.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kBadData, "the version has no model.onnx", stored.path);
  }
  if (!content) return tl::unexpected<Error>(content.error());
  const auto bytes = bytes_of(*content);
  stored.onnx.assign(bytes.begin(), bytes.end());
  if (!stored.metadata.sha256.empty() && stored.metadata.sha256 != sha256_hex(stored.onnx)) {
    return fail(ErrorCode::kBadData, "the model's bytes are not those that were deployed",
                stored.path, "deploy it again, or roll back");
  }
  return stored;
}

Status ModelRepository::write_file(const std::string& path, std::span<const std::byte> content) {
  TL_ASSIGN_OR_RETURN(const auto file, files_.create(path));
  TL_RETURN_IF_ERROR(file->append(content));
  TL_RETURN_IF_ERROR(file->sync());
  return file->close();
}

Result<std::string> ModelRepository::write_staging(const std::string& name, int64_t version,
                                                   std::span<const std::byte> onnx,
                                                   const ModelMetadata& metadata) {
  TL_RETURN_IF_ERROR(check_name(name));
  TL_RETURN_IF_ERROR(files_.create_folders(folder(name)));
  TL_RETURN_IF_ERROR(files_.sync_folder(parent_path(root_)));
  TL_RETURN_IF_ERROR(files_.sync_folder(root_));
  TL_RETURN_IF_ERROR(remove_stagings(name));
  const std::string place = staging(name, version);
  TL_RETURN_IF_ERROR(files_.create_folders(place));
  TL_RETURN_IF_ERROR(write_file(join_path(place, kModelFile), onnx));
  const std::string json = metadata.to_json();
  TL_RETURN_IF_ERROR(write_file(join_path(place, kMetadataFile), bytes_of(json)));
  TL_RETURN_IF_ERROR(files_.sync_folder(place));
  return place;
}

Status ModelRepository::publish_staging(const std::string& name, int64_t version) {
  if (files_.exists(folder(name, version))) {
    return fail(ErrorCode::kRefused, "the version exists already", folder(name, version));
  }
  TL_RETURN_IF_ERROR(files_.rename(staging(name, version), folder(name, version)));
  return files_.sync_folder(folder(name));
}

Status ModelRepository::remove_stagings(const std::string& name) {
  if (!files_.exists(folder(name))) return {};
  TL_ASSIGN_OR_RETURN(const auto entries, files_.list(folder(name)));
  for (const DirEntry& entry : entries) {
    if (!entry.name.starts_with(kStagingPrefix)) continue;
    TL_RETURN_IF_ERROR(files_.remove_tree(join_path(folder(name), entry.name)));
  }
  return {};
}

Result<std::unique_ptr<FileLock>> ModelRepository::lock() {
  TL_RETURN_IF_ERROR(files_.create_folders(root_));
  return files_.lock(join_path(root_, ".lock"));
}

}  // namespace thunderline::thunderbolt
