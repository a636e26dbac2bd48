#include "thunderline/thunderbolt/training/model_deployer.h"

#include <algorithm>
#include <cmath>

#include "thunderline/base/sha256.h"
#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"

namespace thunderline::thunderbolt {
namespace {

using cerebros::onnx::TensorInfo;

constexpr int64_t kMaxWidth = 1 << 20;  // A liar must not make us ask for all the memory there is.

std::string place_of(const std::string& name, int64_t version) {
  return name + "/" + std::to_string(version);
}

std::string schema_text(const FeatureSchemaRef& schema) {
  return "version " + std::to_string(schema.version) + ", width " + std::to_string(schema.width) +
         ", hash \"" + schema.hash + "\"";
}

bool is_float_matrix(const std::vector<TensorInfo>& tensors) {
  return tensors.size() == 1 && tensors[0].dtype == "float32" && tensors[0].shape.size() == 2;
}

bool is_free(const TensorInfo& tensor) { return tensor.shape[0] < 0; }

Status verify_form(const ServedModel& model) {
  if (!is_float_matrix(model.inputs()) || !is_float_matrix(model.outputs())) {
    return fail(ErrorCode::kBadData,
                "the model must map one float32 matrix to one float32 matrix");
  }
  if (!is_free(model.inputs()[0]) || !is_free(model.outputs()[0])) {
    return fail(ErrorCode::kBadData, "the model must take batches of any size",
                "", "export it with a symbolic first dimension");
  }
  for (const int64_t width : {model.inputs()[0].shape[1], model.outputs()[0].shape[1]}) {
    if (width > 0 && width <= kMaxWidth) continue;
    return fail(ErrorCode::kBadData, "the model must state widths of input and output in 1.." +
                                         std::to_string(kMaxWidth));
  }
  return {};
}

Status verify_golden(const GoldenSet& golden, int64_t width, int64_t outputs) {
  const auto holds = [&](const std::vector<float>& values, int64_t row_width) {
    return values.size() == static_cast<uint64_t>(golden.rows) * static_cast<uint64_t>(row_width);
  };
  if (golden.rows > 0 && holds(golden.inputs, width) && holds(golden.expected, outputs)) return {};
  return fail(ErrorCode::kBadData,
              "wrong shape: the model maps rows of " + std::to_string(width) + " to rows of " +
                  std::to_string(outputs) + ", the golden set has " + std::to_string(golden.rows) +
                  " rows with " + std::to_string(golden.inputs.size()) + " inputs and " +
                  std::to_string(golden.expected.size()) + " answers in all");
}

/// Compares answers from row `first_row` on with the golden ones.
Status compare(std::span<const float> answers, const GoldenSet& golden, int64_t first_row,
               int64_t width, double tolerance) {
  const size_t offset = static_cast<size_t>(first_row * width);
  for (size_t i = 0; i < answers.size(); ++i) {
    const double expected = golden.expected[offset + i];
    const double off = std::abs(answers[i] - expected);
    if (off <= tolerance) continue;  // False for NaN.
    const std::string row = std::to_string(static_cast<int64_t>(offset + i) / width);
    if (!std::isfinite(answers[i])) {
      return fail(ErrorCode::kBadData, "the model's answer to golden row " + row + " is " +
                                           std::to_string(answers[i]));
    }
    return fail(ErrorCode::kBadData, "the model's answer to golden row " + row + " is " +
                                         std::to_string(answers[i]) + ", expected " +
                                         std::to_string(expected));
  }
  return {};
}

}  // namespace

Result<int64_t> ModelDeployer::stage(std::span<const std::byte> onnx, ModelMetadata metadata,
                                     const GoldenSet& golden) {
  const std::lock_guard turn(mutex_);
  const std::string name = metadata.name;
  const int64_t wanted = metadata.version;
  Result<int64_t> version = stage_locked(onnx, std::move(metadata), golden);
  if (!version) {
    publish("ml.model.refused", name, wanted, 0, to_string(version.error()));
  }
  return version;
}

Result<int64_t> ModelDeployer::stage_locked(std::span<const std::byte> onnx,
                                            ModelMetadata metadata, const GoldenSet& golden) {
  const std::string name = metadata.name;
  TL_RETURN_IF_ERROR(ModelRepository::check_name(name));
  TL_ASSIGN_OR_RETURN(const auto held, repository_.lock());
  TL_ASSIGN_OR_RETURN(const int64_t next, repository_.next_version(name));
  if (metadata.version != 0 && metadata.version < next) {
    return fail(ErrorCode::kRefused, "a version number is used once, and rises",
                place_of(name, metadata.version), "the next is " + std::to_string(next));
  }
  if (metadata.version == 0) metadata.version = next;
  const int64_t version = metadata.version;
  TL_RETURN_IF_ERROR(complete(metadata, onnx));
  Status status = [&]() -> Status {
    TL_RETURN_IF_ERROR(repository_.write_staging(name, version, onnx, metadata));
    TL_ASSIGN_OR_RETURN(StoredModel stored, repository_.read_staging(name, version));
    TL_RETURN_IF_ERROR(verify(std::move(stored), golden));
    return repository_.publish_staging(name, version);
  }();
  if (!status) {
    // Best effort: what cannot be removed now is no version, and the next staging removes it.
    (void)repository_.remove_stagings(name);
    return tl::unexpected<Error>(std::move(status).error());
  }
  return version;
}

/// Fills in what the bytes say of themselves.
Status ModelDeployer::complete(ModelMetadata& metadata, std::span<const std::byte> onnx) const {
  const std::string where = place_of(metadata.name, metadata.version);
  TL_ASSIGN_OR_RETURN(const auto info, cerebros::onnx::inspect_onnx(onnx, where));
  TL_RETURN_IF_ERROR(cerebros::onnx::check_self_contained(info, where));
  metadata.opset = info.opsets.at("");
  metadata.ir_version = info.ir_version;
  metadata.inputs = info.inputs;
  metadata.outputs = info.outputs;
  metadata.parameters = info.parameter_count;
  metadata.sha256 = sha256_hex(onnx);
  if (metadata.created_unix_ms == 0) metadata.created_unix_ms = clock_.unix_ms();
  return {};
}

Status ModelDeployer::verify(StoredModel stored, const GoldenSet& golden) const {
  const std::string where = place_of(stored.metadata.name, stored.metadata.version);
  TL_ASSIGN_OR_RETURN(const auto model,
                      load_stored_model(std::move(stored), options_.load, clock_));
  Status status = verify_form(*model);
  if (status) status = verify_schema(*model);
  if (status) status = verify_answers(*model, golden);
  if (!status && status.error().where.empty()) {
    Error error = std::move(status).error();
    error.where = where;
    return tl::unexpected<Error>(std::move(error));
  }
  return status;
}

Status ModelDeployer::verify_schema(const ServedModel& model) const {
  const FeatureSchemaRef& stated = model.metadata().feature_schema;
  if (options_.required_schema && stated != *options_.required_schema) {
    return fail(ErrorCode::kBadData, "the model was trained on another feature schema: expected " +
                                         schema_text(*options_.required_schema) + ", got " +
                                         schema_text(stated));
  }
  const int64_t width = model.inputs()[0].shape[1];
  if (stated.version != 0 && stated.width != width) {
    return fail(ErrorCode::kBadData, "wrong shape: the feature schema is " +
                                         std::to_string(stated.width) + " wide, the model's input " +
                                         std::to_string(width));
  }
  return {};
}

Status ModelDeployer::verify_answers(const ServedModel& model, const GoldenSet& golden) const {
  const int64_t width = model.inputs()[0].shape[1];
  const int64_t outputs = model.outputs()[0].shape[1];
  TL_RETURN_IF_ERROR(verify_golden(golden, width, outputs));
  std::vector<float> answers(golden.expected.size());
  TL_RETURN_IF_ERROR(model.run_floats(golden.inputs, golden.rows, answers));
  TL_RETURN_IF_ERROR(compare(answers, golden, 0, outputs, options_.tolerance));
  // A model may mix the rows of a batch; requests come alone as well.
  std::vector<float> alone(static_cast<size_t>(outputs));
  for (int64_t row = 0; row < golden.rows; ++row) {
    const auto input = std::span(golden.inputs)
                           .subspan(static_cast<size_t>(row * width), static_cast<size_t>(width));
    TL_RETURN_IF_ERROR(model.run_floats(input, 1, alone));
    TL_RETURN_IF_ERROR(compare(alone, golden, row, outputs, options_.tolerance));
  }
  return {};
}

/// Loads a version into the server and runs it once for a single row and once for a batch, so that
/// the first request pays for neither.
Status ModelDeployer::warm_up(const std::string& name, int64_t version) {
  TL_ASSIGN_OR_RETURN(const ModelPtr model, server_.acquire(name, version));
  if (!verify_form(*model)) return {};  // A user's own model of another form: nothing is known of it.
  for (const int64_t rows : {int64_t{1}, options_.warm_up_rows}) {
    const std::vector<float> input(static_cast<size_t>(rows * model->inputs()[0].shape[1]), 0.5f);
    std::vector<float> output(static_cast<size_t>(rows * model->outputs()[0].shape[1]));
    TL_RETURN_IF_ERROR(model->run_floats(input, rows, output));
  }
  return {};
}

/// Moves the pointer, then the server. `to.version` is loaded and warm, so the second cannot fail
/// but by an eviction in between; then the pointer moves back.
Status ModelDeployer::switch_to(const std::string& name, const CurrentPointer& from,
                                const CurrentPointer& to) {
  Status status = repository_.set_current(name, to);
  if (status) status = server_.activate(name, to.version);
  if (!status && from.version != 0) {
    // Best effort: the version that serves should also be the one that a restart finds.
    (void)repository_.set_current(name, from);
  }
  return status;
}

Status ModelDeployer::activate(const std::string& name, int64_t version) {
  const std::lock_guard turn(mutex_);
  int64_t before = 0;
  const Status status = [&]() -> Status {
    TL_RETURN_IF_ERROR(ModelRepository::check_name(name));
    TL_ASSIGN_OR_RETURN(const auto held, repository_.lock());
    TL_ASSIGN_OR_RETURN(const CurrentPointer from, repository_.current(name));
    before = from.version;
    TL_RETURN_IF_ERROR(warm_up(name, version));
    CurrentPointer to{version, from.previous};
    std::erase(to.previous, version);
    if (before != 0 && before != version) to.previous.insert(to.previous.begin(), before);
    if (to.previous.size() > CurrentPointer::kMaxPrevious) {
      to.previous.resize(CurrentPointer::kMaxPrevious);
    }
    return switch_to(name, from, to);
  }();
  const char* const event = status ? "ml.model.deployed" : "ml.model.refused";
  publish(event, name, version, before, status ? "" : to_string(status.error()));
  return status;
}

Result<int64_t> ModelDeployer::deploy(std::span<const std::byte> onnx, ModelMetadata metadata,
                                      const GoldenSet& golden) {
  const std::string name = metadata.name;
  TL_ASSIGN_OR_RETURN(const int64_t version, stage(onnx, std::move(metadata), golden));
  TL_RETURN_IF_ERROR(activate(name, version));
  return version;
}

/// Serves the newest of `from.previous` that runs.
Result<int64_t> ModelDeployer::fall_back(const std::string& name, const CurrentPointer& from) {
  std::string reasons;
  for (size_t i = 0; i < from.previous.size(); ++i) {
    const int64_t version = from.previous[i];
    if (Status status = warm_up(name, version); !status) {
      reasons += "; " + to_string(status.error());
      continue;
    }
    const CurrentPointer to{
        version, {from.previous.begin() + static_cast<ptrdiff_t>(i) + 1, from.previous.end()}};
    TL_RETURN_IF_ERROR(switch_to(name, from, to));
    return version;
  }
  return fail(ErrorCode::kRefused, "there is no earlier version to go back to" + reasons,
              place_of(name, from.version), "deploy another one");
}

Result<int64_t> ModelDeployer::rollback(const std::string& name) {
  const std::lock_guard turn(mutex_);
  int64_t before = 0;
  Result<int64_t> version = [&]() -> Result<int64_t> {
    TL_RETURN_IF_ERROR(ModelRepository::check_name(name));
    TL_ASSIGN_OR_RETURN(const auto held, repository_.lock());
    TL_ASSIGN_OR_RETURN(const CurrentPointer from, repository_.current(name));
    before = from.version;
    return fall_back(name, from);
  }();
  if (version) publish("ml.model.rolled_back", name, *version, before, "");
  if (!version) publish("ml.model.refused", name, 0, before, to_string(version.error()));
  return version;
}

Status ModelDeployer::roll_back_to(const std::string& name, int64_t version,
                                   const std::string& reason) {
  const std::lock_guard turn(mutex_);
  int64_t before = 0;
  const Status status = [&]() -> Status {
    TL_RETURN_IF_ERROR(ModelRepository::check_name(name));
    TL_ASSIGN_OR_RETURN(const auto held, repository_.lock());
    TL_ASSIGN_OR_RETURN(const CurrentPointer from, repository_.current(name));
    before = from.version;
    if (version == 0) {
      TL_RETURN_IF_ERROR(repository_.set_current(name, {}));
      server_.deactivate(name);
      return {};
    }
    TL_RETURN_IF_ERROR(warm_up(name, version));
    const auto place = std::find(from.previous.begin(), from.previous.end(), version);
    CurrentPointer to{version, {}};
    if (place != from.previous.end()) to.previous.assign(place + 1, from.previous.end());
    return switch_to(name, from, to);
  }();
  const char* const event = status ? "ml.model.rolled_back" : "ml.model.refused";
  publish(event, name, version, before, status ? reason : to_string(status.error()));
  return status;
}

Result<int64_t> ModelDeployer::restore(const std::string& name) {
  const std::lock_guard turn(mutex_);
  TL_ASSIGN_OR_RETURN(const CurrentPointer from, repository_.current(name));
  if (from.version == 0) {
    return fail(ErrorCode::kNotFound, "no version of the model was ever put into service", name,
                "deploy one");
  }
  Status status = warm_up(name, from.version);
  if (status) status = server_.activate(name, from.version);
  if (status) return from.version;
  TL_ASSIGN_OR_RETURN(const auto held, repository_.lock());
  const auto version = fall_back(name, from);
  if (version) {
    publish("ml.model.rolled_back", name, *version, from.version, to_string(status.error()));
    return version;
  }
  return tl::unexpected<Error>(std::move(status).error());
}

Status ModelDeployer::start_rollout(const std::string& name,
                                    const ModelServer::Rollout& rollout) {
  const std::lock_guard turn(mutex_);
  TL_RETURN_IF_ERROR(ModelRepository::check_name(name));
  TL_RETURN_IF_ERROR(warm_up(name, rollout.version));
  return server_.set_rollout(name, rollout);
}

Status ModelDeployer::start_canary(const std::string& name, int64_t version, double fraction) {
  return start_rollout(name, {version, fraction, false});
}

Status ModelDeployer::start_shadow(const std::string& name, int64_t version) {
  return start_rollout(name, {version, 0, true});
}

void ModelDeployer::stop_rollout(const std::string& name, const std::string& reason) {
  server_.stop_rollout(name, reason);
}

void ModelDeployer::publish(const char* event, const std::string& name, int64_t version,
                            int64_t previous, const std::string& reason) {
  DeployEvent out;
  out.name = event;
  out.model = name;
  out.version = version;
  out.previous_version = previous;
  out.reason = reason;
  out.unix_ms = clock_.unix_ms();
  if (reason.empty()) {
    out.path = join_path(repository_.folder(name, version), "model.onnx");
    if (const auto model = server_.acquire(name)) out.sha256 = (*model)->metadata().sha256;
  }
  events_.publish(out);
}

}  // namespace thunderline::thunderbolt
