#pragma once

#include <span>
#include <vector>

#include "thunderline/cerebros/train/network_compile.h"
#include "thunderline/cerebros/train/network_fit.h"
#include "thunderline/cerebros/train/network_plan.h"

namespace thunderline::cerebros::train {

/// Checks shapes and numbers of all arrays against a network and what it was compiled with, and
/// gives each the rank that is wanted ([n] becomes [n, 1]). After it, `sample_weights` is empty or
/// has one array an output. `where` names the data in errors.
/// Errors: kInvalidArgument for shapes; kBadData that names the row of a number that is not finite
/// or of a class that the output does not have.
Result<NetworkData> conform(NetworkData data, const graph::Graph& graph,
                            const NetworkCompile& compile, const std::string& where);

/// Shapes of targets and weights as a graph of losses takes them.
std::vector<TargetType> target_types(const NetworkData& data);

/// The given rows of `data`, written into `batch`, whose buffers are used again.
void take_rows(const NetworkData& data, std::span<const int64_t> rows, NetworkData& batch);

/// The rows [first, first + count).
NetworkData row_range(const NetworkData& data, int64_t first, int64_t count);

/// The weight of each row by its class: the place of the largest of several columns, else the
/// number itself. Source: keras class_weight_to_sample_weights, 3.15.1.
graph::Array class_weights(const std::map<int, double>& class_weight, const graph::Array& target);

}  // namespace thunderline::cerebros::train
