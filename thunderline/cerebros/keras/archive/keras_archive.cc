#include "thunderline/cerebros/keras/archive/keras_archive.h"

#include <time.h>

#include <algorithm>

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_weights.h"
#include "thunderline/cerebros/keras/archive/zip_file.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr const char* kMetadata = "metadata.json";
constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.weights.h5";

Result<std::string_view> entry_of(const std::vector<ZipEntry>& entries, const char* name,
                                  const std::string& where) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name; });
  if (found == entries.end()) {
    return fail(ErrorCode::kBadData, std::string("not a .keras archive: it has no ") + name, where);
  }
  return std::string_view(found->data);
}

/// Keras 3 only: archives of tf.keras 2 are laid out in other ways, and Keras 3 does not load them
/// either.
Status check_version(std::string_view metadata, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json json, parse_json(metadata, where));
  TL_ASSIGN_OR_RETURN(const std::string version, json_string(json, "keras_version", where));
  if (version.starts_with("3.")) return {};
  return fail(ErrorCode::kBadData, "archives of Keras " + version + " are not supported", where,
              "load it with the Keras that wrote it and save it with Keras 3");
}

std::string date_text(int64_t unix_ms) {
  const time_t seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, strftime(text, sizeof(text), "%Y-%m-%d@%H:%M:%S", &parts));
}

}  // namespace

std::string archive_metadata(int64_t saved_unix_ms) {
  const OrderedJson metadata = {{"keras_version", kKerasVersion},
                                {"date_saved", date_text(saved_unix_ms)}};
  return dump_json(metadata);
}

Result<Model> parse_keras(std::span<const std::byte> bytes, const std::string& where,
                          const ReadOptions& options) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89HDF")) {
    return fail(ErrorCode::kBadData, "a model in the old HDF5 format is not supported", where,
                "load it with Keras and save it as .keras with Keras 3");
  }
  TL_ASSIGN_OR_RETURN(const auto entries, read_zip(text, where));
  TL_ASSIGN_OR_RETURN(const auto metadata, entry_of(entries, kMetadata, where));
  TL_ASSIGN_OR_RETURN(const auto config, entry_of(entries, kConfig, where));
  TL_ASSIGN_OR_RETURN(const auto weights, entry_of(entries, kWeights, where));
  TL_RETURN_IF_ERROR(check_version(metadata, where + ": " + kMetadata));
  TL_ASSIGN_OR_RETURN(ParsedConfig parsed, parse_config(config, where + ": " + kConfig, options));
  TL_ASSIGN_OR_RETURN(Model model,
                      read_weights(std::move(parsed), std::as_bytes(std::span(weights)),
                                                where + ": " + kWeights));
  if (const Status valid = validate(model); !valid) {
    const Error& error = valid.error();
    return fail(ErrorCode::kBadData, error.message, where + ": " + error.where, error.hint);
  }
  return model;
}

Result<Model> load_keras(FileSystem& files, const std::string& path, const ReadOptions& options) {
  TL_ASSIGN_OR_RETURN(const std::string content, read_file(files, path));
  return parse_keras(std::as_bytes(std::span(content)), path, options);
}

Result<std::string> keras_bytes(const Model& model, const WriteOptions& options) {
  TL_RETURN_IF_ERROR(validate(model));
  TL_ASSIGN_OR_RETURN(std::string weights, weights_bytes(model));
  const ZipEntry entries[] = {{kMetadata, archive_metadata(options.saved_unix_ms)},
                              {kConfig, config_json(model)},
                              {kWeights, std::move(weights)}};
  return zip_bytes(entries);
}

Status save_keras(FileSystem& files, const std::string& path, const Model& model,
                  const WriteOptions& options) {
  TL_ASSIGN_OR_RETURN(const std::string bytes, keras_bytes(model, options));
  return write_file_atomically(files, path, bytes);
}

}  // namespace thunderline::cerebros::keras
