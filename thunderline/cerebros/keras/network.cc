#include "thunderline/cerebros/keras/network.h"

#include <algorithm>
#include <numeric>

#include "thunderline/cerebros/keras/archive/hdf5_reader.h"
#include "thunderline/cerebros/keras/archive/hdf5_writer.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/keras/archive/zip_file.h"
#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

class Zeros : public VariableSource {
 public:
  Result<Tensor> read(const std::string&, const graph::Shape& shape) const override {
    return Tensor{shape, std::vector<float>(static_cast<size_t>(graph::element_count(shape)))};
  }
};

class Hdf5Source : public VariableSource {
 public:
  Hdf5Source(const Hdf5Reader& file, std::string where) : file_(file), where_(std::move(where)) {}

  Result<Tensor> read(const std::string& path, const graph::Shape& shape) const override {
    const auto found = file_.shape(path);
    if (!found) {
      return fail(ErrorCode::kBadData, "the weights of this variable are missing", where_ + ": " + path);
    }
    if (*found != shape) {
      return fail(ErrorCode::kBadData, "expected shape " + graph::shape_text(shape) + ", got " +
                                           graph::shape_text(*found), where_ + ": " + path);
    }
    return file_.read_floats(path);
  }

 private:
  const Hdf5Reader& file_;
  std::string where_;
};

Result<std::shared_ptr<const graph::Graph>> lower(const Json& config, const VariableSource& source,
                                                  Network& network,
                                                  std::map<std::string, size_t>& numbers,
                                                  bool training, bool losses) {
  const std::string name = config["config"].value("name", "model");
  Assembly assembly{GraphBuilder(name), source, network.variables, numbers, training, 1, losses};
  const auto outputs = lower_model(assembly, config, "", {}, nullptr);
  const auto names = config["config"].value("output_layers", Json());
  std::vector<std::string> output_names;
  const std::function<void(const Json&)> collect = [&](const Json& value) {
    if (value.is_array() && value.size() == 3 && value[0].is_string()) {
      output_names.push_back(value[0]);
    } else if (value.is_array() || value.is_object()) {
      for (const Json& part : value) collect(part);
    }
  };
  collect(names);
  if (output_names.empty() && config["config"].value("layers", Json::array()).size() > 0) {
    output_names.push_back(config["config"]["layers"].back()["config"].value("name", "output"));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    assembly.builder.output(outputs[i].first, i < output_names.size() ? output_names[i] : "output_" + std::to_string(i));
  }
  TL_ASSIGN_OR_RETURN(graph::Graph graph, assembly.builder.finish());
  if (graph.outputs.empty() || graph.inputs.empty()) {
    return fail(ErrorCode::kBadData, "the model has no inputs or no outputs");
  }
  for (const Masked& output : outputs) {
    graph.output_masks.push_back(output.second ? std::optional(output.second->id) : std::nullopt);
  }
  return std::make_shared<const graph::Graph>(std::move(graph));
}

/// Variables in Keras's order; the graph's numbers follow them.
void sort_variables(Network& network, std::span<graph::Graph> graphs) {
  std::vector<size_t> order(network.variables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return network.variables[a].order < network.variables[b].order;
  });
  std::vector<size_t> place(order.size());
  std::vector<Variable> sorted;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted.push_back(std::move(network.variables[order[i]]));
  }
  network.variables = std::move(sorted);
  for (graph::Graph& graph : graphs) {
    for (auto& [value, number] : graph.parameters) number = place[number];
    for (auto& [number, value] : graph.updates) number = place[number];
  }
}

Error placed(Error error, const std::string& where) {
  error.where = error.where.empty() ? where : where + ": " + error.where;
  if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kBadData;
  return error;
}

/// What lies beside the layers' variables: the optimizer's.
void read_extra(const Hdf5Reader& file, Network& network) {
  std::map<std::string, bool> known;
  for (const Variable& variable : network.variables) known[variable.path] = true;
  for (const std::string& path : file.paths()) {
    const auto name = file.attribute(path, "name");
    if (name && *name && path.ends_with("vars")) network.groups[path] = **name;
    if (known.contains(path) || !file.shape(path)) continue;
    if (const auto whole = file.read_integers(path); whole && whole->size() == 1) {
      network.counters[path] = whole->front();
    } else if (auto tensor = file.read_floats(path)) {
      network.extra[path] = *std::move(tensor);
    }
  }
}

Result<std::string> entry_text(const std::vector<ZipEntry>& entries, const char* name, const std::string& where) {
  for (const ZipEntry& entry : entries) {
    if (entry.name == name) return entry.data;
  }
  return fail(ErrorCode::kBadData, std::string("not a .keras archive: it has no ") + name, where);
}

}  // namespace

