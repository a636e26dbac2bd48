#include "thunderline/cerebros/train/network_data.h"

#include <algorithm>
#include <cmath>

namespace thunderline::cerebros::train {
namespace {

using graph::Array;
using graph::Shape;

tl::unexpected<Error> wrong_shape(const std::string& what, const Shape& want, const Shape& got,
                                  const std::string& where) {
  return fail(ErrorCode::kInvalidArgument,
              what + " has the wrong shape: expected " + graph::shape_text(want) + ", got " +
                  graph::shape_text(got),
              where);
}

bool fits(const Shape& want, const Shape& got) {
  if (want.size() != got.size()) return false;
  for (size_t i = 1; i < want.size(); ++i) {
    if (want[i] >= 0 && want[i] != got[i]) return false;
  }
  return true;
}

Status check_array(const Array& array, int64_t rows, const std::string& what,
                   const std::string& where) {
  if (array.shape.empty() ||
      graph::element_count(array.shape) != static_cast<int64_t>(array.data.size())) {
    return fail(ErrorCode::kInvalidArgument,
                what +
                    " has no rows, or not as many numbers as its "
                    "shape says",
                where);
  }
  if (array.shape[0] != rows) {
    return fail(ErrorCode::kInvalidArgument,
                what + " has " + std::to_string(array.shape[0]) + " rows where " +
                    std::to_string(rows) + " are wanted",
                where);
  }
  const auto bad = std::find_if_not(array.data.begin(), array.data.end(),
                                    [](double value) { return std::isfinite(value); });
  if (bad == array.data.end()) return {};
  const auto width = static_cast<int64_t>(array.data.size()) / rows;
  return fail(ErrorCode::kBadData,
              what + " holds a number that is not finite in row " +
                  std::to_string((bad - array.data.begin()) / width),
              where, "clean the data");
}

Status check_classes(const Array& target, int64_t classes, const NetworkLoss& loss,
                     const std::string& what, const std::string& where) {
  for (size_t i = 0; i < target.data.size(); ++i) {
    const double label = target.data[i];
    if (loss.ignore_class && label == static_cast<double>(*loss.ignore_class)) continue;
    if (label >= 0 && label < static_cast<double>(classes) && label == std::floor(label)) continue;
    return fail(ErrorCode::kBadData,
                what + " has the class " + std::to_string(label) + " where 0 to " +
                    std::to_string(classes - 1) + " are known",
                where);
  }
  return {};
}

/// Targets as the loss takes them: the prediction's shape, or class numbers of one axis less.
Status conform_target(Array& target, const Shape& prediction, const NetworkLoss& loss,
                      const std::string& what, const std::string& where) {
  const size_t rank = prediction.size();
  if (loss.sparse()) {
    const Shape short_form(prediction.begin(), prediction.end() - 1);
    Shape long_form = short_form;
    long_form.push_back(1);
    if (!fits(short_form, target.shape) && !fits(long_form, target.shape)) {
      return wrong_shape(what, short_form, target.shape, where);
    }
    return check_classes(target, prediction.back(), loss, what, where);
  }
  // As Keras: a last axis of 1 may be missing on either side.
  if (target.shape.size() + 1 == rank && prediction.back() == 1) target.shape.push_back(1);
  if (target.shape.size() == rank + 1 && target.shape.back() == 1) target.shape.pop_back();
  if (!fits(prediction, target.shape)) return wrong_shape(what, prediction, target.shape, where);
  return {};
}

void copy_rows(const Array& from, std::span<const int64_t> rows, Array& to) {
  if (from.data.empty()) return;
  const size_t width = from.data.size() / static_cast<size_t>(from.shape[0]);
  to.shape = from.shape;
  to.shape[0] = static_cast<int64_t>(rows.size());
  to.data.resize(rows.size() * width);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(from.data.data() + static_cast<size_t>(rows[i]) * width, width,
                to.data.data() + i * width);
  }
}

}  // namespace

int64_t NetworkData::rows() const {
  return inputs.empty() || inputs[0].shape.empty() ? 0 : inputs[0].shape[0];
}

