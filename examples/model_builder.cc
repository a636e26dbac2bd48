// A model of your own in a study: a network that narrows from layer to layer, its width and rate
// chosen by TPE, trained here and written for Keras and ONNX Runtime.

#include <cstdio>
#include <string>

#include "thunderline/base/file_system.h"
#include "thunderline/base/random.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/keras/builders/scoring_mlp.h"
#include "thunderline/cerebros/onnx/converter.h"
#include "thunderline/cerebros/tpe/study.h"
#include "thunderline/cerebros/train/fit.h"

using namespace thunderline;
using namespace thunderline::cerebros;

namespace {

/// 8 numbers → width → width / 2 → score.
Result<keras::Model> build_funnel(int64_t width, double learning_rate) {
  keras::ScoringMlpOptions options;
  options.inputs = 8;
  options.hidden_dim = width;
  options.num_layers = 1;
  options.dropout = 0;
  options.learning_rate = learning_rate;
  TL_ASSIGN_OR_RETURN(keras::Model model, keras::build_scoring_mlp(options));
  options.inputs = width;
  options.hidden_dim = width / 2;
  options.seed = 1;
  TL_ASSIGN_OR_RETURN(const keras::Model narrow, keras::build_scoring_mlp(options));
  // features, hidden_1, score: the second network's layers take the place of the first's score.
  keras::Dense second = std::get<keras::Dense>(narrow.layers[1]);
  second.name = "hidden_2";
  model.layers.pop_back();
  model.layers.emplace_back(std::move(second));
  model.layers.push_back(narrow.layers[2]);
  TL_RETURN_IF_ERROR(keras::validate(model));
  return model;
}

Status search(const std::string& folder) {
  constexpr int64_t kRows = 512;
  std::vector<float> x;
  std::vector<float> y;
  Random random(42);
  for (int64_t row = 0; row < kRows; ++row) {
    for (int i = 0; i < 8; ++i) x.push_back(static_cast<float>(random.normal()));
    const float* now = &x[static_cast<size_t>(row) * 8];
    y.push_back(now[0] * now[1] + now[2] > 0 ? 1.0f : 0.0f);
  }

  tpe::Study::Options study_options;
  study_options.name = "funnel";
  study_options.seed = 42;
  TL_ASSIGN_OR_RETURN(const auto study, tpe::Study::create(std::move(study_options)));
  keras::Model best;
  double best_loss = 1e9;
  for (int number = 0; number < 5; ++number) {
    TL_ASSIGN_OR_RETURN(tpe::Trial trial, study->ask());
    TL_ASSIGN_OR_RETURN(const int64_t width, trial.suggest_int("width", 8, 64));
    TL_ASSIGN_OR_RETURN(const double rate, trial.suggest_float("rate", 1e-3, 1e-1, {.log = true}));
    TL_ASSIGN_OR_RETURN(const keras::Model model, build_funnel(width, rate));
    train::FitOptions fit;
    fit.epochs = 10;
    fit.validation_split = 0.25;
    TL_ASSIGN_OR_RETURN(train::FitResult result, train::fit(model, {x, y, {}, kRows}, fit));
    const double loss = result.history.values.at("val_loss").back();
    TL_RETURN_IF_ERROR(study->tell(trial.number(), loss));
    if (loss < best_loss) {
      best_loss = loss;
      best = std::move(result.model);
    }
  }
  std::printf("best val_loss %.3f with %lld parameters\n", best_loss,
              static_cast<long long>(best.parameter_count()));
  FileSystem& files = posix_file_system();
  TL_RETURN_IF_ERROR(keras::save_keras(files, folder + "/funnel.keras", best, {}));
  TL_ASSIGN_OR_RETURN(const std::string onnx, onnx::to_onnx(best));
  return write_file_atomically(files, folder + "/funnel.onnx", onnx);
}

}  // namespace

int main(int argc, char** argv) {
  const Status done = search(argc > 1 ? argv[1] : ".");
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", to_string(done.error()).c_str());
  return 1;
}