int64_t Network::parameter_count() const {
  int64_t count = 0;
  for (const Variable& variable : variables) count += static_cast<int64_t>(variable.value.data.size());
  for (const auto& [path, value] : counters) count += path.starts_with("layers/") ? 1 : 0;
  return count;
}

Result<Network> make_network(const std::string& text, const VariableSource& source, const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Json config, parse_json(text, where));
  const std::string class_name = config.is_object() ? config.value("class_name", "") : "";
  if ((class_name != "Sequential" && class_name != "Functional") || !config.value("config", Json()).is_object()) {
    return fail(ErrorCode::kBadData, "model class \"" + class_name + "\" is not supported", where,
                "supported: Sequential and Functional models");
  }
  Network network;
  network.config = text;
  network.name = config["config"].value("name", "model");
  std::map<std::string, size_t> numbers;
  auto inference = lower(config, source, network, numbers, false, false);
  if (!inference) return tl::unexpected<Error>(placed(inference.error(), where));
  // A model that cannot be trained here can still predict.
  const auto training = lower(config, source, network, numbers, true, true);
  std::vector<graph::Graph> graphs = {**inference};
  if (training) graphs.push_back(**training);
  if (training && !(*training)->losses.empty()) {
    const auto evaluation = lower(config, source, network, numbers, false, true);
    if (evaluation) graphs.push_back(**evaluation);
  }
  sort_variables(network, graphs);
  if (!training) network.untrainable = placed(training.error(), where);
  std::shared_ptr<const graph::Graph>* const slots[] = {&network.inference, &network.training,
                                                        &network.evaluation};
  for (size_t i = 0; i < graphs.size(); ++i) {
    *slots[i] = std::make_shared<const graph::Graph>(std::move(graphs[i]));
  }
  for (const Json& layer : config["config"]["layers"]) {
    network.layers.push_back({layer["config"].value("name", ""), layer.value("class_name", "")});
  }
  return network;
}

Result<Network> make_network(const std::string& text, const std::string& where) {
  return make_network(text, Zeros(), where);
}

Result<Network> parse_network(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  TL_ASSIGN_OR_RETURN(const auto entries, read_zip(text, where));
  TL_ASSIGN_OR_RETURN(const std::string metadata, entry_text(entries, "metadata.json", where));
  TL_ASSIGN_OR_RETURN(const std::string config, entry_text(entries, "config.json", where));
  TL_ASSIGN_OR_RETURN(const std::string weights, entry_text(entries, "model.weights.h5", where));
  TL_ASSIGN_OR_RETURN(const Json version, parse_json(metadata, where));
  const std::string keras = version.value("keras_version", "?");
  if (!keras.starts_with("3.")) {
    return fail(ErrorCode::kBadData, "archives of Keras " + keras + " are not supported", where,
                "load it with the Keras that wrote it and save it with Keras 3");
  }
  const std::string place = where + ": model.weights.h5";
  TL_ASSIGN_OR_RETURN(const Hdf5Reader file, Hdf5Reader::open(std::as_bytes(std::span(weights)), place));
  TL_ASSIGN_OR_RETURN(Network network, make_network(config, Hdf5Source(file, place), where + ": config.json"));
  read_extra(file, network);
  return network;
}

Result<Network> load_network(FileSystem& files, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const std::string content, read_file(files, path));
  return parse_network(std::as_bytes(std::span(content)), path);
}

Result<std::string> network_bytes(const Network& network, int64_t saved_unix_ms) {
  std::vector<Hdf5Object> objects;
  for (const auto& [path, name] : network.groups) objects.push_back({path, {}, {{"name", name}}});
  for (const Variable& variable : network.variables) objects.push_back({variable.path, &variable.value, {}});
  for (const auto& [path, value] : network.counters) objects.push_back({path, value, {}});
  for (const auto& [path, value] : network.extra) objects.push_back({path, &value, {}});
  TL_ASSIGN_OR_RETURN(std::string weights, hdf5_bytes(objects));
  const ZipEntry entries[] = {{"metadata.json", archive_metadata(saved_unix_ms)},
                              {"config.json", network.config},
                              {"model.weights.h5", std::move(weights)}};
  return zip_bytes(entries);
}

Result<graph::Arrays> predict(const Network& network, const graph::Arrays& inputs) {
  graph::ArrayRefs refs, parameters;
  for (const graph::Array& input : inputs) refs.push_back(&input);
  graph::Arrays values;
  for (const Variable& variable : network.variables) {
    values.push_back({variable.value.shape, {variable.value.data.begin(), variable.value.data.end()}});
  }
  for (const graph::Array& value : values) parameters.push_back(&value);
  TL_ASSIGN_OR_RETURN(const graph::Trace trace, graph::run(*network.inference, refs, parameters, {}));
  graph::Arrays outputs;
  for (const size_t id : network.inference->outputs) outputs.push_back(trace.values[id]);
  return outputs;
}

}  // namespace thunderline::cerebros::keras
