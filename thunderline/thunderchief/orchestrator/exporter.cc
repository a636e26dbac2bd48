#include "thunderline/thunderchief/orchestrator/exporter.h"

#include <algorithm>

#include "thunderline/cerebros/onnx/converter.h"
#include "thunderline/cerebros/onnx/verify.h"
#include "thunderline/cerebros/train/fit.h"
#include "thunderline/thunderchief/model_record.h"

namespace thunderline::thunderchief {
namespace {

/// The same value; a choice without one becomes the text "null".
struct ToHyperParameter {
  thunderbolt::HyperParameter operator()(std::monostate) const { return std::string("null"); }
  template <typename T>
  thunderbolt::HyperParameter operator()(const T& held) const {
    return held;
  }
};

/// Held-out steps that the stored model must answer as the trained one does.
constexpr size_t kGoldenRows = 64;

Result<thunderbolt::GoldenSet> golden_set(const Challenger& challenger) {
  thunderbolt::GoldenSet golden;
  const auto& steps = challenger.dataset->hold_out;
  const size_t rows = std::min(kGoldenRows, steps.size());
  for (size_t i = 0; i < rows; ++i) {
    golden.inputs.insert(golden.inputs.end(), steps[i].state.begin(), steps[i].state.end());
  }
  golden.rows = static_cast<int64_t>(rows);
  TL_ASSIGN_OR_RETURN(golden.expected, cerebros::train::predict(challenger.study.best.model,
                                                                golden.inputs, golden.rows));
  return golden;
}

}  // namespace

Result<std::string> Exporter::stage(const Challenger& challenger, const Evaluation& evaluation) const {
  const cerebros::keras::Model& model = challenger.study.best.model;
  const int version = challenger.curriculum.version;
  const auto& trial =
      challenger.study.trials[static_cast<size_t>(challenger.study.best_trial)];

  cerebros::onnx::ConvertOptions convert;
  convert.metadata_props = {{"feature_schema", options_.schema.hash},
                            {"hyperparameters", params_json(trial.params)},
                            {"trial", std::to_string(trial.number)}};
  TL_ASSIGN_OR_RETURN(const std::string onnx, cerebros::onnx::to_onnx(model, convert));
  const auto bytes = std::as_bytes(std::span(onnx.data(), onnx.size()));
  const std::string where = options_.model + " version " + std::to_string(version);
  TL_RETURN_IF_ERROR(cerebros::onnx::verify(model, bytes, where));

  thunderbolt::ModelMetadata metadata;
  metadata.source = "training " + std::to_string(version) + ", trial " +
                    std::to_string(trial.number);
  metadata.name = options_.model;
  metadata.version = version;
  metadata.feature_schema = options_.schema;
  for (const auto& [name, value] : trial.params) {
    metadata.hyperparameters[name] = std::visit(ToHyperParameter{}, value);
  }
  metadata.metrics = {{"val_loss", challenger.study.best.val_loss},
                      {"brier", evaluation.brier},
                      {"auc", evaluation.auc}};
  metadata.data_range.steps = static_cast<int64_t>(challenger.dataset->training.size());
  metadata.created_unix_ms = clock_.unix_ms();
  TL_ASSIGN_OR_RETURN(const thunderbolt::GoldenSet golden, golden_set(challenger));
  TL_RETURN_IF_ERROR(deployer_.stage(bytes, std::move(metadata), golden));
  return where;
}

}  // namespace thunderline::thunderchief
