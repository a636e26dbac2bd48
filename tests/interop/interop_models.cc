// Lets the scripts of this folder make, read and convert models without the command line:
//   interop_models write FOLDER               archives of ours, each with x and y in NAME.npz
//   interop_models resave IN.keras OUT.keras  reads and writes again
//   interop_models predict IN.keras X.npz Y.npz
//   interop_models convert IN.keras OUT.onnx OPSET

#include <cstdio>
#include <cstdlib>

#include "tests/support/keras_models.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/keras/archive/keras_archive.h"
#include "thunderline/cerebros/keras/forward.h"
#include "thunderline/cerebros/onnx/convert.h"

namespace thunderline {
namespace {

using cerebros::keras::Activation;
using cerebros::keras::Model;

constexpr int64_t kRows = 9;

/// x[5] through a layer of every activation, every second one without bias.
Model all_activations() {
  Random random(23);
  Model model;
  model.name = "all_activations";
  model.layers.push_back(cerebros::keras::InputLayer{"x", 5});
  int64_t width = 5;
  for (const Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kGelu,
                                      Activation::kSilu,
                                      Activation::kSigmoid, Activation::kTanh}) {
    const std::string name = std::string("after_") + activation_name(activation);
    model.layers.push_back(testing::random_dense(name, width, width + 1, activation, random,
                                                 width % 2 == 0));
    ++width;
  }
  model.layers.push_back(cerebros::keras::Dropout{"drop", 0.5, std::nullopt});
  return model;
}

Status predict(const Model& model, const NpyArray& x, const std::string& path) {
  TL_ASSIGN_OR_RETURN(const auto y, cerebros::keras::forward(model, x.to_floats(), x.shape[0]));
  return write_npz(posix_file_system(), path,
                   {{"x", x},
                    {"y", NpyArray::of(std::span(y), {x.shape[0], model.output_width()})}});
}

Status write(const std::string& folder) {
  Model compiled = testing::random_mlp(3);
  compiled.name = "compiled";
  compiled.compile = cerebros::keras::CompileConfig{};
  Model trained = testing::trained_mlp();
  // What Adam keeps of squares is not negative.
  for (auto& velocity : trained.optimizer_state.velocity) {
    for (float& value : velocity.data) value *= value;
  }
  for (const Model& model : {all_activations(), compiled, trained}) {
    TL_RETURN_IF_ERROR(save_keras(posix_file_system(), folder + "/" + model.name + ".keras",
                                  model));
    const auto x = testing::random_rows(kRows, model.input_width());
    TL_RETURN_IF_ERROR(predict(model, NpyArray::of(std::span(x), {kRows, model.input_width()}),
                               folder + "/" + model.name + ".npz"));
  }
  return {};
}

Status resave(const std::string& from, const std::string& to) {
  TL_ASSIGN_OR_RETURN(const Model model, cerebros::keras::load_keras(posix_file_system(), from));
  return save_keras(posix_file_system(), to, model);
}

Status predict_file(const std::string& model_path, const std::string& x_path,
                    const std::string& y_path) {
  TL_ASSIGN_OR_RETURN(const Model model,
                      cerebros::keras::load_keras(posix_file_system(), model_path));
  TL_ASSIGN_OR_RETURN(const NpzArrays arrays, read_npz(posix_file_system(), x_path));
  return predict(model, arrays.at("x"), y_path);
}

Status convert(const std::string& from, const std::string& to, const std::string& opset) {
  cerebros::onnx::ConvertRequest request;
  request.output_file = to;
  request.opset = std::atoll(opset.c_str());
  TL_ASSIGN_OR_RETURN(const auto converted,
                      cerebros::onnx::convert_single_model(posix_file_system(), from, request));
  std::printf("%s %g\n", converted.onnx_path.c_str(), converted.metadata.verified->max_error);
  return {};
}

Status run(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "write") return write(words[1]);
  if (words.size() == 3 && words[0] == "resave") return resave(words[1], words[2]);
  if (words.size() == 4 && words[0] == "predict") return predict_file(words[1], words[2], words[3]);
  if (words.size() == 4 && words[0] == "convert") return convert(words[1], words[2], words[3]);
  return fail(ErrorCode::kInvalidArgument, "unknown command", "",
              "see the head of this source file");
}

}  // namespace
}  // namespace thunderline

int main(int argc, char** argv) {
  const thunderline::Status done = thunderline::run({argv + 1, argv + argc});
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", thunderline::to_string(done.error()).c_str());
  return thunderline::exit_code(done.error().code);
}
