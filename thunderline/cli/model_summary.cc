#include "thunderline/cli/model_summary.h"

#include "thunderline/base/json_util.h"
#include "thunderline/cli/output.h"

namespace thunderline::cli {
namespace {

namespace keras = cerebros::keras;

/// What the table and the document say of one layer.
struct LayerFacts {
  std::string name;
  std::string type;
  std::string detail;
  int64_t width = 0;
  int64_t parameters = 0;
};

LayerFacts facts_of(const keras::InputLayer& layer, int64_t) {
  return {layer.name, "InputLayer", "", layer.width, 0};
}

LayerFacts facts_of(const keras::Dense& layer, int64_t) {
  return {layer.name, "Dense", keras::activation_name(layer.activation), layer.units,
          static_cast<int64_t>(layer.kernel.data.size() + layer.bias.data.size())};
}

LayerFacts facts_of(const keras::Dropout& layer, int64_t width) {
  return {layer.name, "Dropout", "rate " + number_text(layer.rate), width, 0};
}

std::vector<LayerFacts> facts_of(const keras::Model& model) {
  std::vector<LayerFacts> all;
  int64_t width = 0;
  for (const keras::Layer& layer : model.layers) {
    all.push_back(std::visit([&](const auto& any) { return facts_of(any, width); }, layer));
    width = all.back().width;
  }
  return all;
}

}  // namespace

std::string summary_table(const keras::Model& model) {
  Table table({"LAYER", "TYPE", "OUTPUT", "PARAMETERS", "DETAIL"});
  for (const LayerFacts& layer : facts_of(model)) {
    table.add({layer.name, layer.type, "[?, " + std::to_string(layer.width) + "]",
               std::to_string(layer.parameters), layer.detail});
  }
  std::string text = "model " + model.name + ", " + std::to_string(model.parameter_count()) +
                     " parameters\n" + table.text();
  if (model.compile) {
    text += "\nloss " + std::string(keras::loss_name(model.compile->loss)) +
            ", adam with learning rate " + number_text(model.compile->optimizer.learning_rate) +
            ", " + std::to_string(model.optimizer_state.iterations) + " steps trained";
  }
  return text;
}

std::string summary_json(const keras::Model& model) {
  OrderedJson layers = OrderedJson::array();
  for (const LayerFacts& layer : facts_of(model)) {
    layers.push_back({{"name", layer.name},
                      {"type", layer.type},
                      {"output_width", layer.width},
                      {"parameters", layer.parameters},
                      {"detail", layer.detail}});
  }
  OrderedJson document = {{"name", model.name},
                          {"parameters", model.parameter_count()},
                          {"inputs", model.input_width()},
                          {"outputs", model.output_width()},
                          {"loss", nullptr},
                          {"layers", std::move(layers)}};
  if (model.compile) document["loss"] = keras::loss_name(model.compile->loss);
  return dump_json(document);
}

}  // namespace thunderline::cli
