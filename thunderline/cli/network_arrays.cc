#include "thunderline/cli/network_arrays.h"

#include "thunderline/base/npz.h"

namespace thunderline::cli {
namespace {

namespace graph = cerebros::graph;

/// The array of that name, or of `fallback` where it stands for the only one.
const NpyArray* find(const NpzArrays& arrays, const std::string& name,
                     const std::string& fallback) {
  auto found = arrays.find(name);
  if (found == arrays.end()) found = arrays.find(fallback);
  return found == arrays.end() ? nullptr : &found->second;
}

tl::unexpected<Error> missing(const NpzArrays& arrays, const std::string& name,
                              const std::string& path) {
  std::string present;
  for (const auto& [key, array] : arrays) present += (present.empty() ? "" : ", ") + key;
  return fail(ErrorCode::kBadData, "there is no array \"" + name + "\"", path,
              "the file has: " + (present.empty() ? "nothing" : present));
}

graph::Array to_array(const NpyArray& array) { return {array.shape, array.to_doubles()}; }

}  // namespace

Result<cerebros::train::NetworkData> load_network_arrays(FileSystem& files, const std::string& path,
                                                         const cerebros::keras::Network& network) {
  TL_ASSIGN_OR_RETURN(const NpzArrays arrays, read_npz(files, path));
  const graph::Graph& graph = *network.inference;
  cerebros::train::NetworkData data;
  for (const size_t input : graph.inputs) {
    const std::string& name = graph.values[input].name;
    const std::string fallback = graph.inputs.size() == 1 ? "x" : name;
    const NpyArray* array = find(arrays, name, fallback);
    if (array == nullptr) return missing(arrays, fallback, path);
    data.inputs.push_back(to_array(*array));
  }
  for (const std::string& name : graph.output_names) {
    const bool single = graph.output_names.size() == 1;
    const NpyArray* array = find(arrays, name, single ? "y" : name);
    if (array == nullptr && single) return missing(arrays, "y", path);
    data.targets.push_back(array == nullptr ? graph::Array{} : to_array(*array));
  }
  if (const NpyArray* weights = find(arrays, "sample_weight", "sample_weight")) {
    data.sample_weights.push_back(to_array(*weights));
  }
  return data;
}

}  // namespace thunderline::cli
