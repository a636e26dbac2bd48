#include <algorithm>

#include "thunderline/cerebros/graph/op.h"
#include "thunderline/cerebros/graph/ops/multiply.h"

namespace thunderline::cerebros::graph {
namespace {

using Types = std::vector<ValueType>;
using Names = std::vector<std::string>;

class MatmulOp : public Op {
 public:
  std::string name() const override { return "MatMul"; }

  Result<Types> infer(const Types& in) const override {
    const Shape& a = in[0].shape;
    const Shape& b = in[1].shape;
    const auto refuse = [&] {
      return fail(ErrorCode::kInvalidArgument,
                  shape_text(a) + " and " + shape_text(b) + " cannot be multiplied");
    };
    if (a.size() < 2 || b.size() < 2 || in[0].dtype != in[1].dtype) return refuse();
    const int64_t k = a.back(), l = b[b.size() - 2];
    if (k >= 0 && l >= 0 && k != l) return refuse();
    TL_ASSIGN_OR_RETURN(Shape shape,
                        broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2}));
    shape.push_back(a[a.size() - 2]);
    shape.push_back(b.back());
    return Types{{in[0].dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, y.shape, [&](int64_t at_a, int64_t at_b, int64_t at_y, int64_t m, int64_t n,
                           int64_t k) {
      multiply_add(in[0]->data.data() + at_a, k, 1, in[1]->data.data() + at_b,
                   y.data.data() + at_y, m, n, k);
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays& out, const Arrays& grads,
                  const RunContext&) const override {
    Array da = zeros(in[0]->shape);
    Array db = zeros(in[1]->shape);
    std::vector<double> turned;  // bᵀ, so that all three products run along rows
    visit(in, out[0].shape, [&](int64_t at_a, int64_t at_b, int64_t at_y, int64_t m, int64_t n,
                                int64_t k) {
      const double* grad = grads[0].data.data() + at_y;
      const double* a = in[0]->data.data() + at_a;
      const double* b = in[1]->data.data() + at_b;
      turned.resize(static_cast<size_t>(n * k));
      for (int64_t l = 0; l < k; ++l) {
        for (int64_t j = 0; j < n; ++j) turned[static_cast<size_t>(j * k + l)] = b[l * n + j];
      }
      multiply_add(grad, n, 1, turned.data(), da.data.data() + at_a, m, k, n);
      multiply_add(a, 1, k, grad, db.data.data() + at_b, k, n, m);
    });
    return {std::move(da), std::move(db)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("MatMul", in);
  }

 private:
  /// Calls body(offsets of a, b, y, m, n, k) for each pair of matrices. A plain matrix on the right
  /// takes all rows on the left at once.
  template <typename Body>
  static void visit(const ArrayRefs& in, const Shape& shape, Body body) {
    const Shape& a = in[0]->shape;
    const Shape& b = in[1]->shape;
    const int64_t k = a.back(), n = b.back(), m = a[a.size() - 2];
    if (b.size() == 2) {
      body(0, 0, 0, element_count({a.begin(), a.end() - 1}), n, k);
      return;
    }
    const Shape lead(shape.begin(), shape.end() - 2);
    for_each_element(lead,
                     {broadcast_strides({a.begin(), a.end() - 2}, lead.size()),
                      broadcast_strides({b.begin(), b.end() - 2}, lead.size())},
                     [&](int64_t i, const std::vector<int64_t>& at) {
                       body(at[0] * m * k, at[1] * k * n, i * m * n, m, n, k);
                     });
  }
};

/// By strides over all indices: [those of the output][those summed over].
class EinsumOp : public Op {
 public:
  explicit EinsumOp(const std::string& equation) : equation_(equation) {
    const size_t comma = equation.find(',');
    const size_t arrow = equation.find("->");
    terms_ = {equation.substr(0, comma), equation.substr(comma + 1, arrow - comma - 1),
              equation.substr(arrow + 2)};
  }
  std::string name() const override { return "Einsum"; }

  Result<Types> infer(const Types& in) const override {
    std::vector<int64_t> extents(256, -2);
    for (size_t t = 0; t < 2; ++t) {
      if (terms_[t].size() != in[t].shape.size()) return mismatch(in);
      for (size_t i = 0; i < terms_[t].size(); ++i) {
        int64_t& extent = extents[static_cast<unsigned char>(terms_[t][i])];
        const int64_t here = in[t].shape[i];
        if (extent >= 0 && here >= 0 && extent != here) return mismatch(in);
        extent = std::max(extent, here);
      }
    }
    Shape shape;
    for (const char c : terms_[2]) {
      const int64_t extent = extents[static_cast<unsigned char>(c)];
      if (extent == -2) return mismatch(in);
      shape.push_back(extent);
    }
    return Types{{in[0].dtype, std::move(shape)}};
  }

  Result<Arrays> forward(const ArrayRefs& in, const Types& types,
                         const RunContext&) const override {
    Array y = zeros(types[0].shape);
    visit(in, [&](size_t a, size_t b, size_t to) {
      y.data[to] += in[0]->data[a] * in[1]->data[b];
    });
    return Arrays{std::move(y)};
  }

  Arrays backward(const ArrayRefs& in, const Arrays&, const Arrays& grads,
                  const RunContext&) const override {
    Array da = zeros(in[0]->shape);
    Array db = zeros(in[1]->shape);
    visit(in, [&](size_t a, size_t b, size_t to) {
      da.data[a] += grads[0].data[to] * in[1]->data[b];
      db.data[b] += grads[0].data[to] * in[0]->data[a];
    });
    return {std::move(da), std::move(db)};
  }

  Result<Names> emit(OnnxSink& sink, const Names& in, const Types&) const override {
    return sink.node("Einsum", in, {OnnxSink::of_text("equation", equation_)});
  }

 private:
  tl::unexpected<Error> mismatch(const Types& in) const {
    return fail(ErrorCode::kInvalidArgument, "einsum " + equation_ + " does not fit " +
                                                 shape_text(in[0].shape) + " and " +
                                                 shape_text(in[1].shape));
  }

  /// Strides of a term by index letter.
  static std::vector<int64_t> strides_of(const std::string& term, const Shape& shape,
                                         const std::string& letters) {
    std::vector<int64_t> strides(letters.size(), 0);
    int64_t stride = 1;
    for (size_t i = term.size(); i-- > 0;) {
      strides[letters.find(term[i])] = stride;
      stride *= shape[i];
    }
    return strides;
  }

  template <typename Body>
  void visit(const ArrayRefs& in, Body body) const {
    std::string letters = terms_[2];
    for (const char c : terms_[0] + terms_[1]) {
      if (letters.find(c) == std::string::npos) letters += c;
    }
    Shape extents(letters.size(), 1);
    for (size_t t = 0; t < 2; ++t) {
      for (size_t i = 0; i < terms_[t].size(); ++i) {
        extents[letters.find(terms_[t][i])] = in[t]->shape[i];
      }
    }
    Shape out;
    for (const char c : terms_[2]) out.push_back(extents[letters.find(c)]);
    for_each_element(extents,
                     {strides_of(terms_[0], in[0]->shape, letters),
                      strides_of(terms_[1], in[1]->shape, letters),
                      strides_of(terms_[2], out, letters)},
                     [&](int64_t, const std::vector<int64_t>& at) {
                       body(static_cast<size_t>(at[0]), static_cast<size_t>(at[1]),
                            static_cast<size_t>(at[2]));
                     });
  }

  std::string equation_;
  std::vector<std::string> terms_;
};

}  // namespace

OpPtr matmul() { return std::make_shared<MatmulOp>(); }
OpPtr einsum(const std::string& equation) { return std::make_shared<EinsumOp>(equation); }

}  // namespace thunderline::cerebros::graph
