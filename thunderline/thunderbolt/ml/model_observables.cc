#include <cstring>
#include <string>

#include "thunderline/thunderbolt/ml/keras_onnx.h"

namespace thunderline::thunderbolt {
namespace {

constexpr int64_t kFewestRows = 4;

/// A float32 matrix, [rows][columns].
struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;
};

Result<Matrix> matrix_of(const cerebros::onnx::TensorValue& tensor, const char* name) {
  if (tensor.dtype != "float32" || tensor.shape.size() != 2 || tensor.shape[0] < kFewestRows ||
      tensor.shape[1] < 1) {
    return fail(ErrorCode::kInvalidArgument,
                "expected a float32 matrix of at least 4 rows, got " + tensor.dtype + " " +
                    cerebros::onnx::shape_text(tensor.shape),
                name);
  }
  Matrix matrix{tensor.shape[0], tensor.shape[1], {}};
  matrix.values.resize(static_cast<size_t>(matrix.rows * matrix.columns));
  if (tensor.data.size() != matrix.values.size() * sizeof(float)) {
    return fail(ErrorCode::kInvalidArgument, "the tensor's bytes do not fill its shape", name);
  }
  std::memcpy(matrix.values.data(), tensor.data.data(), tensor.data.size());
  return matrix;
}

/// The values of one unit, row after row.
std::vector<double> series_of(const Matrix& matrix, int64_t column) {
  std::vector<double> series;
  for (int64_t row = 0; row < matrix.rows; ++row) {
    series.push_back(matrix.values[static_cast<size_t>(row * matrix.columns + column)]);
  }
  return series;
}

std::optional<double> locking_of(const Matrix& answers) {
  const Fft plan(static_cast<size_t>(answers.rows));
  std::vector<Phasors> phasors;
  for (int64_t column = 0; column < answers.columns; ++column) {
    const auto window = AnalyticWindow::create(plan, series_of(answers, column));
    if (window) phasors.push_back(unit_phasors(window->signal()));
  }
  if (phasors.size() < 2) return std::nullopt;
  return mean_phase_locking(phasors);
}

std::vector<double> mean_over_units(const Matrix& answers) {
  std::vector<double> means(static_cast<size_t>(answers.rows));
  for (int64_t column = 0; column < answers.columns; ++column) {
    const std::vector<double> series = series_of(answers, column);
    for (size_t row = 0; row < series.size(); ++row) {
      means[row] += series[row] / static_cast<double>(answers.columns);
    }
  }
  return means;
}

}  // namespace

Result<ModelObservables> KerasOnnx::compute_observables(const Input& input,
                                                        const Output& output) const {
  TL_ASSIGN_OR_RETURN(const Matrix rows, matrix_of(input.tensor, "input"));
  TL_ASSIGN_OR_RETURN(const Matrix answers, matrix_of(output.tensor, "output"));
  if (rows.rows != answers.rows) {
    return fail(ErrorCode::kInvalidArgument, std::to_string(rows.rows) + " rows in and " +
                                                 std::to_string(answers.rows) + " out");
  }
  // Halves of as many rows each: of an odd number the first row is left out.
  const int64_t half = answers.rows / 2;
  SigmaWindow sigma(static_cast<size_t>(half * answers.columns));
  for (const float score : std::span(answers.values)
                               .subspan(static_cast<size_t>((answers.rows % 2) * answers.columns))) {
    TL_RETURN_IF_ERROR(sigma.add(score));
  }
  ModelObservables seen;
  seen.observables.plv = locking_of(answers);
  seen.observables.sigma = sigma.sigma();
  seen.observables.entropy = sigma.entropy_now();
  if (const auto fit = rosenstein(mean_over_units(answers), {})) {
    seen.observables.lambda = fit->exponent;
  }
  const std::span<const float> layers[] = {rows.values, answers.values};
  if (const auto ratio = layer_propagation_ratio(layers)) seen.propagation = *ratio;
  return seen;
}

Result<Observed> KerasOnnx::observe(const OnnxSession& session, const Input& input) const {
  TL_ASSIGN_OR_RETURN(Output output, infer(session, input));
  TL_ASSIGN_OR_RETURN(ModelObservables observables, compute_observables(input, output));
  return Observed{std::move(output), observables};
}

}  // namespace thunderline::thunderbolt
