#include "thunderline/cerebros/onnx/runtime/onnx_inspect.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_set>

#include "thunderline/cerebros/onnx/runtime/protobuf_reader.h"

namespace thunderline::cerebros::onnx {
namespace {

constexpr int kMaxDepth = 16;  // Graphs within attributes of nodes within graphs …

/// The tensors that a graph's nodes may use: its own and those of the graphs around it.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_set<std::string> names;

  bool contains(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (scope->names.contains(name)) return true;
    }
    return false;
  }
};

/// One graph's parts, gathered before they are checked: a message's fields come in any order.
struct GraphParts {
  std::string_view name;
  std::vector<ProtoField> nodes;
  std::vector<ProtoField> initializers;
  std::vector<ProtoField> sparse_initializers;
  std::vector<ProtoField> inputs;
  std::vector<ProtoField> outputs;
};

struct NodeParts {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<ProtoField> attributes;
  std::string op_type;
  std::string domain;
  std::string name;
};

struct TensorParts {
  std::string name;
  std::vector<int64_t> dims;
  int64_t type = 0;
  bool raw = false;
  size_t raw_bytes = 0;
  size_t message_bytes = 0;
  bool external = false;
};

class Inspector {
 public:
  explicit Inspector(std::string where) : where_(std::move(where)) {}

  Result<OnnxModelInfo> inspect(std::span<const std::byte> model);

 private:
  tl::unexpected<Error> broken(const std::string& what) const {
    return fail(ErrorCode::kBadData, "not a sound ONNX model: " + what, where_);
  }
  Result<std::vector<ProtoField>> fields(std::span<const std::byte> message, const char* what) const;

  Status read_opset(const ProtoField& field);
  Status read_metadata(const ProtoField& field);
  Result<GraphParts> graph_parts(std::span<const std::byte> graph) const;
  Status read_graph(std::span<const std::byte> graph, const Scope* outer, int depth);
  Status add_name(Scope& scope, const std::string& name) const;
  Status read_node(const ProtoField& field, Scope& scope, int depth);
  Result<NodeParts> node_parts(const ProtoField& field) const;
  Status read_attribute(const ProtoField& field, const Scope& scope, int depth);
  Result<TensorParts> tensor_parts(const ProtoField& field) const;
  Result<TensorParts> read_tensor(const ProtoField& field);
  Result<std::string> read_sparse_tensor(const ProtoField& field);
  Result<TensorInfo> read_value_info(const ProtoField& field) const;
  Status read_tensor_type(const ProtoField& field, TensorInfo& info) const;
  Status read_dimension(const ProtoField& field, TensorInfo& info) const;

  std::string where_;
  OnnxModelInfo info_;
  std::set<std::string> foreign_;
};

Result<std::vector<ProtoField>> Inspector::fields(std::span<const std::byte> message,
                                                  const char* what) const {
  std::vector<ProtoField> all;
  if (!read_proto_fields(message, all)) return broken(std::string(what) + " is cut off, garbled or has too many parts");
  return all;
}

Result<OnnxModelInfo> Inspector::inspect(std::span<const std::byte> model) {
  TL_ASSIGN_OR_RETURN(const auto all, fields(model, "the model"));
  std::span<const std::byte> graph;
  int graphs = 0;
  for (const ProtoField& field : all) {
    switch (field.number) {
      case 1: info_.ir_version = field.integer(); break;
      case 2: info_.producer_name = field.text(); break;
      case 3: info_.producer_version = field.text(); break;
      case 5: info_.model_version = field.integer(); break;
      case 7: graph = field.bytes, ++graphs; break;
      case 8: TL_RETURN_IF_ERROR(read_opset(field)); break;
      case 14: TL_RETURN_IF_ERROR(read_metadata(field)); break;
      case 20: return broken("it carries training graphs, which are not supported");
      case 25: return broken("it carries functions of its own, which are not supported");
      default: break;
    }
  }
  if (graphs != 1) return broken("it holds " + std::to_string(graphs) + " graphs instead of one");
  if (info_.ir_version < 3) return broken("IR version " + std::to_string(info_.ir_version));
  if (!info_.opsets.contains("")) return broken("it imports no operator set of ONNX");
  TL_RETURN_IF_ERROR(read_graph(graph, nullptr, 0));
  if (info_.outputs.empty()) return broken("its graph has no outputs");
  info_.foreign_ops.assign(foreign_.begin(), foreign_.end());
  return std::move(info_);
}

/// ONNX's own domain has two names.
std::string canonical_domain(std::string_view domain) {
  return domain == "ai.onnx" ? std::string() : std::string(domain);
}

Status Inspector::read_opset(const ProtoField& field) {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "an operator set"));
  std::string domain;
  int64_t version = 0;
  for (const ProtoField& part : all) {
    if (part.number == 1) domain = canonical_domain(part.text());
    if (part.number == 2) version = part.integer();
  }
  info_.opsets[domain] = version;
  return {};
}

