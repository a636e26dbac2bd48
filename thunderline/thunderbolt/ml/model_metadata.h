#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "thunderline/base/result.h"
#include "thunderline/cerebros/onnx/runtime/tensor_value.h"

namespace thunderline::thunderbolt {

/// Which feature vector a model was trained on (DESIGN: features, one vector). Two schemas agree
/// when all three parts do.
struct FeatureSchemaRef {
  int64_t version = 0;  ///< 0 = the model states none.
  int64_t width = 0;
  std::string hash;

  bool operator==(const FeatureSchemaRef&) const = default;
};

/// The steps that a model was trained on. Times in Unix milliseconds; empty ids where unknown.
struct DataRange {
  int64_t steps = 0;
  std::string first_id;
  std::string last_id;
  int64_t from_unix_ms = 0;
  int64_t to_unix_ms = 0;

  bool operator==(const DataRange&) const = default;
};

using HyperParameter = std::variant<bool, int64_t, double, std::string>;

/// What lies beside a model as metadata.json (docs/formats/model_repository.md). A deployment fills
/// in what the bytes themselves say: opset, ir_version, inputs, outputs, parameters, sha256.
struct ModelMetadata {
  std::string source;  ///< Where it comes from, for people: a file, a study and trial.
  std::string name;
  int64_t version = 0;
  int64_t opset = 0;
  int64_t ir_version = 0;
  std::vector<cerebros::onnx::TensorInfo> inputs;
  std::vector<cerebros::onnx::TensorInfo> outputs;
  int64_t parameters = 0;
  FeatureSchemaRef feature_schema;
  std::map<std::string, HyperParameter> hyperparameters;
  std::map<std::string, double> metrics;  ///< JSON has no NaN: what is not finite is written null.
  DataRange data_range;
  int64_t created_unix_ms = 0;
  std::string sha256;  ///< Of model.onnx, hex.

  bool operator==(const ModelMetadata&) const = default;

  std::string to_json() const;

  /// Fields that are missing keep their defaults, unknown ones are passed over.
  /// Errors: kBadData that names the field.
  static Result<ModelMetadata> from_json(std::string_view text, const std::string& where);
};

}  // namespace thunderline::thunderbolt
