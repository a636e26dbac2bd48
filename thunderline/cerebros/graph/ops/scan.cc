#include <algorithm>

#include "thunderline/cerebros/graph/graph.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

/// Copies one step of a sequence [n, t, …], or adds it back.
template <typename Body>
void visit_step(const Shape& shape, int64_t step, Body body) {
  const int64_t width = element_count({shape.begin() + 2, shape.end()});
  for (int64_t row = 0; row < shape[0]; ++row) {
    for (int64_t i = 0; i < width; ++i) {
      body(static_cast<size_t>((row * shape[1] + step) * width + i),
           static_cast<size_t>(row * width + i));
    }
  }
}

Shape step_shape(const Shape& shape) {
  Shape step = shape;
  if (step.size() >= 2) step.erase(step.begin() + 1);
  return step;
}

class ScanOp : public Op {
 public:
  ScanOp(std::shared_ptr<const Graph> body, size_t states, size_t sequences, bool reverse)
      : body_(std::move(body)), states_(states), sequences_(sequences), reverse_(reverse) {}
  std::string name() const override { return "Scan"; }

  Result<Types> infer(const Types& in) const override {
    const Shape& first = in[states_].shape;
    for (size_t k = 0; k < sequences_; ++k) {
      const Shape& shape = in[states_ + k].shape;
      if (shape.size() < 2 || (shape[1] >= 0 && first[1] >= 0 && shape[1] != first[1])) {
        return fail(ErrorCode::kInvalidArgument,
                    "sequences " + shape_text(first) + " and " + shape_text(shape) +
                        " do not run together");
      }
    }
    Types types;
    for (size_t k = 0; k < body_->outputs.size(); ++k) {
      ValueType type = body_->values[body_->outputs[k]].type;
      if (!type.shape.empty()) type.shape[0] = first[0];
      if (k >= states_) type.shape.insert(type.shape.begin() + 1, first[1]);
      types.push_back(std::move(type));
    }
    return types;
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext& context) const override {
    Arrays outputs;
    for (size_t k = 0; k < types.size(); ++k) {
      outputs.push_back(k < states_ ? *in[k] : zeros(types[k].shape));
    }
    const int64_t steps = in[states_]->shape[1];
    for (int64_t s = 0; s < steps; ++s) {
      TL_ASSIGN_OR_RETURN(const Trace trace, run_step(in, outputs, s, steps, context));
      store_step(trace, s, outputs);
    }
    return outputs;
  }

  Arrays backward(const ArrayRefs& in, const Arrays&, const Arrays& grads,
                  const RunContext& context) const override {
    std::vector<Trace> traces = run_again(in, context);
    const int64_t steps = static_cast<int64_t>(traces.size());
    Arrays given;
    for (const Array* array : in) given.push_back(zeros(array->shape));
    Arrays carried(grads.begin(), grads.begin() + static_cast<int64_t>(states_));
    for (int64_t s = steps - 1; s >= 0; --s) {
      std::map<size_t, Array> seeds;
      for (size_t k = 0; k < body_->outputs.size(); ++k) {
        accumulate(seeds[body_->outputs[k]],
                   k < states_ ? carried[k] : step_of(grads[k], s));
      }
      const Arrays inner = backpropagate(*body_, traces[static_cast<size_t>(s)], seeds);
      traces.pop_back();
      collect(inner, place(s, steps), carried, given);
    }
    for (size_t k = 0; k < states_; ++k) given[k] = carried[k];
    return given;
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    const size_t fed = states_ + sequences_;
    const size_t stacked = body_->outputs.size() - states_;
    OnnxSink::Attribute body;
    body.name = "body";
    body.kind = OnnxSink::Attribute::Kind::kGraph;
    body.graph = body_.get();
    body.bound = in;
    std::fill_n(body.bound.begin(), fed, std::string());
    return sink.node(
        "Scan", {in.begin(), in.begin() + static_cast<int64_t>(fed)},
        {body, OnnxSink::of_int("num_scan_inputs", static_cast<int64_t>(sequences_)),
         OnnxSink::of_ints("scan_input_axes", std::vector<int64_t>(sequences_, 1)),
         OnnxSink::of_ints("scan_input_directions", std::vector<int64_t>(sequences_, reverse_)),
         OnnxSink::of_ints("scan_output_axes", std::vector<int64_t>(stacked, 1))},
        body_->outputs.size());
  }

 private:
  int64_t place(int64_t step, int64_t steps) const { return reverse_ ? steps - 1 - step : step; }

  static Array step_of(const Array& sequence, int64_t at) {
    Array step = zeros(step_shape(sequence.shape));
    visit_step(sequence.shape, at, [&](size_t whole, size_t part) {
      step.data[part] = sequence.data[whole];
    });
    return step;
  }

  /// `states` holds the states in front.
  Result<Trace> run_step(const ArrayRefs& in, const Arrays& states, int64_t s, int64_t steps,
                         const RunContext& context) const {
    Arrays slices;
    for (size_t k = 0; k < sequences_; ++k) {
      slices.push_back(step_of(*in[states_ + k], place(s, steps)));
    }
    ArrayRefs inputs;
    for (size_t k = 0; k < states_; ++k) inputs.push_back(&states[k]);
    for (const Array& slice : slices) inputs.push_back(&slice);
    for (size_t k = states_ + sequences_; k < in.size(); ++k) inputs.push_back(in[k]);
    return run(*body_, inputs, {}, context);
  }

  void store_step(const Trace& trace, int64_t s, Arrays& outputs) const {
    for (size_t k = 0; k < outputs.size(); ++k) {
      const Array& value = trace.values[body_->outputs[k]];
      if (k < states_) {
        outputs[k] = value;
        continue;
      }
      visit_step(outputs[k].shape, s, [&](size_t whole, size_t part) {
        outputs[k].data[whole] = value.data[part];
      });
    }
  }

  std::vector<Trace> run_again(const ArrayRefs& in, const RunContext& context) const {
    Arrays states;
    for (size_t k = 0; k < states_; ++k) states.push_back(*in[k]);
    std::vector<Trace> traces;
    const int64_t steps = in[states_]->shape[1];
    for (int64_t s = 0; s < steps; ++s) {
      auto trace = run_step(in, states, s, steps, context);
      TL_CHECK(trace.has_value());  // The same run went well before.
      for (size_t k = 0; k < states_; ++k) states[k] = trace->values[body_->outputs[k]];
      traces.push_back(*std::move(trace));
    }
    return traces;
  }

  /// Hands the gradients of a step's inputs on.
  void collect(const Arrays& inner, int64_t at, Arrays& carried, Arrays& given) const {
    for (size_t k = 0; k < body_->inputs.size(); ++k) {
      const Array& grad = inner[body_->inputs[k]];
      const bool none = grad.shape.empty() && grad.data.empty();
      if (k < states_) {
        carried[k] = none ? zeros(carried[k].shape) : grad;
      } else if (none) {
        continue;
      } else if (k < states_ + sequences_) {
        visit_step(given[k].shape, at, [&](size_t whole, size_t part) {
          given[k].data[whole] += grad.data[part];
        });
      } else {
        accumulate(given[k], grad);
      }
    }
  }

  std::shared_ptr<const Graph> body_;
  size_t states_;
  size_t sequences_;
  bool reverse_;
};

}  // namespace

OpPtr scan(std::shared_ptr<const Graph> body, size_t states, size_t sequences, bool reverse) {
  return std::make_shared<ScanOp>(std::move(body), states, sequences, reverse);
}

}  // namespace thunderline::cerebros::graph
