#include "thunderline/cerebros/onnx/convert.h"

#include "thunderline/base/json_util.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/onnx/converter.h"
#include "thunderline/cerebros/onnx/graph_converter.h"

namespace thunderline::cerebros::onnx {
namespace {

constexpr int kMetadataFormat = 1;
constexpr std::string_view kKerasSuffix = ".keras";

std::string file_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

/// The path without the last suffix of its file name.
std::string without_suffix(const std::string& path) {
  const size_t name_at = path.find_last_of('/') + 1;
  const size_t dot = path.find_last_of('.');
  const bool has_suffix = dot != std::string::npos && dot > name_at;
  return has_suffix ? path.substr(0, dot) : path;
}

std::string layer_text(const keras::Layer& layer) {
  if (const auto* input = std::get_if<keras::InputLayer>(&layer)) {
    return input->name + " (InputLayer)";
  }
  if (const auto* dense = std::get_if<keras::Dense>(&layer)) return dense->name + " (Dense)";
  return std::get<keras::Dropout>(layer).name + " (Dropout)";
}

OrderedJson tensor_json(const ConvertedTensor& tensor) {
  return {{"name", tensor.name}, {"shape", tensor.shape}, {"dtype", tensor.dtype}};
}

OrderedJson tensors_json(const std::vector<ConvertedTensor>& tensors) {
  OrderedJson list = OrderedJson::array();
  for (const ConvertedTensor& tensor : tensors) list.push_back(tensor_json(tensor));
  return list;
}

/// Properties are text; what is JSON stands in the metadata as that.
OrderedJson properties_json(const std::map<std::string, std::string>& properties) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [key, text] : properties) {
    auto value = parse_ordered_json(text, key);
    json[key] = value ? *std::move(value) : OrderedJson(text);
  }
  return json;
}

ConversionMetadata describe(const keras::Model& model, const std::string& source,
                            const std::string& onnx_path, const ConvertRequest& request) {
  ConversionMetadata metadata;
  metadata.source = file_name(source);
  metadata.model = file_name(onnx_path);
  metadata.name = model.name;
  metadata.opset = request.opset;
  metadata.inputs = {{model.input_name(), {-1, model.input_width()}, "float32"}};
  metadata.outputs = {{model.output_name(), {-1, model.output_width()}, "float32"}};
  metadata.parameters = model.parameter_count();
  for (const keras::Layer& layer : model.layers) metadata.layers.push_back(layer_text(layer));
  metadata.properties = request.properties;
  return metadata;
}

ConversionMetadata describe(const keras::Network& network, const std::string& source,
                            const std::string& onnx_path, const ConvertRequest& request) {
  const graph::Graph& graph = *network.inference;
  ConversionMetadata metadata;
  metadata.source = file_name(source);
  metadata.model = file_name(onnx_path);
  metadata.name = network.name;
  metadata.opset = request.opset;
  const auto tensor = [&](const std::string& name, size_t id) {
    const graph::ValueType& type = graph.values[id].type;
    return ConvertedTensor{name, type.shape, graph::dtype_name(type.dtype)};
  };
  for (const size_t id : graph.inputs) {
    metadata.inputs.push_back(tensor(graph.values[id].name, id));
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    metadata.outputs.push_back(tensor(graph.output_names[i], graph.outputs[i]));
  }
  metadata.parameters = network.parameter_count();
  for (const auto& [name, type] : network.layers) {
    metadata.layers.push_back(name + " (" + type + ")");
  }
  metadata.properties = request.properties;
  return metadata;
}

Status check_length(const keras::Network& network, const ConvertRequest& request,
                    const std::string& path) {
  if (!request.max_seq_length) return {};
  for (const size_t id : network.inference->inputs) {
    const graph::Shape& shape = network.inference->values[id].type.shape;
    if (shape.size() < 2 || shape[1] == *request.max_seq_length) continue;
    return fail(ErrorCode::kInvalidArgument,
                "max_seq_length is " + std::to_string(*request.max_seq_length) +
                    ", but the model takes " + graph::shape_text(shape),
                path, "leave it out, or give the model's length");
  }
  return {};
}

Status check_length(const keras::Model& model, const ConvertRequest& request,
                    const std::string& path) {
  if (!request.max_seq_length || *request.max_seq_length == model.input_width()) return {};
  return fail(ErrorCode::kInvalidArgument,
              "max_seq_length is " + std::to_string(*request.max_seq_length) +
                  ", but the model takes rows of " +
                  std::to_string(model.input_width()), path,
                      "leave it out, or give the model's width");
}

