#include "thunderline/cerebros/onnx/graph_converter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <set>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/onnx/onnx_writer.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"

namespace thunderline::cerebros::onnx {
namespace {

using graph::DType;
using graph::Graph;
using graph::OnnxSink;

constexpr int64_t kOnnxTypes[] = {1, 6, 7, 9};  // TensorProto.DataType

int64_t onnx_type(DType dtype) { return kOnnxTypes[static_cast<size_t>(dtype)]; }

template <typename T>
std::string raw_of(const std::vector<double>& values) {
  std::string raw;
  for (const double value : values) {
    const T number = static_cast<T>(value);
    raw.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return raw;
}

OnnxInitializer constant_of(const std::string& name, DType dtype, const graph::Array& array) {
  OnnxInitializer tensor{name, array.shape, {}, onnx_type(dtype), {}};
  switch (dtype) {
    case DType::kFloat32: break;
    case DType::kInt32: tensor.raw = raw_of<int32_t>(array.data); break;
    case DType::kInt64: tensor.raw = raw_of<int64_t>(array.data); break;
    case DType::kBool: tensor.raw = raw_of<uint8_t>(array.data); break;
  }
  return tensor;
}

/// Writes one file: the graph, and the bodies of its loops. Names of bodies begin with their loop's.
class Writer : public OnnxSink {
 public:
  Writer(const keras::Network& network, int64_t opset) : network_(network), opset_(opset) {}

  Result<OnnxGraph> write() {
    const Graph& graph = *network_.inference;
    OnnxGraph result;
    result.name = graph.name;
    std::map<size_t, std::string> names;
    for (const size_t id : graph.inputs) {
      names[id] = graph.values[id].name;
      used_.insert(names[id]);
      result.inputs.push_back(value_of(names[id], graph.values[id].type, names[id]));
    }
    for (const std::string& name : graph.output_names) used_.insert(name);
    TL_RETURN_IF_ERROR(write_nodes(graph, names, result));
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      const size_t id = graph.outputs[i];
      const std::string name = output_name(graph.output_names[i]);
      result.nodes.push_back({name + "/Identity", "Identity", {names.at(id)}, {name}, {}});
      result.outputs.push_back(value_of(name, graph.values[id].type, name));
    }
    result.initializers = std::move(initializers_);
    return result;
  }

  int64_t opset() const override { return opset_; }

  std::vector<std::string> node(const std::string& op_type, const std::vector<std::string>& inputs,
                                std::vector<Attribute> attributes, size_t outputs) override {
    const std::string name = fresh(scope_ + "/" + op_type);
    OnnxNode node{name, op_type, inputs, {}, {}};
    for (size_t i = 0; i < outputs; ++i) {
      node.outputs.push_back(name + "/output" + (i == 0 ? "" : "_" + std::to_string(i)));
    }
    for (Attribute& attribute : attributes) node.attributes.push_back(convert(attribute, name));
    const std::vector<std::string> names = node.outputs;
    nodes_->push_back(std::move(node));
    return names;
  }

  std::string integers(std::vector<int64_t> values, bool scalar) override {
    std::string name = "constant/" + std::string(scalar ? "scalar" : "list");
    for (const int64_t value : values) name += "_" + std::to_string(value);
    if (!known(name)) {
      graph::Array array{{}, {values.begin(), values.end()}};
      if (!scalar) array.shape = {static_cast<int64_t>(values.size())};
      initializers_.push_back(constant_of(name, DType::kInt64, array));
    }
    return name;
  }

  std::string number(float value) override { return float_constant({{}, {value}}); }

 private:
  static OnnxValue value_of(const std::string& name, const graph::ValueType& type,
                            const std::string& owner) {
    OnnxValue value{name, {}, onnx_type(type.dtype)};
    for (size_t i = 0; i < type.shape.size(); ++i) {
      if (type.shape[i] >= 0) value.shape.push_back({type.shape[i], ""});
      else value.shape.push_back({0, i == 0 ? "batch" : owner + "_" + std::to_string(i)});
    }
    return value;
  }

  bool known(const std::string& name) { return !constants_.insert(name).second; }

  std::string fresh(const std::string& name) {
    std::string unique = name;
    for (int i = 1; !used_.insert(unique).second; ++i) unique = name + "_" + std::to_string(i);
    return unique;
  }

  /// An output that is an input too, or given twice, gets a name of its own.
  std::string output_name(const std::string& name) {
    std::string unique = name;
    for (int i = 1; !outputs_.insert(unique).second || is_input(unique); ++i) {
      unique = name + "_" + std::to_string(i);
    }
    return unique;
  }
  bool is_input(const std::string& name) const {
    const Graph& graph = *network_.inference;
    return std::any_of(graph.inputs.begin(), graph.inputs.end(),
                       [&](size_t id) { return graph.values[id].name == name; });
  }

  std::string float_constant(const graph::Array& array) {
    const std::string name = fresh("constant/number");
    floats_.push_back({array.data.begin(), array.data.end()});
    initializers_.push_back({name, array.shape, floats_.back(), 1, {}});
    return name;
  }

  Status write_nodes(const Graph& graph, std::map<size_t, std::string>& names, OnnxGraph& into) {
    std::set<size_t> wanted(graph.outputs.begin(), graph.outputs.end());
    for (const Graph::Node& node : graph.nodes) wanted.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& [id, number] : graph.parameters) {
      const keras::Variable& variable = network_.variables[number];
      names[id] = fresh(variable.name);
      initializers_.push_back({names[id], variable.value.shape, variable.value.data, 1, {}});
    }
    for (const auto& [id, array] : graph.constants) {
      if (!wanted.contains(id)) continue;
      const DType dtype = graph.values[id].type.dtype;
      if (dtype == DType::kFloat32) {
        names[id] = float_constant(array);
      } else {
        names[id] = fresh("constant/array");
        initializers_.push_back(constant_of(names[id], dtype, array));
      }
    }
    std::vector<OnnxNode>* const outer = nodes_;
    const std::string outer_scope = scope_;
    nodes_ = &into.nodes;
    Status status;
    for (const Graph::Node& node : graph.nodes) {
      scope_ = outer_scope.empty() ? node.scope : outer_scope;
      std::vector<std::string> inputs;
      std::vector<graph::ValueType> types;
      for (const size_t id : node.inputs) {
        inputs.push_back(names.at(id));
        types.push_back(graph.values[id].type);
      }
      auto outputs = node.op->emit(*this, inputs, types);
      if (!outputs) {
        status = tl::unexpected<Error>(outputs.error());
        break;
      }
      for (size_t k = 0; k < node.outputs.size(); ++k) names[node.outputs[k]] = (*outputs)[k];
    }
    nodes_ = outer;
    scope_ = outer_scope;
    return status;
  }

