// The long checks of the inbox world, one a sub-command:
//   inbox_bench uplift --seeds 1-10

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <functional>

#include "bench/inbox/checks.h"

namespace thunderline::bench {
namespace {

/// "7", "1-10" or "1,3,8-9".
Result<std::vector<uint64_t>> parse_seeds(const std::string& text) {
  std::vector<uint64_t> seeds;
  const char* at = text.c_str();
  const auto number = [&](uint64_t& value) {
    if (*at < '0' || *at > '9') return false;
    char* end = nullptr;
    value = std::strtoull(at, &end, 10);
    at = end;
    return true;
  };
  while (true) {
    uint64_t first = 0;
    if (!number(first)) break;
    uint64_t last = first;
    if (*at == '-' && (++at, !number(last))) break;
    if (last < first || last - first > 9999) break;
    for (uint64_t seed = first; seed <= last; ++seed) seeds.push_back(seed);
    if (*at == '\0') return seeds;
    if (*at++ != ',') break;
  }
  return fail(ErrorCode::kInvalidArgument, "these are no seeds", "--seeds " + text,
              "give a range or a list, such as 1-10 or 1,3,8-9");
}

int finish(const std::function<Status()>& check) {
  const auto start = std::chrono::steady_clock::now();
  const Status status = check();
  if (!status) {
    std::fprintf(stderr, "error: %s\n", to_string(status.error()).c_str());
    return 1;
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  std::printf("time         %.1f s\n", passed.count());
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("The long checks of the inbox world");
  app.require_subcommand(1);
  CheckOptions options;
  options.corpus_folder = THUNDERLINE_CORPUS_FOLDER;
  std::string seeds;
  std::function<Status()> chosen;
  const auto add = [&](const char* name, const char* help, const char* default_seeds,
                       Status (*check)(const CheckOptions&)) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("--seeds", seeds, std::string("Such as 1-10; by default ") + default_seeds);
    command->add_option("--data", options.corpus_folder, "Folder of the mail corpus");
    command->add_option("--trials", options.trials, "Of each training's study")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--jobs", options.jobs, "Trials trained at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->callback([&, default_seeds, check] {
      chosen = [&, default_seeds, check]() -> Status {
        TL_ASSIGN_OR_RETURN(options.seeds, parse_seeds(seeds.empty() ? default_seeds : seeds));
        return check(options);
      };
    });
  };
  add("uplift", "The loop against the start heuristic", "1-10", check_uplift);
  add("placebo", "The same with permuted labels", "1-10", check_placebo);
  add("sabotage", "Challengers trained on wrong targets", "1-20", check_sabotage);
  add("degradation", "A frozen model on a stream that drifts", "1-40", check_degradation);
  add("recovery", "The whole loop on a stream that drifts", "1-5", check_recovery);
  app.add_subcommand("null-gate", "Two scorers that know nothing, by simulation")
      ->callback([&] { chosen = [] { return check_null_gate(); }; });
  CLI11_PARSE(app, argc, argv);
  return finish(chosen);
}

}  // namespace
}  // namespace thunderline::bench

int main(int argc, char** argv) { return thunderline::bench::run(argc, argv); }