/// Writes both files, or neither.
Status write_both(FileSystem& files, const Converted& converted, const std::string& onnx) {
  TL_RETURN_IF_ERROR(files.create_folders(parent_path(converted.onnx_path)));
  TL_RETURN_IF_ERROR(write_file_atomically(files, converted.onnx_path, onnx));
  Status written =
      write_file_atomically(files, converted.metadata_path, metadata_json(converted.metadata));
  if (!written) {
    if (const Status removed = files.remove(converted.onnx_path); !removed) {
      written.error().hint = "the file " + converted.onnx_path + " could not be removed again";
    }
  }
  return written;
}

}  // namespace

std::string metadata_json(const ConversionMetadata& metadata) {
  OrderedJson verified = nullptr;
  if (metadata.verified) {
    verified = {{"max_error", metadata.verified->max_error},
                {"tolerance", metadata.verified->tolerance},
                {"rows", metadata.verified->rows}};
  }
  const OrderedJson json = {{"format", kMetadataFormat},
                            {"source", metadata.source},
                            {"model", metadata.model},
                            {"name", metadata.name},
                            {"opset", metadata.opset},
                            {"ir_version", metadata.ir_version},
                            {"inputs", tensors_json(metadata.inputs)},
                            {"outputs", tensors_json(metadata.outputs)},
                            {"parameters", metadata.parameters},
                            {"layers", metadata.layers},
                            {"verified", std::move(verified)},
                            {"properties", properties_json(metadata.properties)}};
  return dump_json(json, 2) + "\n";
}

namespace {

/// One way for both kinds of models.
template <typename AnyModel>
Result<Converted> convert_model(FileSystem& files, const AnyModel& model, const std::string& path,
                                const ConvertRequest& request) {
  TL_RETURN_IF_ERROR(check_length(model, request, path));
  Converted converted;
  converted.onnx_path = request.output_file.value_or(
      join_path(request.output_dir, without_suffix(file_name(path)) + ".onnx"));
  converted.metadata_path = without_suffix(converted.onnx_path) + ".json";
  converted.metadata = describe(model, path, converted.onnx_path, request);
  TL_ASSIGN_OR_RETURN(converted.metadata.ir_version, ir_version_of(request.opset));
  ConvertOptions options;
  options.opset = request.opset;
  options.metadata_props = request.properties;
  TL_ASSIGN_OR_RETURN(const std::string onnx, to_onnx(model, options));
  if (request.verify) {
    TL_ASSIGN_OR_RETURN(converted.metadata.verified,
                        verify(model, std::as_bytes(std::span(onnx)), converted.onnx_path));
  }
  TL_RETURN_IF_ERROR(write_both(files, converted, onnx));
  return converted;
}

}  // namespace

Result<Converted> convert_single_model(FileSystem& files, const std::string& path,
                                       const ConvertRequest& request) {
  const auto model = keras::load_keras(files, path, keras::ReadOptions{.for_inference = true});
  if (model) return convert_model(files, *model, path, request);
  if (model.error().code != ErrorCode::kBadData) return tl::unexpected<Error>(model.error());
  // More than a chain of dense layers: the graph of operators takes it.
  TL_ASSIGN_OR_RETURN(const keras::Network network, keras::load_network(files, path));
  return convert_model(files, network, path, request);
}

Result<std::vector<BatchItem>> batch_convert(FileSystem& files, const std::string& folder,
                                             const ConvertRequest& request) {
  if (request.output_file) {
    return fail(ErrorCode::kInvalidArgument, "a folder of models cannot be converted into one file",
                *request.output_file, "give an output folder");
  }
  TL_ASSIGN_OR_RETURN(const auto entries, files.list(folder));
  std::vector<BatchItem> items;
  for (const DirEntry& entry : entries) {
    if (entry.kind != DirEntry::Kind::kFile || !entry.name.ends_with(kKerasSuffix)) continue;
    const std::string path = join_path(folder, entry.name);
    items.push_back({path, convert_single_model(files, path, request)});
  }
  if (items.empty()) return fail(ErrorCode::kNotFound, "the folder holds no .keras file", folder);
  return items;
}

}  // namespace thunderline::cerebros::onnx
