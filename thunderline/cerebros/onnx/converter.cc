#include "thunderline/cerebros/onnx/converter.h"

#include <numbers>
#include <utility>

#include "thunderline/cerebros/onnx/onnx_writer.h"

namespace thunderline::cerebros::onnx {
namespace {

using keras::Activation;

constexpr const char* kBatch = "batch";
constexpr float kHalf = 0.5f;
constexpr float kOne = 1.0f;
constexpr float kSqrt2 = std::numbers::sqrt2_v<float>;

/// Builds the graph layer by layer; `value_` is the name of what the last layer gave. Names of
/// constants and nodes hold a '/', which names of layers do not, so that none can meet.
class GraphBuilder {
 public:
  explicit GraphBuilder(const keras::Model& model) : model_(model), value_(model.input_name()) {
    graph_.name = model.name;
    graph_.inputs.push_back({value_, {{0, kBatch}, {model.input_width(), ""}}});
    graph_.outputs.push_back({model.output_name(), {{0, kBatch}, {model.output_width(), ""}}});
  }

  OnnxGraph build() {
    for (const keras::Layer& layer : model_.layers) {
      if (const auto* dense = std::get_if<keras::Dense>(&layer)) add_dense(*dense);
    }
    // The model's output carries the last layer's name, even when that is a dropout.
    if (graph_.nodes.empty()) {
      add_node(model_.output_name(), "Identity", {value_});
    }
    graph_.nodes.back().outputs = {model_.output_name()};
    return std::move(graph_);
  }

 private:
  /// Adds `layer/Op`, or `layer/Op_1` for a second one; returns the name of its output.
  std::string add_node(const std::string& layer, const std::string& op,
                       std::vector<std::string> inputs,
                       const std::string& suffix = "") {
    const std::string name = layer + "/" + op + suffix;
    value_ = name + "/output";
    graph_.nodes.push_back({name, op, std::move(inputs), {value_}});
    return value_;
  }

  void add_weights(const std::string& name, const keras::Tensor& tensor) {
    graph_.initializers.push_back({name, tensor.shape, tensor.data});
  }

  /// A scalar, stored once however often it is used.
  std::string constant(const std::string& name, const float& value) {
    for (const OnnxInitializer& tensor : graph_.initializers) {
      if (tensor.name == name) return name;
    }
    graph_.initializers.push_back({name, {}, {&value, 1}});
    return name;
  }

  void add_dense(const keras::Dense& dense) {
    const std::string kernel = dense.name + "/kernel";
    add_weights(kernel, dense.kernel);
    add_node(dense.name, "MatMul", {value_, kernel});
    if (dense.use_bias) {
      const std::string bias = dense.name + "/bias";
      add_weights(bias, dense.bias);
      add_node(dense.name, "Add", {value_, bias});
    }
    add_activation(dense.name, dense.activation);
  }

  void add_activation(const std::string& layer, Activation activation) {
    const std::string x = value_;
    switch (activation) {
      case Activation::kLinear: return;
      case Activation::kRelu: add_node(layer, "Relu", {x}); return;
      case Activation::kSigmoid: add_node(layer, "Sigmoid", {x}); return;
      case Activation::kTanh: add_node(layer, "Tanh", {x}); return;
      case Activation::kSilu: {
        const std::string gate = add_node(layer, "Sigmoid", {x});
        add_node(layer, "Mul", {x, gate});
        return;
      }
      case Activation::kGelu: add_gelu(layer, x); return;
    }
  }

  /// x · (1 + erf(x / √2)) · ½, in the order that ONNX Runtime knows to fuse.
  void add_gelu(const std::string& layer, const std::string& x) {
    const std::string scaled = add_node(layer, "Div", {x, constant("constant/sqrt2", kSqrt2)});
    const std::string erf = add_node(layer, "Erf", {scaled});
    const std::string sum = add_node(layer, "Add", {erf, constant("constant/one", kOne)}, "_1");
    const std::string product = add_node(layer, "Mul", {x, sum});
    add_node(layer, "Mul", {product, constant("constant/half", kHalf)}, "_1");
  }

  const keras::Model& model_;
  std::string value_;
  OnnxGraph graph_;
};

}  // namespace

Result<int64_t> ir_version_of(int64_t opset) {
  if (opset < kMinOpset || opset > kMaxOpset) {
    return fail(ErrorCode::kInvalidArgument, "opset " + std::to_string(opset) + " is not supported",
                "opset",
                "choose one from " + std::to_string(kMinOpset) + " to " +
                    std::to_string(kMaxOpset) +
                    "; 17 is the one that most runtimes take");
  }
  if (opset <= 14) return 7;
  if (opset <= 18) return 8;
  return opset <= 20 ? 9 : 10;
}

Result<std::string> onnx_file(OnnxGraph graph, const ConvertOptions& options) {
  OnnxModel onnx;
  TL_ASSIGN_OR_RETURN(onnx.ir_version, ir_version_of(options.opset));
  onnx.opset = options.opset;
  onnx.producer_name = options.producer_name;
  onnx.producer_version = options.producer_version;
  onnx.metadata = options.metadata_props;
  onnx.graph = std::move(graph);
  return onnx_bytes(onnx);
}

Result<std::string> to_onnx(const keras::Model& model, const ConvertOptions& options) {
  TL_RETURN_IF_ERROR(keras::validate(model));
  return onnx_file(GraphBuilder(model).build(), options);
}

}  // namespace thunderline::cerebros::onnx