  OnnxAttribute convert(const Attribute& attribute, const std::string& loop) {
    using Kind = Attribute::Kind;
    switch (attribute.kind) {
      case Kind::kInt: return {attribute.name, OnnxAttribute::kInt, attribute.ints, 0, {}, {}};
      case Kind::kInts: return {attribute.name, OnnxAttribute::kInts, attribute.ints, 0, {}, {}};
      case Kind::kFloat: return {attribute.name, OnnxAttribute::kFloat, {}, attribute.number, {}, {}};
      case Kind::kText: return {attribute.name, OnnxAttribute::kText, {}, 0, attribute.text, {}};
      case Kind::kGraph: break;
    }
    return {attribute.name, OnnxAttribute::kGraph, {}, 0, {}, body_of(attribute, loop)};
  }

  /// A loop's body reads outer values by their names.
  std::shared_ptr<const OnnxGraph> body_of(const Attribute& attribute, const std::string& loop) {
    const Graph& body = *attribute.graph;
    auto result = std::make_shared<OnnxGraph>();
    result->name = loop + "/body";
    const std::string outer_scope = scope_;
    scope_ = loop + "/body";
    std::map<size_t, std::string> names;
    for (size_t i = 0; i < body.inputs.size(); ++i) {
      const size_t id = body.inputs[i];
      names[id] = attribute.bound[i];
      if (!names[id].empty()) continue;
      names[id] = fresh(loop + "/" + body.values[id].name);
      result->inputs.push_back(value_of(names[id], body.values[id].type, names[id]));
    }
    const Status written = write_nodes(body, names, *result);
    TL_CHECK(written.has_value());  // What a body holds can always be written.
    for (size_t i = 0; i < body.outputs.size(); ++i) {
      const std::string name = fresh(loop + "/" + body.output_names[i]);
      const size_t id = body.outputs[i];
      result->nodes.push_back({name + "/Identity", "Identity", {names.at(id)}, {name}, {}});
      result->outputs.push_back(value_of(name, body.values[id].type, name));
    }
    scope_ = outer_scope;
    return result;
  }

  const keras::Network& network_;
  int64_t opset_;
  std::string scope_;
  std::vector<OnnxNode>* nodes_ = nullptr;
  std::vector<OnnxInitializer> initializers_;
  std::set<std::string> used_, constants_, outputs_;
  std::deque<std::vector<float>> floats_;  // What initializers borrow.

};

std::vector<double> random_values(Random& random, DType dtype, int64_t count) {
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) {
    value = dtype == DType::kFloat32 ? static_cast<float>(random.normal())
                                     : static_cast<double>(random.below(2));
  }
  return values;
}

