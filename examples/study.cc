// A study of two hyperparameters: ask, suggest, tell.

#include <iostream>

#include "thunderline/cerebros/tpe/study.h"

using thunderline::cerebros::tpe::Study;
using thunderline::cerebros::tpe::Trial;

int main() {
  const auto study = Study::create({.name = "example", .seed = 42}).value();
  for (int i = 0; i < 40; ++i) {
    Trial trial = study->ask().value();
    const double x = trial.suggest_float("x", -10, 10).value();
    const int64_t n = trial.suggest_int("n", 1, 8).value();
    if (!study->tell(trial.number(), (x - 2) * (x - 2) + static_cast<double>(n))) return 1;
  }
  std::cout << study->best_trial().value()->value.value_or(0) << '\n';
}
