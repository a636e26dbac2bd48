#include "thunderline/cerebros/keras/archive/zip_file.h"

#include <zip.h>

#include <memory>
#include <set>

namespace thunderline::cerebros::keras {
namespace {

constexpr uint16_t kDosDate1980 = (1 << 5) | 1;
constexpr size_t kBlockBytes = 1 << 16;

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

/// libzip's error record with its text.
class ZipError {
 public:
  ZipError() { zip_error_init(&error_); }
  ~ZipError() { zip_error_fini(&error_); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;

  zip_error_t* get() { return &error_; }
  std::string text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_;
};

/// Unpacks one entry. Counts what arrives and does not trust the size that the archive claims.
Result<std::string> unpack(zip_t* archive, const zip_stat_t& facts, uint64_t left,
                           const ZipLimits& limits, const std::string& where) {
  if (facts.encryption_method != ZIP_EM_NONE) {
    return fail(ErrorCode::kBadData, "the entry is encrypted", where);
  }
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen_index(archive, facts.index, 0));
  if (entry == nullptr) {
    return fail(ErrorCode::kBadData, std::string("cannot open the entry: ") + zip_strerror(archive),
                where);
  }
  std::string data;
  std::string block(kBlockBytes, '\0');
  while (true) {
    const zip_int64_t count = zip_fread(entry.get(), block.data(), block.size());
    if (count < 0) return fail(ErrorCode::kBadData, "the entry is damaged", where);
    if (count == 0) return data;
    data.append(block, 0, static_cast<size_t>(count));
    if (data.size() > left) {
      return fail(ErrorCode::kResourceLimit, "the archive unpacks to more than " +
                                                 std::to_string(limits.max_total_bytes) + " bytes",
                  where);
    }
    if (data.size() > limits.ratio_from_bytes && data.size() / limits.max_ratio > facts.comp_size) {
      return fail(ErrorCode::kResourceLimit, "the entry unpacks to more than " +
                                                 std::to_string(limits.max_ratio) +
                                                 " times its size", where);
    }
  }
}

Result<zip_stat_t> entry_facts(zip_t* archive, uint64_t index, const std::string& where) {
  zip_stat_t facts;
  constexpr uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_INDEX | ZIP_STAT_COMP_SIZE |
                               ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat_index(archive, index, 0, &facts) != 0 || (facts.valid & kNeeded) != kNeeded) {
    return fail(ErrorCode::kBadData, "the archive's directory is damaged", where);
  }
  return facts;
}

Status add_entry(zip_t* archive, const ZipEntry& entry) {
  zip_source_t* source = zip_source_buffer(archive, entry.data.data(), entry.data.size(), 0);
  const zip_int64_t index =
      source == nullptr ? -1
                        : zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return fail(ErrorCode::kInternal, zip_strerror(archive), entry.name);
  }
  const auto at = static_cast<uint64_t>(index);
  if (zip_set_file_compression(archive, at, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, at, 0, kDosDate1980, 0) != 0) {
    return fail(ErrorCode::kInternal, zip_strerror(archive), entry.name);
  }
  return {};
}

Result<std::string> content_of(zip_source_t* source) {
  zip_stat_t facts;
  if (zip_source_open(source) != 0) return fail(ErrorCode::kInternal, "cannot reopen the archive");
  std::string bytes;
  bool complete = false;
  if (zip_source_stat(source, &facts) == 0) {
    bytes.resize(facts.size);
    complete = zip_source_read(source, bytes.data(), bytes.size()) ==
               static_cast<zip_int64_t>(bytes.size());
  }
  zip_source_close(source);
  if (!complete) return fail(ErrorCode::kInternal, "cannot read the archive back");
  return bytes;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(std::string_view bytes, const std::string& where,
                                       const ZipLimits& limits) {
  // libzip takes an empty file for an empty archive.
  if (bytes.empty()) return fail(ErrorCode::kBadData, "not a zip archive: it is empty", where);
  ZipError error;
  Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, error.get()));
  if (source == nullptr) return fail(ErrorCode::kInternal, error.text(), where);
  const Archive archive(zip_open_from_source(source.get(), ZIP_RDONLY, error.get()));
  if (archive == nullptr) {
    return fail(ErrorCode::kBadData, "not a zip archive: " + error.text(), where);
  }
  source.release();  // The archive owns it now.

  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count < 0 || static_cast<uint64_t>(count) > limits.max_entries) {
    return fail(ErrorCode::kResourceLimit, "the archive has " + std::to_string(count) +
                                               " entries, the limit is " +
                                               std::to_string(limits.max_entries), where);
  }
  std::vector<ZipEntry> entries;
  std::set<std::string> names;
  uint64_t left = limits.max_total_bytes;
  for (uint64_t i = 0; i < static_cast<uint64_t>(count); ++i) {
    TL_ASSIGN_OR_RETURN(const zip_stat_t facts, entry_facts(archive.get(), i, where));
    const std::string place = where + ": " + facts.name;
    if (!names.insert(facts.name).second) {
      return fail(ErrorCode::kBadData, "the archive names the entry twice", place);
    }
    TL_ASSIGN_OR_RETURN(std::string data, unpack(archive.get(), facts, left, limits, place));
    left -= data.size();
    entries.push_back({facts.name, std::move(data)});
  }
  return entries;
}

Result<std::string> zip_bytes(std::span<const ZipEntry> entries) {
  ZipError error;
  const Source target(zip_source_buffer_create(nullptr, 0, 0, error.get()));
  if (target == nullptr) return fail(ErrorCode::kInternal, error.text());
  zip_source_keep(target.get());  // One reference for the archive, one for us.
  Archive archive(zip_open_from_source(target.get(), ZIP_TRUNCATE, error.get()));
  if (archive == nullptr) {
    zip_source_free(target.get());
    return fail(ErrorCode::kInternal, error.text());
  }
  for (const ZipEntry& entry : entries) TL_RETURN_IF_ERROR(add_entry(archive.get(), entry));
  if (zip_close(archive.get()) != 0) return fail(ErrorCode::kInternal, zip_strerror(archive.get()));
  archive.release();  // zip_close freed it.
  return content_of(target.get());
}

}  // namespace thunderline::cerebros::keras
