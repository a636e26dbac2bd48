// Our half of bench/peers/tpe/run.py: asks, five suggestions and tells of a study with N told trials.
//   tpe_peer URL N        then, on stdin: `ask K`, `fixed K` (one search space given to ask) or `sync K`
// Answers a line of JSON: [[ask ms, tell ms], …], or [ms, …] for K fdatasyncs of 4 KiB beside the file.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "thunderline/base/clock.h"
#include "thunderline/cerebros/tpe/storage/open_storage.h"
#include "thunderline/cerebros/tpe/study.h"

namespace {

using namespace thunderline::cerebros::tpe;  // NOLINT: one file of one subject
using Time = std::chrono::steady_clock;

constexpr const char* kSpace = R"([
  {"name": "learning_rate", "type": "float", "low": 1e-5, "high": 1e-2, "log": true},
  {"name": "hidden_dim", "type": "int", "low": 32, "high": 256, "step": 32},
  {"name": "num_layers", "type": "int", "low": 1, "high": 4},
  {"name": "dropout", "type": "float", "low": 0.0, "high": 0.5},
  {"name": "activation", "type": "categorical", "choices": ["relu", "gelu", "swish"]}
])";

double since(Time::time_point start) {
  return std::chrono::duration<double, std::milli>(Time::now() - start).count();
}

double objective(const Params& params) {
  const double rate = std::log10(std::get<double>(*find_param(params, "learning_rate")));
  const double dropout = std::get<double>(*find_param(params, "dropout"));
  return -std::pow(rate + 3.4, 2) - std::pow(dropout - 0.2, 2);
}

std::unique_ptr<Study> open_study(const std::shared_ptr<StudyStorage>& storage,
                                  const char* sampler) {
  return Study::create({.name = "bench",
                        .direction = Direction::kMaximize,
                        .sampler = make_sampler(sampler).value(),
                        .storage = storage,
                        .load_if_exists = true})
      .value();
}

/// `count` complete, random trials.
void fill(Study& study, StudyStorage& storage, const SearchSpace& space, int count) {
  const auto one = [&]() -> thunderline::Status {
    TL_ASSIGN_OR_RETURN(Trial trial, study.ask(space));
    TL_ASSIGN_OR_RETURN(const Params params, trial.suggest_all(space));
    return study.tell(trial.number(), objective(params));
  };
  // SQLite in one transaction; in memory a transaction would copy the study.
  const auto all = [&]() -> thunderline::Status {
    for (int i = 0; i < count; ++i) TL_RETURN_IF_ERROR(one());
    return {};
  };
  if (!storage.atomically(all)) std::abort();
}

std::string asks(Study& study, const SearchSpace& space, bool fixed, int count) {
  std::string line;
  for (int i = 0; i < count; ++i) {
    const auto start = Time::now();
    Trial trial = fixed ? study.ask(space).value() : study.ask().value();
    if (!trial.suggest_all(space)) std::abort();
    const double ask_ms = since(start);
    const auto told = Time::now();
    if (!study.tell(trial.number(), 0.1)) std::abort();
    line += (line.empty() ? "[" : ", [") + std::to_string(ask_ms) + ", " +
            std::to_string(since(told)) + "]";
  }
  return line;
}

std::string syncs(const std::string& path, int count) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  const std::vector<char> block(4096, 'x');
  std::string line;
  for (int i = 0; i < count; ++i) {
    const auto start = Time::now();
    if (::pwrite(file, block.data(), block.size(), i * 4096L) != 4096) std::abort();
    if (::fdatasync(file) != 0) std::abort();
    line += (line.empty() ? "" : ", ") + std::to_string(since(start));
  }
  ::close(file);
  ::unlink(path.c_str());
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string url = argv[1];
  const thunderline::SystemClock clock;
  const auto storage = open_storage(url, clock, true).value();
  const SearchSpace space = SearchSpace::parse(kSpace, "bench").value();
  fill(*open_study(storage, "random"), *storage, space, std::atoi(argv[2]));
  const auto study = open_study(storage, "tpe");
  std::cout << "[]" << std::endl;  // ready
  std::string what;
  for (int count = 0; std::cin >> what >> count;) {
    const std::string line = what == "sync" ? syncs(url.substr(url.find(":///") + 4) + ".sync", count)
                                            : asks(*study, space, what == "fixed", count);
    std::cout << '[' << line << ']' << std::endl;
  }
}
