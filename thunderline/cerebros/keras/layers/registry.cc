#include <algorithm>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

/// The one place that knows every folder of layers.
std::vector<std::span<const LayerType>> layer_families() {
  return {core_layers(),          activation_layers(),  merging_layers(),
          reshaping_layers(),     regularization_layers(), normalization_layers(),
          convolution_layers(),   pooling_layers(),     recurrent_layers(),
          attention_layers()};
}

std::string names_of(const std::vector<std::span<const LayerType>>& families) {
  std::vector<std::string> names;
  for (const auto family : families) {
    for (const LayerType& type : family) names.push_back(type.name);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

const LayerType* find_layer(const std::string& class_name, bool is_operation) {
  const auto families =
      is_operation ? std::vector{operation_layers()} : layer_families();
  for (const auto family : families) {
    for (const LayerType& type : family) {
      if (class_name == type.name) return &type;
    }
  }
  return nullptr;
}

std::string supported_layers() {
  return "InputLayer, Sequential, Functional, " + names_of(layer_families()) +
         "; operations: " + names_of({operation_layers()});
}

}  // namespace thunderline::cerebros::keras
