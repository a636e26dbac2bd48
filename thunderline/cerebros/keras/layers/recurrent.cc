#include <memory>

#include "thunderline/cerebros/keras/layers/layer.h"

namespace thunderline::cerebros::keras {
namespace {

/// A recurrent cell: its variables, made in the outer graph, and one step of it, in the inner one.
struct Cell {
  std::vector<int64_t> state_sizes;
  size_t output = 0;          ///< Which state is the output.
  std::vector<Ref> captured;  ///< Outer values, in the order in which `step` takes them.
  /// (inner graph, input of the step, states, captured) → states.
  std::function<std::vector<Ref>(GraphBuilder&, Ref, const std::vector<Ref>&,
                                 const std::vector<Ref>&)>
      step;
};

Ref affine(GraphBuilder& g, Ref x, Ref kernel) { return g.add(graph::matmul(), {x, kernel}); }

Ref part(GraphBuilder& g, Ref x, int64_t units, int64_t k) {
  return g.add(graph::slice(-1, k * units, (k + 1) * units, 1), {x});
}

/// Masks of dropout stay the same along a sequence: the outer graph draws them.
std::optional<Ref> drop_mask(Call& call, const char* key, Ref like, int64_t width) {
  const double rate = call.number(key, 0.0);
  if (!(rate >= 0 && rate < 1)) call.refuse(key);
  if (rate <= 0 || !call.assembly().training || call.g().failed()) return std::nullopt;
  const Ref ones = call.g().add(graph::fill(DType::kFloat32, 1.0, {-1, width}), {like});
  return call.g().add(graph::dropout(rate, {}, call.seed()), {ones});
}

struct Weights {
  int64_t units = 0;
  bool use_bias = true;
  std::vector<Ref> refs;  ///< kernel, recurrent kernel, bias, masks: what there is.
  int bias = -1, input_mask = -1, state_mask = -1;
};

Weights weights_of(Call& call, Ref like, int64_t inputs, int64_t gates, bool double_bias) {
  Weights w;
  w.units = call.integer("units", 0);
  if (w.units < 1) call.refuse("units");
  w.use_bias = call.flag("use_bias", true);
  w.refs = {call.variable("kernel", {inputs, gates * w.units}),
            call.variable("recurrent_kernel", {w.units, gates * w.units})};
  const auto add = [&](Ref ref) {
    w.refs.push_back(ref);
    return static_cast<int>(w.refs.size()) - 1;
  };
  if (w.use_bias) {
    w.bias = add(call.variable("bias", double_bias ? graph::Shape{2, gates * w.units}
                                                   : graph::Shape{gates * w.units}));
  }
  if (const auto mask = drop_mask(call, "dropout", like, inputs)) w.input_mask = add(*mask);
  if (const auto mask = drop_mask(call, "recurrent_dropout", like, w.units)) {
    w.state_mask = add(*mask);
  }
  return w;
}

Ref times_mask(GraphBuilder& g, Ref x, const std::vector<Ref>& captured, int at) {
  return at < 0 ? x : g.f(Binary::kMultiply, x, captured[static_cast<size_t>(at)]);
}

Ref plus_bias(GraphBuilder& g, Ref x, const std::vector<Ref>& captured, int at, int row) {
  if (at < 0) return x;
  Ref bias = captured[static_cast<size_t>(at)];
  if (row >= 0) bias = g.add(graph::slice(0, row, row + 1, 1), {bias});
  return g.f(Binary::kAdd, x, bias);
}

Cell simple_cell(Call& call, Ref like, int64_t inputs) {
  const Weights w = weights_of(call, like, inputs, 1, false);
  const Json activation = call.has("activation") ? call.setting("activation") : Json("linear");
  return {{w.units}, 0, w.refs,
          [w, activation](GraphBuilder& g, Ref x, const std::vector<Ref>& states,
                          const std::vector<Ref>& c) {
            Ref z = affine(g, times_mask(g, x, c, w.input_mask), c[0]);
            z = plus_bias(g, z, c, w.bias, -1);
            z = g.f(Binary::kAdd, z, affine(g, times_mask(g, states[0], c, w.state_mask), c[1]));
            return std::vector<Ref>{activate(g, activation, z)};
          }};
}

Cell lstm_cell(Call& call, Ref like, int64_t inputs) {
  call.flag("unit_forget_bias", true);
  const Weights w = weights_of(call, like, inputs, 4, false);
  const Json activation = call.setting("activation");
  const Json gate = call.setting("recurrent_activation");
  return {{w.units, w.units}, 0, w.refs,
          [w, activation, gate](GraphBuilder& g, Ref x, const std::vector<Ref>& states,
                                const std::vector<Ref>& c) {
            Ref z = affine(g, times_mask(g, x, c, w.input_mask), c[0]);
            z = g.f(Binary::kAdd, z, affine(g, times_mask(g, states[0], c, w.state_mask), c[1]));
            z = plus_bias(g, z, c, w.bias, -1);
            const Ref i = activate(g, gate, part(g, z, w.units, 0));
            const Ref f = activate(g, gate, part(g, z, w.units, 1));
            const Ref fresh = activate(g, activation, part(g, z, w.units, 2));
            const Ref o = activate(g, gate, part(g, z, w.units, 3));
            const Ref carry = g.f(Binary::kAdd, g.f(Binary::kMultiply, f, states[1]),
                                  g.f(Binary::kMultiply, i, fresh));
            return std::vector<Ref>{g.f(Binary::kMultiply, o, activate(g, activation, carry)),
                                    carry};
          }};
}

Cell gru_cell(Call& call, Ref like, int64_t inputs) {
  const bool after = call.flag("reset_after", true);
  const Weights w = weights_of(call, like, inputs, 3, after);
  const Json activation = call.setting("activation");
  const Json gate = call.setting("recurrent_activation");
  return {{w.units}, 0, w.refs,
          [w, activation, gate, after](GraphBuilder& g, Ref x, const std::vector<Ref>& states,
                                       const std::vector<Ref>& c) {
            const int64_t u = w.units;
            const Ref h = states[0];
            const Ref kept = times_mask(g, h, c, w.state_mask);
            const Ref in = plus_bias(g, affine(g, times_mask(g, x, c, w.input_mask), c[0]), c,
                                     w.bias, after ? 0 : -1);
            Ref inner;
            if (after) inner = plus_bias(g, affine(g, kept, c[1]), c, w.bias, 1);
            else inner = affine(g, kept, g.add(graph::slice(-1, 0, 2 * u, 1), {c[1]}));
            const auto gated = [&](int64_t k) {
              return activate(g, gate, g.f(Binary::kAdd, part(g, in, u, k), part(g, inner, u, k)));
            };
            const Ref z = gated(0), r = gated(1);
            Ref reset;
            if (after) {
              reset = g.f(Binary::kMultiply, r, part(g, inner, u, 2));
            } else {
              reset = affine(g, g.f(Binary::kMultiply, r, kept), part(g, c[1], u, 2));
            }
            const Ref fresh =
                activate(g, activation, g.f(Binary::kAdd, part(g, in, u, 2), reset));
            const Ref rest = g.f(Binary::kMultiply, g.f(Binary::kSubtract, g.number(1.0), z), fresh);
            return std::vector<Ref>{g.f(Binary::kAdd, g.f(Binary::kMultiply, z, h), rest)};
          }};
}

std::optional<Cell> cell_of(Call& parent, const Json& entry, const std::string& attribute, Ref like,
                            int64_t inputs);

/// Cells one upon the other; Keras lists their states one after another.
Cell stacked_cell(Call& call, Ref like, int64_t inputs) {
  Cell all;
  std::vector<Cell> cells;
  std::map<std::string, int> counts;
  for (const Json& entry : call.setting("cells")) {
    const std::string base = entry.value("class_name", "") == "LSTMCell"  ? "lstm_cell"
                             : entry.value("class_name", "") == "GRUCell" ? "gru_cell"
                                                                          : "simple_rnn_cell";
    const int count = counts[base]++;
    const std::string group = "cells/" + base + (count == 0 ? "" : "_" + std::to_string(count));
    auto cell = cell_of(call, entry, group, like, inputs);
    if (!cell) return {};
    inputs = cell->state_sizes[cell->output];
    all.output = all.state_sizes.size() + cell->output;
    all.state_sizes.insert(all.state_sizes.end(), cell->state_sizes.begin(),
                           cell->state_sizes.end());
    all.captured.insert(all.captured.end(), cell->captured.begin(), cell->captured.end());
    cells.push_back(*std::move(cell));
  }
  all.step = [cells](GraphBuilder& g, Ref x, const std::vector<Ref>& states,
                     const std::vector<Ref>& captured) {
    std::vector<Ref> result;
    size_t s = 0, c = 0;
    for (const Cell& cell : cells) {
      const auto at = [](const std::vector<Ref>& refs, size_t first, size_t count) {
        const auto begin = refs.begin() + static_cast<int64_t>(first);
        return std::vector<Ref>(begin, begin + static_cast<int64_t>(count));
      };
      const auto next = cell.step(g, x, at(states, s, cell.state_sizes.size()),
                                  at(captured, c, cell.captured.size()));
      s += cell.state_sizes.size();
      c += cell.captured.size();
      x = next[cell.output];
      result.insert(result.end(), next.begin(), next.end());
    }
    return result;
  };
  return all;
}

std::optional<Cell> cell_of(Call& parent, const Json& entry, const std::string& attribute, Ref like,
                            int64_t inputs) {
  const std::string name = entry.is_object() ? entry.value("class_name", "") : "";
  if (!entry.is_object() || !entry.contains("config") || !entry["config"].is_object()) {
    parent.fail("a cell has no config");
    return std::nullopt;
  }
  Call call = parent.inner(entry["config"], attribute);
  Cell cell;
  if (name == "LSTMCell") cell = lstm_cell(call, like, inputs);
  else if (name == "GRUCell") cell = gru_cell(call, like, inputs);
  else if (name == "SimpleRNNCell") cell = simple_cell(call, like, inputs);
  else if (name == "StackedRNNCells") cell = stacked_cell(call, like, inputs);
  else call.fail("the cell class " + name + " is not supported",
                 "supported: GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells");
  if (const Status read = call.check_all_read(); !read) call.g().fail_with(read.error());
  if (call.g().failed()) return std::nullopt;
  return cell;
}

/// Runs a cell along the input, and gives what Keras's RNN gives.
void run_cell(Call& call, const Cell& cell) {
  GraphBuilder& g = call.g();
  const bool sequences = call.flag("return_sequences", false);
  const bool give_states = call.flag("return_state", false);
  const bool reverse = call.flag("go_backwards", false);
  const bool zero_masked = call.flag("zero_output_for_mask", false);
  if (call.flag("stateful", false) && call.assembly().training) return call.refuse("stateful");
  if (g.failed()) return;
  const Ref x = call.x();
  const auto named = call.named.find("mask");
  const std::optional<Ref> mask =
      named == call.named.end() ? call.mask() : std::optional(named->second.first);
  std::vector<Ref> states;
  for (size_t k = 0; k < cell.state_sizes.size(); ++k) {
    const auto start = call.named.find("initial_state[" + std::to_string(k) + "]");
    if (start != call.named.end()) states.push_back(start->second.first);
    else if (k + 1 < call.inputs.size()) states.push_back(call.inputs[k + 1].first);
    else states.push_back(g.add(graph::fill(DType::kFloat32, 0.0, {-1, cell.state_sizes[k]}), {x}));
  }
  const size_t own = states.size();
  const bool carries_output = mask && !zero_masked;
  if (carries_output) {
    states.push_back(g.add(graph::fill(DType::kFloat32, 0.0, {-1, cell.state_sizes[cell.output]}), {x}));
  }

  GraphBuilder body(call.name() + "/step");
  body.set_scope(call.name() + "/step");
  std::vector<Ref> inner_states, captured;
  for (size_t k = 0; k < states.size(); ++k) {
    inner_states.push_back(body.input("state_" + std::to_string(k), g.type(states[k])));
  }
  const Ref step = body.input("x", {DType::kFloat32, {-1, g.extent(x, 2)}});
  std::optional<Ref> keep;
  if (mask) keep = body.input("mask", {DType::kBool, {-1, 1}});
  for (size_t k = 0; k < cell.captured.size(); ++k) {
    captured.push_back(body.input("captured_" + std::to_string(k), g.type(cell.captured[k])));
  }
  std::vector<Ref> next = cell.step(body, step, inner_states, captured);
  // Of stacked cells, the last one's first state is the output.
  const size_t last = cell.output;
  if (body.failed() || next.size() <= last) return g.fail_with(body.finish().error());
  Ref output = next[last];
  if (mask) {
    output = body.either(*keep, output, carries_output ? inner_states.back() : body.number(0.0));
    for (size_t k = 0; k < next.size(); ++k) {
      next[k] = body.either(*keep, next[k], inner_states[k]);
    }
  }
  for (size_t k = 0; k < next.size(); ++k) body.output(next[k], "next_" + std::to_string(k));
  if (carries_output) body.output(output, "next_output");
  body.output(output, "y");
  auto graph = body.finish();
  if (!graph) return g.fail_with(graph.error());

  std::vector<Ref> operands = states;
  operands.push_back(x);
  if (mask) operands.push_back(g.expand(g.to(DType::kBool, *mask), -1));
  operands.insert(operands.end(), cell.captured.begin(), cell.captured.end());
  const auto results =
      g.add_many(graph::scan(std::make_shared<const graph::Graph>(*std::move(graph)), states.size(),
                             mask ? 2 : 1, reverse),
                 operands);
  if (g.failed()) return;
  if (sequences) call.outputs = {results.back()};
  else if (mask) call.outputs = {g.squeeze(g.add(graph::slice(1, -1, std::nullopt, 1),
                                                 {results.back()}), 1)};
  else call.outputs = {results[last]};
  call.output_mask = sequences ? mask : std::optional<Ref>();
  if (give_states) {
    call.outputs.insert(call.outputs.end(), results.begin(),
                        results.begin() + static_cast<int64_t>(own));
  }
}

bool is_sequence(Call& call) {
  if (call.g().rank(call.x()) == 3 && call.g().extent(call.x(), 2) > 0) return true;
  call.fail("expected [batch, steps, features], got " +
            graph::shape_text(call.g().shape(call.x())));
  return false;
}

/// LSTM and the like keep their settings themselves and their variables in `cell`.
template <Cell (*kCell)(Call&, Ref, int64_t)>
void lower_own_cell(Call& call) {
  if (!is_sequence(call)) return;
  const std::string outer = call.group;
  call.group += "/cell";
  const Cell cell = kCell(call, call.x(), call.g().extent(call.x(), 2));
  call.group = outer;
  if (!call.g().failed()) run_cell(call, cell);
}

void lower_rnn(Call& call) {
  if (!is_sequence(call)) return;
  const auto cell = cell_of(call, call.setting("cell"), "cell", call.x(),
                            call.g().extent(call.x(), 2));
  if (cell) run_cell(call, *cell);
}

void lower_bidirectional(Call& call) {
  GraphBuilder& g = call.g();
  Json forward = call.setting("layer");
  Json backward = call.setting("backward_layer");
  if (!forward.is_object() || !forward["config"].is_object()) return call.refuse("layer");
  const bool sequences = forward["config"].value("return_sequences", Json(false)) == true;
  if (!backward.is_object()) {
    backward = forward;
    backward["config"]["go_backwards"] = forward["config"].value("go_backwards", Json(false)) != true;
  }
  if (!backward["config"].is_object()) return call.refuse("backward_layer");
  if (forward["config"].value("return_state", Json(false)) == true) return call.refuse("layer");
  std::vector<Ref> halves;
  for (const auto& [entry, attribute] :
       {std::pair{&forward, "forward_layer"}, std::pair{&backward, "backward_layer"}}) {
    (*entry)["config"]["zero_output_for_mask"] = sequences;
    Call half = call.inner((*entry)["config"], attribute);
    half.inputs = call.inputs;
    half.named = call.named;
    if (call.inputs.size() > 1) return call.fail("initial states are not supported");
    lower_layer(half, *entry);
    if (g.failed() || half.outputs.empty()) return;
    halves.push_back(half.outputs[0]);
  }
  if (sequences) halves[1] = g.add(graph::slice(1, std::nullopt, std::nullopt, -1), {halves[1]});
  const std::string merge = call.text("merge_mode", "");
  if (merge == "concat") call.outputs = {g.add(graph::concatenate(-1), halves)};
  else if (merge == "sum") call.outputs = {g.f(Binary::kAdd, halves[0], halves[1])};
  else if (merge == "mul") call.outputs = {g.f(Binary::kMultiply, halves[0], halves[1])};
  else if (merge == "ave") {
    call.outputs = {g.f(Binary::kDivide, g.f(Binary::kAdd, halves[0], halves[1]), 2.0)};
  } else if (merge.empty()) call.outputs = halves;
  else call.refuse("merge_mode");
  if (sequences) call.output_mask = call.mask();
}

/// Steps become rows of a longer batch.
void lower_time_distributed(Call& call) {
  GraphBuilder& g = call.g();
  const Ref x = call.x();
  const Json& entry = call.setting("layer");
  if (!entry.is_object() || !entry.contains("config")) return call.refuse("layer");
  const int64_t steps = g.extent(x, 1);
  if (g.rank(x) < 2 || steps < 0) return call.fail("wants a fixed number of steps");
  std::vector<int64_t> rows = {-1};
  rows.insert(rows.end(), g.shape(x).begin() + 2, g.shape(x).end());
  Call inner = call.inner(entry["config"], "layer");
  inner.inputs = {{g.shaped(x, rows), std::nullopt}};
  lower_layer(inner, entry);
  if (g.failed() || inner.outputs.size() != 1) return;
  std::vector<int64_t> back = {-1, steps};
  const graph::Shape& shape = g.shape(inner.outputs[0]);
  back.insert(back.end(), shape.begin() + 1, shape.end());
  call.outputs = {g.shaped(inner.outputs[0], back)};
}

constexpr LayerType kLayers[] = {
    {"Bidirectional", lower_bidirectional},
    {"GRU", lower_own_cell<gru_cell>},
    {"LSTM", lower_own_cell<lstm_cell>},
    {"RNN", lower_rnn},
    {"SimpleRNN", lower_own_cell<simple_cell>},
    {"TimeDistributed", lower_time_distributed, MaskRule::kPass},
};

}  // namespace

std::span<const LayerType> recurrent_layers() { return kLayers; }

}  // namespace thunderline::cerebros::keras
