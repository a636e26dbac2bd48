#include "thunderline/cli/model_commands.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "thunderline/base/json_util.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"
#include "thunderline/cli/governance_session.h"
#include "thunderline/cli/output.h"
#include "thunderline/thunderbolt/ml/repository_loader.h"
#include "thunderline/thunderbolt/training/model_deployer.h"

namespace thunderline::cli {
namespace {

namespace bolt = thunderbolt;
namespace onnx = cerebros::onnx;

constexpr int64_t kGoldenRows = 8;
constexpr uint64_t kGoldenSeed = 1;

/// One command's events: its output says the same.
class NoSink final : public bolt::DeployEventSink {
 public:
  void publish(const bolt::DeployEvent&) override {}
};

/// A deployer on the home's models with all that it needs.
struct Deployment {
  explicit Deployment(const Session& session)
      : repository(session.files, model_root(session)),
        loader(repository, {}, session.clock),
        server(loader, {}),
        deployer(repository, server, sink, session.clock, {}) {}

  bolt::ModelRepository repository;
  bolt::RepositoryLoader loader;
  bolt::ModelServer server;
  NoSink sink;
  bolt::ModelDeployer deployer;
};

/// Answers to random rows, computed node by node as the graph stands.
Result<bolt::GoldenSet> golden_answers(std::span<const std::byte> bytes, const std::string& path) {
  onnx::OrtSession::Options options;
  options.optimize = false;
  TL_ASSIGN_OR_RETURN(const auto session, onnx::OrtSession::create(bytes, options, path));
  if (session->input_width() < 1 || session->output_width() < 1) {
    return fail(ErrorCode::kBadData, "the model is not one float32 matrix in and one out", path,
                "export it with one input and one output of fixed widths");
  }
  bolt::GoldenSet golden;
  golden.rows = kGoldenRows;
  golden.inputs.resize(static_cast<size_t>(kGoldenRows * session->input_width()));
  golden.expected.resize(static_cast<size_t>(kGoldenRows * session->output_width()));
  Random random(kGoldenSeed);
  for (float& value : golden.inputs) value = static_cast<float>(random.normal());
  TL_RETURN_IF_ERROR(session->run_floats(golden.inputs, kGoldenRows, golden.expected));
  const bool finite = std::all_of(golden.expected.begin(), golden.expected.end(),
                                  [](float value) { return std::isfinite(value); });
  if (!finite) return fail(ErrorCode::kBadData, "the model's answers are not all finite", path);
  return golden;
}

OrderedJson tensors_of(const std::vector<onnx::TensorInfo>& infos) {
  OrderedJson list = OrderedJson::array();
  for (const onnx::TensorInfo& info : infos) {
    list.push_back({{"name", info.name}, {"dtype", info.dtype}, {"shape", info.shape}});
  }
  return list;
}

std::string tensors_text(const std::vector<onnx::TensorInfo>& infos) {
  std::string text;
  for (const onnx::TensorInfo& info : infos) {
    text += (text.empty() ? "" : ", ") + info.name + " " + info.dtype +
            onnx::shape_text(info.shape, info.dim_names);
  }
  return text;
}

Status print_version(const Session& session, const std::string& name, int64_t version,
                     const char* verb) {
  if (session.json) {
    return print_line(dump_json(OrderedJson{{"name", name}, {"version", version}}));
  }
  return print_line(name + " version " + std::to_string(version) + " " + verb);
}

/// "scorer/2", or empty when nothing serves.
std::string serving(const bolt::ModelRepository& repository, const std::string& name) {
  const auto current = repository.current(name);
  if (!current || current->version == 0) return "";
  return name + "/" + std::to_string(current->version);
}

Result<int64_t> store_and_serve(const Session& session, Deployment& deployment,
                                const std::string& path, const std::string& text,
                                const std::string& name) {
  const std::span bytes = std::as_bytes(std::span(text));
  TL_ASSIGN_OR_RETURN(const bolt::GoldenSet golden, golden_answers(bytes, path));
  TL_RETURN_IF_ERROR(session.files.create_folders(model_root(session)));
  bolt::ModelMetadata metadata;
  metadata.name = name;
  metadata.source = path;
  metadata.created_unix_ms = session.clock.unix_ms();
  return deployment.deployer.deploy(bytes, std::move(metadata), golden);
}

}  // namespace

std::string model_root(const Session& session) { return join_path(session.home, "models"); }

Status deploy_model(const Session& session, const std::string& path, const std::string& name) {
  TL_RETURN_IF_ERROR(bolt::ModelRepository::check_name(name));
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, path));
  TL_RETURN_IF_ERROR(may_deploy(session, name));
  Deployment deployment(session);
  const std::string before = serving(deployment.repository, name);
  const auto version = store_and_serve(session, deployment, path, text, name);
  if (!version) {
    TL_RETURN_IF_ERROR(
        audit_act(session, {"refuse", name, before, before, to_string(version.error())}));
    return tl::unexpected<Error>(version.error());
  }
  TL_RETURN_IF_ERROR(audit_act(session, {"deploy", name, before,
                                         name + "/" + std::to_string(*version), "from " + path}));
  return print_version(session, name, *version, "serves now");
}

Status rollback_model(const Session& session, const std::string& name) {
  TL_RETURN_IF_ERROR(bolt::ModelRepository::check_name(name));
  Deployment deployment(session);
  TL_RETURN_IF_ERROR(deployment.repository.versions(name));
  const std::string before = serving(deployment.repository, name);
  const auto version = deployment.deployer.rollback(name);
  if (!version) {
    TL_RETURN_IF_ERROR(
        audit_act(session, {"refuse", name, before, before, to_string(version.error())}));
    return tl::unexpected<Error>(version.error());
  }
  TL_RETURN_IF_ERROR(audit_act(session, {"rollback", name, before,
                                         name + "/" + std::to_string(*version), "by hand"}));
  return print_version(session, name, *version, "serves again");
}

Status verify_model(const Session& session, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const std::string text, read_file(session.files, path));
  const std::span bytes = std::as_bytes(std::span(text));
  TL_ASSIGN_OR_RETURN(const auto model, onnx::OrtSession::create(bytes, {}, path));
  const onnx::OnnxModelInfo& info = model->info();
  const bool rows = model->has_float_rows() && model->input_width() > 0;
  if (rows) TL_RETURN_IF_ERROR(golden_answers(bytes, path));
  const auto opset = info.opsets.find("");
  const int64_t opset_version = opset == info.opsets.end() ? 0 : opset->second;
  if (session.json) {
    return print_line(dump_json(OrderedJson{{"model", path},
                                            {"ir_version", info.ir_version},
                                            {"opset", opset_version},
                                            {"producer", info.producer_name},
                                            {"parameters", info.parameter_count},
                                            {"operators", info.op_counts},
                                            {"inputs", tensors_of(model->inputs())},
                                            {"outputs", tensors_of(model->outputs())},
                                            {"deployable", rows}}));
  }
  Table table({"WHAT", "VALUE"});
  table.add({"model", path});
  table.add({"inputs", tensors_text(model->inputs())});
  table.add({"outputs", tensors_text(model->outputs())});
  table.add({"parameters", std::to_string(info.parameter_count)});
  table.add({"opset", std::to_string(opset_version)});
  table.add({"deployable", rows ? "yes" : "no: not one float32 matrix in and one out"});
  return print_line(table.text());
}

}  // namespace thunderline::cli
