#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/verify.h"

namespace thunderline::cerebros::onnx {

/// How to convert a `.keras` file (or each of a folder).
struct ConvertRequest {
  std::string output_dir = ".";  ///< Made when missing; gets `<stem>.onnx` and `<stem>.json`.
  /// Overrides output_dir for a single model: the ONNX file's path; the metadata go beside it as
  /// `.json`.
  std::optional<std::string> output_file;
  /// The model's length of input: the extent of axis 1 of its inputs, which it must equal. Nothing:
  /// whatever the model says.
  std::optional<int64_t> max_seq_length;
  int64_t opset = 17;
  bool verify = true;  ///< Compare with ONNX Runtime (`verify`) before anything is written.
  /// What else is known of the model (feature_schema, hyperparameters, metrics, data_range, …):
  /// goes into the file's metadata_props as it is, and into the metadata as JSON where it is JSON.
  std::map<std::string, std::string> properties;
};

/// An input or output; free axes are -1.
struct ConvertedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::string dtype = "float32";
};

/// What `<stem>.json` says.
struct ConversionMetadata {
  std::string source;  ///< The file's name, without folders.
  std::string model;   ///< The ONNX file's name.
  std::string name;    ///< The Keras model's name.
  int64_t opset = 0;
  int64_t ir_version = 0;
  std::vector<ConvertedTensor> inputs;
  std::vector<ConvertedTensor> outputs;
  int64_t parameters = 0;
  std::vector<std::string> layers;       ///< "score (Dense)", in order.
  std::optional<VerifyReport> verified;  ///< Nothing: verification was off.
  std::map<std::string, std::string> properties;
};

struct Converted {
  std::string onnx_path;
  std::string metadata_path;
  ConversionMetadata metadata;
};

/// Converts one `.keras` file; optimizer, losses and regularisers in it do not matter. Both files
/// are written atomically, after all checks; when the conversion fails, neither is there.
/// Errors: those of `load_keras`, `to_onnx`, `verify` and of the file system; kInvalidArgument when
/// max_seq_length is not the model's.
Result<Converted> convert_single_model(FileSystem& files, const std::string& path,
                                       const ConvertRequest& request);

struct BatchItem {
  std::string path;
  Result<Converted> result;
};

/// Converts every `*.keras` file of a folder (not of its sub-folders), in order of their names; one
/// that fails does not stop the rest. Errors: kNotFound for a missing folder or one without such
/// files; kInvalidArgument when `output_file` is set.
Result<std::vector<BatchItem>> batch_convert(FileSystem& files, const std::string& folder,
                                             const ConvertRequest& request);

/// The text of `<stem>.json`: `{"format":1, "source", "model", "name", "opset", "ir_version",
/// "inputs":[{"name","shape":[-1,40],"dtype"}], "outputs":[…], "parameters", "layers":[…],
/// "verified":{"max_error","tolerance","rows"}|null, "properties":{…}}`.
std::string metadata_json(const ConversionMetadata& metadata);

}  // namespace thunderline::cerebros::onnx