Result<NetworkData> conform(NetworkData data, const graph::Graph& graph,
                            const NetworkCompile& compile, const std::string& where) {
  if (data.inputs.size() != graph.inputs.size() || data.targets.size() != compile.outputs.size()) {
    return fail(ErrorCode::kInvalidArgument,
                "expected " + std::to_string(graph.inputs.size()) + " inputs and " +
                    std::to_string(compile.outputs.size()) + " targets, got " +
                    std::to_string(data.inputs.size()) + " and " +
                    std::to_string(data.targets.size()),
                where);
  }
  const int64_t rows = data.rows();
  if (rows == 0) return fail(ErrorCode::kInvalidArgument, "there are no rows", where);
  for (size_t i = 0; i < data.inputs.size(); ++i) {
    const graph::Graph::Value& value = graph.values[graph.inputs[i]];
    const Shape& want = value.type.shape;
    Array& input = data.inputs[i];
    if (input.shape.size() + 1 == want.size() && want.back() == 1) input.shape.push_back(1);
    if (!fits(want, input.shape)) {
      return wrong_shape("the input " + value.name, want, input.shape, where);
    }
    TL_RETURN_IF_ERROR(check_array(input, rows, "the input " + value.name, where));
  }
  for (size_t i = 0; i < data.targets.size(); ++i) {
    if (!compile.outputs[i].loss) continue;
    const std::string what = "the target of " + compile.outputs[i].name;
    TL_RETURN_IF_ERROR(check_array(data.targets[i], rows, what, where));
    TL_RETURN_IF_ERROR(conform_target(data.targets[i], graph.values[graph.outputs[i]].type.shape,
                                      *compile.outputs[i].loss, what, where));
  }
  if (data.sample_weights.size() == 1)
    data.sample_weights.resize(data.targets.size(), data.sample_weights[0]);
  if (!data.sample_weights.empty() && data.sample_weights.size() != data.targets.size()) {
    return fail(ErrorCode::kInvalidArgument, "give sample weights once, or once an output", where);
  }
  for (Array& weights : data.sample_weights) {
    TL_RETURN_IF_ERROR(check_array(weights, rows, "sample_weight", where));
    if (weights.shape.size() == 2 && weights.shape[1] == 1) weights.shape = {rows};
  }
  return data;
}

std::vector<TargetType> target_types(const NetworkData& data) {
  const auto open = [](Shape shape) {
    if (!shape.empty()) shape[0] = -1;
    return shape;
  };
  std::vector<TargetType> types;
  for (size_t i = 0; i < data.targets.size(); ++i) {
    types.push_back({open(data.targets[i].shape), {}});
    if (!data.sample_weights.empty()) types.back().weights = open(data.sample_weights[i].shape);
  }
  return types;
}

void take_rows(const NetworkData& data, std::span<const int64_t> rows, NetworkData& batch) {
  const auto all = [&](const graph::Arrays& from, graph::Arrays& to) {
    to.resize(from.size());
    for (size_t i = 0; i < from.size(); ++i) copy_rows(from[i], rows, to[i]);
  };
  all(data.inputs, batch.inputs);
  all(data.targets, batch.targets);
  all(data.sample_weights, batch.sample_weights);
}

NetworkData row_range(const NetworkData& data, int64_t first, int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)] = first + i;
  NetworkData part;
  take_rows(data, rows, part);
  return part;
}

Array class_weights(const std::map<int, double>& class_weight, const Array& target) {
  Array weights = graph::zeros({target.shape[0]});
  const int64_t width = target.shape.size() > 1 ? target.shape.back() : 1;
  const size_t stride = target.data.size() / weights.data.size();
  for (size_t row = 0; row < weights.data.size(); ++row) {
    const double* values = target.data.data() + row * stride;
    const double label =
        width == 1 ? std::nearbyint(values[0])
                   : static_cast<double>(std::max_element(values, values + width) - values);
    const auto found = class_weight.find(static_cast<int>(label));
    weights.data[row] = found == class_weight.end() ? 1.0 : found->second;
  }
  return weights;
}

}  // namespace thunderline::cerebros::train