TensorValue tensor_of(const graph::Array& array, DType dtype) {
  std::string raw;
  if (dtype == DType::kFloat32) raw = raw_of<float>(array.data);
  if (dtype == DType::kInt32) raw = raw_of<int32_t>(array.data);
  if (dtype == DType::kInt64) raw = raw_of<int64_t>(array.data);
  if (dtype == DType::kBool) raw = raw_of<uint8_t>(array.data);
  TensorValue value{graph::dtype_name(dtype), array.shape, std::vector<std::byte>(raw.size())};
  std::memcpy(value.data.data(), raw.data(), raw.size());
  return value;
}

template <typename T>
std::vector<double> numbers_of(const TensorValue& tensor) {
  std::vector<T> values(tensor.data.size() / sizeof(T));
  std::memcpy(values.data(), tensor.data.data(), values.size() * sizeof(T));
  return {values.begin(), values.end()};
}

graph::Array array_of(const TensorValue& tensor) {
  if (tensor.dtype == "int32") return {tensor.shape, numbers_of<int32_t>(tensor)};
  if (tensor.dtype == "int64") return {tensor.shape, numbers_of<int64_t>(tensor)};
  if (tensor.dtype == "bool") return {tensor.shape, numbers_of<uint8_t>(tensor)};
  return {tensor.shape, numbers_of<float>(tensor)};
}

double error_of(const TensorValue& got, const graph::Array& want) {
  if (got.shape != want.shape) return INFINITY;
  if (got.dtype != "float32") return 0.0;  // Whole numbers and masks have no scale.
  double worst = 0, scale = 1e-3;
  for (size_t i = 0; i < want.data.size(); ++i) {
    const double difference = std::abs(static_cast<double>(got.floats()[i]) - want.data[i]);
    worst = std::max(worst, std::isnan(difference) ? INFINITY : difference);
    scale = std::max(scale, std::abs(want.data[i]));
  }
  return worst / scale;
}

}  // namespace

Result<std::string> to_onnx(const keras::Network& network, const ConvertOptions& options) {
  // Before the graph, whose operators know only the opsets that it takes.
  TL_RETURN_IF_ERROR(ir_version_of(options.opset));
  Writer writer(network, options.opset);
  TL_ASSIGN_OR_RETURN(OnnxGraph graph, writer.write());
  return onnx_file(std::move(graph), options);
}

Result<VerifyReport> verify(const keras::Network& network, std::span<const std::byte> onnx,
                            const std::string& where, const VerifyOptions& options) {
  constexpr int64_t kSteps = 7;
  TL_ASSIGN_OR_RETURN(const auto session, OrtSession::create(onnx, {}, where));
  VerifyReport report;
  report.tolerance = options.tolerance;
  Random random(options.seed);
  for (const int64_t rows : {1, 3}) {
    graph::Arrays inputs;
    std::vector<TensorValue> tensors;
    for (const size_t id : network.inference->inputs) {
      const graph::ValueType& type = network.inference->values[id].type;
      graph::Shape shape = type.shape;
      for (size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] >= 0 ? shape[i] : i == 0 ? rows : kSteps;
      inputs.push_back({shape, random_values(random, type.dtype, graph::element_count(shape))});
      tensors.push_back(tensor_of(inputs.back(), type.dtype));
    }
    TL_ASSIGN_OR_RETURN(const graph::Arrays want, keras::predict(network, inputs));
    TL_ASSIGN_OR_RETURN(const std::vector<TensorValue> got, session->run(tensors));
    for (size_t i = 0; i < want.size(); ++i) {
      report.max_error = std::max(report.max_error, i < got.size() ? error_of(got[i], want[i]) : INFINITY);
    }
    report.rows += rows;
  }
  if (report.max_error > options.tolerance) {
    return fail(ErrorCode::kBadData, "the ONNX model differs from the Keras model by " +
                                         std::to_string(report.max_error) + " of its scale, allowed are " +
                                         std::to_string(options.tolerance), where);
  }
  return report;
}

Result<std::vector<TensorValue>> run_natively(const keras::Network& network,
                                              std::span<const TensorValue> inputs) {
  graph::Arrays arrays;
  for (const TensorValue& input : inputs) arrays.push_back(array_of(input));
  TL_ASSIGN_OR_RETURN(const graph::Arrays outputs, keras::predict(network, arrays));
  std::vector<TensorValue> tensors;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const size_t id = network.inference->outputs[i];
    tensors.push_back(tensor_of(outputs[i], network.inference->values[id].type.dtype));
  }
  return tensors;
}

}  // namespace thunderline::cerebros::onnx
