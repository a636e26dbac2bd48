#include "thunderline/cerebros/onnx/verify.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/forward.h"
#include "thunderline/cerebros/onnx/runtime/ort_session.h"

namespace thunderline::cerebros::onnx {
namespace {

constexpr int64_t kBatches[] = {1, 3};
constexpr double kLeastScale = 1e-3;

/// Not a number counts as infinitely wrong.
double error_of(std::span<const float> got, std::span<const float> want) {
  double worst = 0.0;
  double scale = kLeastScale;
  for (size_t i = 0; i < want.size(); ++i) {
    const double difference = std::abs(static_cast<double>(got[i]) - want[i]);
    worst = std::max(worst, std::isnan(difference) ? INFINITY : difference);
    scale = std::max(scale, std::abs(static_cast<double>(want[i])));
  }
  return worst / scale;
}

Status check_widths(const keras::Model& model, const OrtSession& session,
                    const std::string& where) {
  if (session.has_float_rows() && session.input_width() == model.input_width() &&
      session.output_width() == model.output_width()) {
    return {};
  }
  return fail(ErrorCode::kBadData,
              "the ONNX model is not one of " + std::to_string(model.input_width()) +
                  " inputs and " +
                  std::to_string(model.output_width()) + " outputs, float32", where);
}

}  // namespace

Result<VerifyReport> verify(const keras::Model& model, std::span<const std::byte> onnx,
                            const std::string& where, const VerifyOptions& options) {
  TL_ASSIGN_OR_RETURN(const auto session, OrtSession::create(onnx, {}, where));
  TL_RETURN_IF_ERROR(check_widths(model, *session, where));
  VerifyReport report;
  report.tolerance = options.tolerance;
  Random random(options.seed);
  for (const int64_t rows : kBatches) {
    std::vector<float> x(static_cast<size_t>(rows * model.input_width()));
    std::generate(x.begin(), x.end(), [&] { return static_cast<float>(random.normal()); });
    TL_ASSIGN_OR_RETURN(const std::vector<float> want, keras::forward(model, x, rows));
    std::vector<float> got(want.size());
    TL_RETURN_IF_ERROR(session->run_floats(x, rows, got));
    report.max_error = std::max(report.max_error, error_of(got, want));
    report.rows += rows;
  }
  if (report.max_error > options.tolerance) {
    return fail(ErrorCode::kBadData,
                "the ONNX model differs from the Keras model by " +
                    std::to_string(report.max_error) +
                    " of its scale, allowed are " + std::to_string(options.tolerance), where);
  }
  return report;
}

}  // namespace thunderline::cerebros::onnx
