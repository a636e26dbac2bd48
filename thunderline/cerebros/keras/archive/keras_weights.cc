#include "thunderline/cerebros/keras/archive/keras_weights.h"

#include <algorithm>

#include "thunderline/cerebros/keras/archive/hdf5_reader.h"
#include "thunderline/cerebros/keras/archive/hdf5_writer.h"

namespace thunderline::cerebros::keras {
namespace {

constexpr const char* kOptimizerVars = "optimizer/vars";
constexpr size_t kFirstSlot = 2;  // After iteration and learning rate.

std::string variable_path(const std::string& vars, size_t index) {
  return vars + "/" + std::to_string(index);
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

/// Reads the weights of one archive.
class WeightReader {
 public:
  WeightReader(const Hdf5Reader& file, std::string where) : file_(file), where_(std::move(where)) {}

  Status read_layer(Dense& dense, int64_t width, const std::string& group) const {
    const std::string vars = group + "/vars";
    TL_RETURN_IF_ERROR(check_vars(vars, dense.name, dense.use_bias ? 2 : 1));
    TL_ASSIGN_OR_RETURN(dense.kernel, tensor(variable_path(vars, 0), {width, dense.units}));
    if (!dense.use_bias) return {};
    TL_ASSIGN_OR_RETURN(dense.bias, tensor(variable_path(vars, 1), {dense.units}));
    return {};
  }

  Status read_optimizer(Model& model) const {
    if (!file_.contains(variable_path(kOptimizerVars, 0))) return {};
    TL_ASSIGN_OR_RETURN(model.optimizer_state.iterations, iterations());
    TL_RETURN_IF_ERROR(read_learning_rate(model.compile->optimizer));
    if (!file_.contains(variable_path(kOptimizerVars, kFirstSlot))) return {};  // Never trained.
    size_t index = kFirstSlot;
    for (const Tensor* weight : std::as_const(model).weights()) {
      TL_ASSIGN_OR_RETURN(Tensor momentum,
                          tensor(variable_path(kOptimizerVars, index++), weight->shape));
      TL_ASSIGN_OR_RETURN(Tensor velocity,
                          tensor(variable_path(kOptimizerVars, index++), weight->shape));
      model.optimizer_state.momentum.push_back(std::move(momentum));
      model.optimizer_state.velocity.push_back(std::move(velocity));
    }
    if (file_.contains(variable_path(kOptimizerVars, index))) {
      return fail(ErrorCode::kBadData, "Adam has no variable of this number",
                  where_ + ": " + variable_path(kOptimizerVars, index));
    }
    return {};
  }

 private:
  /// The shape is checked before a byte is read.
  Result<Tensor> tensor(const std::string& path, const std::vector<int64_t>& shape) const {
    const auto found = file_.shape(path);
    if (!found) {
      Error error = found.error();
      if (error.code == ErrorCode::kNotFound) {
        error.code = ErrorCode::kBadData;
        error.message = "the weights of this variable are missing";
      }
      return tl::unexpected<Error>(std::move(error));
    }
    if (*found != shape) {
      return fail(ErrorCode::kBadData, "expected shape " + shape_text(shape) + ", got " +
                  shape_text(*found),
                  where_ + ": " + path);
    }
    return file_.read_floats(path);
  }

  /// A group that belongs to another layer, or holds more than this one can use, is a mix-up.
  Status check_vars(const std::string& vars, const std::string& name, size_t variables) const {
    if (!file_.contains(vars)) {
      return fail(ErrorCode::kBadData, "the weights of layer \"" + name + "\" are missing",
                  where_ + ": " + vars);
    }
    TL_ASSIGN_OR_RETURN(const auto owner, file_.attribute(vars, "name"));
    if (owner && *owner != name) {
      return fail(ErrorCode::kBadData, "expected the weights of layer \"" + name +
                  "\", got those of \"" +
                                           *owner + "\"", where_ + ": " + vars);
    }
    if (file_.contains(variable_path(vars, variables))) {
      return fail(ErrorCode::kBadData, "layer \"" + name + "\" has no variable of this number",
                  where_ + ": " + variable_path(vars, variables));
    }
    return {};
  }

  Result<int64_t> iterations() const {
    const std::string path = variable_path(kOptimizerVars, 0);
    TL_ASSIGN_OR_RETURN(const auto values, file_.read_integers(path));
    if (values.size() != 1 || values[0] < 0) {
      return fail(ErrorCode::kBadData, "expected one number of iterations", where_ + ": " + path);
    }
    return values[0];
  }

  /// The variable is what training goes on with. It is a float32, so the config's more exact number
  /// stays when both say the same.
  Status read_learning_rate(Adam& adam) const {
    TL_ASSIGN_OR_RETURN(const Tensor rate, tensor(variable_path(kOptimizerVars, 1), {}));
    if (static_cast<float>(adam.learning_rate) != rate.data[0]) adam.learning_rate = rate.data[0];
    return {};
  }

  const Hdf5Reader& file_;
  std::string where_;
};

void add_optimizer(const Model& model, std::vector<Hdf5Object>& objects) {
  objects.push_back({kOptimizerVars, {}, {{"name", kAdamName}}});
  objects.push_back({variable_path(kOptimizerVars, 0), model.optimizer_state.iterations, {}});
  objects.push_back({variable_path(kOptimizerVars, 1),
                     static_cast<float>(model.compile->optimizer.learning_rate), {}});
  size_t index = kFirstSlot;
  for (size_t i = 0; i < model.optimizer_state.momentum.size(); ++i) {
    objects.push_back({variable_path(kOptimizerVars, index++), &model.optimizer_state.momentum[i],
                       {}});
    objects.push_back({variable_path(kOptimizerVars, index++), &model.optimizer_state.velocity[i],
                       {}});
  }
}

void add_layer(const Layer& layer, const std::string& group, std::vector<Hdf5Object>& objects) {
  if (std::holds_alternative<InputLayer>(layer)) return;  // Sequential keeps none for its input.
  const std::string vars = group + "/vars";
  const std::string& name =
      std::visit([](const auto& any) -> const std::string& { return any.name; }, layer);
  objects.push_back({vars, {}, {{"name", name}}});
  const auto* dense = std::get_if<Dense>(&layer);
  if (dense == nullptr) return;
  objects.push_back({variable_path(vars, 0), &dense->kernel, {}});
  if (dense->use_bias) objects.push_back({variable_path(vars, 1), &dense->bias, {}});
}

}  // namespace

Result<Model> read_weights(ParsedConfig config, std::span<const std::byte> bytes,
                           const std::string& where) {
  TL_ASSIGN_OR_RETURN(const Hdf5Reader file, Hdf5Reader::open(bytes, where));
  const WeightReader reader(file, where);
  Model model = std::move(config.model);
  int64_t width = model.input_width();
  for (size_t i = 0; i < model.layers.size(); ++i) {
    auto* dense = std::get_if<Dense>(&model.layers[i]);
    if (dense == nullptr) continue;
    TL_RETURN_IF_ERROR(reader.read_layer(*dense, width, config.groups[i]));
    width = dense->units;
  }
  if (model.compile) TL_RETURN_IF_ERROR(reader.read_optimizer(model));
  return model;
}

Result<std::string> weights_bytes(const Model& model) {
  std::vector<Hdf5Object> objects;
  const std::vector<std::string> groups = sequential_groups(model);
  for (size_t i = 0; i < model.layers.size(); ++i) add_layer(model.layers[i], groups[i], objects);
  if (model.compile) add_optimizer(model, objects);
  objects.push_back({"vars", {}, {{"name", model.name}}});
  return hdf5_bytes(objects);
}

}  // namespace thunderline::cerebros::keras
