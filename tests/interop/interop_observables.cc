// Lets observables_test.py read our observables of its own series:
//   interop_observables IN.npz OUT.npz
// IN has a, b [n] (two series) and counts [k]; OUT gets phase [n] of a, plv [1] and entropy [1].

#include <cmath>
#include <cstdio>

#include "thunderline/base/npz.h"
#include "thunderline/thunderbolt/ml/observables/plv.h"
#include "thunderline/thunderbolt/ml/observables/sigma.h"

namespace thunderline {
namespace {

NpyArray array_of(const std::vector<double>& values) {
  return NpyArray::of(std::span(values), {static_cast<int64_t>(values.size())});
}

Status observe(const std::string& in, const std::string& out) {
  TL_ASSIGN_OR_RETURN(const auto arrays, read_npz(posix_file_system(), in));
  const std::vector<double> a = arrays.at("a").to_doubles();
  std::vector<uint32_t> counts;
  for (const double count : arrays.at("counts").to_doubles()) {
    counts.push_back(static_cast<uint32_t>(std::lround(count)));
  }
  TL_ASSIGN_OR_RETURN(const auto phase, thunderbolt::instantaneous_phase(a));
  TL_ASSIGN_OR_RETURN(const double plv,
                      thunderbolt::phase_locking_value(a, arrays.at("b").to_doubles()));
  return write_npz(posix_file_system(), out,
                   {{"phase", array_of(phase)},
                    {"plv", array_of({plv})},
                    {"entropy", array_of({thunderbolt::entropy(counts)})}});
}

}  // namespace
}  // namespace thunderline

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: interop_observables IN.npz OUT.npz\n");
    return 2;
  }
  const thunderline::Status done = thunderline::observe(argv[1], argv[2]);
  if (done) return 0;
  std::fprintf(stderr, "error: %s\n", thunderline::to_string(done.error()).c_str());
  return 1;
}