Status Inspector::read_metadata(const ProtoField& field) {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a metadata entry"));
  std::string key;
  std::string value;
  for (const ProtoField& part : all) {
    if (part.number == 1) key = part.text();
    if (part.number == 2) value = part.text();
  }
  info_.metadata[key] = value;
  return {};
}

Result<GraphParts> Inspector::graph_parts(std::span<const std::byte> graph) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(graph, "a graph"));
  GraphParts parts;
  for (const ProtoField& field : all) {
    switch (field.number) {
      case 1: parts.nodes.push_back(field); break;
      case 2: parts.name = field.text(); break;
      case 5: parts.initializers.push_back(field); break;
      case 11: parts.inputs.push_back(field); break;
      case 12: parts.outputs.push_back(field); break;
      case 15: parts.sparse_initializers.push_back(field); break;
      default: break;
    }
  }
  return parts;
}

Status Inspector::add_name(Scope& scope, const std::string& name) const {
  if (!scope.names.insert(name).second) return broken("two tensors are named \"" + name + "\"");
  return {};
}

Status Inspector::read_graph(std::span<const std::byte> graph, const Scope* outer, int depth) {
  if (depth > kMaxDepth) return broken("graphs nested too deep");
  TL_ASSIGN_OR_RETURN(const GraphParts parts, graph_parts(graph));
  Scope scope{outer, {}};
  for (const ProtoField& field : parts.initializers) {
    TL_ASSIGN_OR_RETURN(const TensorParts tensor, read_tensor(field));
    TL_RETURN_IF_ERROR(add_name(scope, tensor.name));
    if (depth > 0) continue;
    TL_ASSIGN_OR_RETURN(const int64_t count, element_count(tensor.dims));
    info_.parameter_count += count;
  }
  for (const ProtoField& field : parts.sparse_initializers) {
    TL_ASSIGN_OR_RETURN(const std::string name, read_sparse_tensor(field));
    TL_RETURN_IF_ERROR(add_name(scope, name));
  }
  for (const ProtoField& field : parts.inputs) {
    TL_ASSIGN_OR_RETURN(TensorInfo input, read_value_info(field));
    // Up to IR 3 initialisers are listed among the inputs.
    if (!scope.names.insert(input.name).second) continue;
    if (depth == 0) info_.inputs.push_back(std::move(input));
  }
  for (const ProtoField& field : parts.nodes) {
    TL_RETURN_IF_ERROR(read_node(field, scope, depth));
  }
  for (const ProtoField& field : parts.outputs) {
    TL_ASSIGN_OR_RETURN(TensorInfo output, read_value_info(field));
    if (!scope.contains(output.name)) {
      return broken("nothing makes the output \"" + output.name + "\"");
    }
    if (depth == 0) info_.outputs.push_back(std::move(output));
  }
  if (depth == 0) info_.graph_name = parts.name;
  return {};
}

Result<NodeParts> Inspector::node_parts(const ProtoField& field) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a node"));
  NodeParts parts;
  for (const ProtoField& part : all) {
    switch (part.number) {
      case 1: parts.inputs.emplace_back(part.text()); break;
      case 2: parts.outputs.emplace_back(part.text()); break;
      case 3: parts.name = part.text(); break;
      case 4: parts.op_type = part.text(); break;
      case 5: parts.attributes.push_back(part); break;
      case 7: parts.domain = canonical_domain(part.text()); break;
      default: break;
    }
  }
  return parts;
}

Status Inspector::read_node(const ProtoField& field, Scope& scope, int depth) {
  TL_ASSIGN_OR_RETURN(const NodeParts node, node_parts(field));
  const std::string key = node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
  ++info_.op_counts[key];
  if (!node.domain.empty()) foreign_.insert(key);
  for (const std::string& input : node.inputs) {
    if (input.empty() || scope.contains(input)) continue;  // "" = an optional input left out.
    return broken("the node \"" + node.name + "\" (" + key + ") uses \"" + input +
                  "\", which nothing before it makes");
  }
  for (const ProtoField& attribute : node.attributes) {
    TL_RETURN_IF_ERROR(read_attribute(attribute, scope, depth));
  }
  for (const std::string& output : node.outputs) {
    if (!output.empty()) TL_RETURN_IF_ERROR(add_name(scope, output));
  }
  return {};
}

Status Inspector::read_attribute(const ProtoField& field, const Scope& scope, int depth) {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "an attribute"));
  for (const ProtoField& part : all) {
    switch (part.number) {
      case 5:
      case 10: TL_RETURN_IF_ERROR(read_tensor(part)); break;
      case 6:
      case 11: TL_RETURN_IF_ERROR(read_graph(part.bytes, &scope, depth + 1)); break;
      case 22:
      case 23: TL_RETURN_IF_ERROR(read_sparse_tensor(part)); break;
      default: break;
    }
  }
  return {};
}

Result<TensorParts> Inspector::tensor_parts(const ProtoField& field) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a tensor"));
  TensorParts parts;
  parts.message_bytes = field.bytes.size();
  for (const ProtoField& part : all) {
    switch (part.number) {
      case 1:
        if (!part.append_integers(parts.dims)) return broken("a tensor's shape is garbled");
        break;
      case 2: parts.type = part.integer(); break;
      case 8: parts.name = part.text(); break;
      case 9:
        parts.raw = true;
        parts.raw_bytes = part.bytes.size();
        break;
      case 13: parts.external = true; break;
      case 14: parts.external = parts.external || part.integer() != 0; break;
      default: break;
    }
  }
  return parts;
}

Result<TensorParts> Inspector::read_tensor(const ProtoField& field) {
  TL_ASSIGN_OR_RETURN(TensorParts tensor, tensor_parts(field));
  const std::string what = "the tensor \"" + tensor.name + "\" of shape " + shape_text(tensor.dims);
  const auto count = element_count(tensor.dims);
  if (!count) return broken(what + " is impossible");
  if (tensor.external) {
    info_.external_tensors.push_back(tensor.name);
    return tensor;
  }
  const size_t size = dtype_size(dtype_name(tensor.type));
  int64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(*count, static_cast<int64_t>(size), &bytes);
  if (tensor.raw && size > 0 && (overflow || static_cast<size_t>(bytes) != tensor.raw_bytes)) {
    return broken(what + " has " + std::to_string(tensor.raw_bytes) + " bytes of data");
  }
  // Outside raw_data an element takes a byte at least, or half of one (4-bit types).
  if (static_cast<uint64_t>(*count) / 2 > tensor.message_bytes) {
    return broken(what + " claims more elements than the file holds");
  }
  return tensor;
}

Result<std::string> Inspector::read_sparse_tensor(const ProtoField& field) {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a sparse tensor"));
  std::string name;
  std::vector<int64_t> dims;
  for (const ProtoField& part : all) {
    if (part.number == 1 || part.number == 2) {
      TL_ASSIGN_OR_RETURN(const TensorParts tensor, read_tensor(part));
      if (part.number == 1) name = tensor.name;
    }
    if (part.number == 3 && !part.append_integers(dims)) {
      return broken("a sparse tensor's shape is garbled");
    }
  }
  // The runtime makes it dense: a short file could ask for all the memory there is.
  const auto count = element_count(dims);
  if (!count || *count > int64_t{1} << 28) {
    return broken("the sparse tensor \"" + name + "\" of shape " + shape_text(dims) +
                  " is too large");
  }
  return name;
}

Result<TensorInfo> Inspector::read_value_info(const ProtoField& field) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "an input or output"));
  TensorInfo info;
  for (const ProtoField& part : all) {
    if (part.number == 1) info.name = part.text();
    if (part.number != 2) continue;
    TL_ASSIGN_OR_RETURN(const auto types, fields(part.bytes, "a type"));
    for (const ProtoField& type : types) {
      if (type.number == 1) TL_RETURN_IF_ERROR(read_tensor_type(type, info));
    }
  }
  return info;
}

Status Inspector::read_tensor_type(const ProtoField& field, TensorInfo& info) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a tensor type"));
  for (const ProtoField& part : all) {
    if (part.number == 1) info.dtype = dtype_name(part.integer());
    if (part.number != 2) continue;
    TL_ASSIGN_OR_RETURN(const auto dims, fields(part.bytes, "a shape"));
    for (const ProtoField& dim : dims) {
      if (dim.number == 1) TL_RETURN_IF_ERROR(read_dimension(dim, info));
    }
  }
  return {};
}

Status Inspector::read_dimension(const ProtoField& field, TensorInfo& info) const {
  TL_ASSIGN_OR_RETURN(const auto all, fields(field.bytes, "a dimension"));
  info.shape.push_back(-1);
  info.dim_names.emplace_back();
  for (const ProtoField& part : all) {
    if (part.number == 1) info.shape.back() = std::max<int64_t>(part.integer(), -1);
    if (part.number == 2) info.dim_names.back() = part.text();
  }
  return {};
}

}  // namespace

Result<OnnxModelInfo> inspect_onnx(std::span<const std::byte> model, const std::string& where) {
  return Inspector(where).inspect(model);
}

Status check_self_contained(const OnnxModelInfo& info, const std::string& where) {
  if (!info.external_tensors.empty()) {
    return fail(ErrorCode::kBadData,
                "the tensor \"" + info.external_tensors.front() +
                    "\" keeps its data in another file, which is not supported",
                where, "save the model with its weights inside");
  }
  if (!info.foreign_ops.empty()) {
    return fail(ErrorCode::kBadData,
                "the operator " + info.foreign_ops.front() + " is not one of ONNX's own", where,
                "export the model with operators of the domain \"ai.onnx\" only");
  }
  return {};
}

}  // namespace thunderline::cerebros::onnx
