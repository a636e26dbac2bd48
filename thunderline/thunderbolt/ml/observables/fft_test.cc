#include "thunderline/thunderbolt/ml/observables/fft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> noise(size_t length, uint64_t seed) {
  Random random(seed);
  std::vector<Complex> data(length);
  for (Complex& value : data) value = {random.normal(), random.normal()};
  return data;
}

/// The definition, term by term.
std::vector<Complex> transform_slowly(const std::vector<Complex>& data) {
  const size_t n = data.size();
  std::vector<Complex> spectrum(n);
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = 0; i < n; ++i) {
      const double turns = static_cast<double>(k * i % n) / static_cast<double>(n);
      spectrum[k] += data[i] * std::polar(1.0, -2.0 * std::numbers::pi * turns);
    }
  }
  return spectrum;
}

double largest_difference(const std::vector<Complex>& a, const std::vector<Complex>& b) {
  double largest = 0.0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(Fft, AgreesWithTheDefinitionAtAnyLength) {
  for (const size_t length : {1, 2, 3, 4, 5, 7, 12, 16, 97, 100, 128, 243}) {
    const std::vector<Complex> data = noise(length, length);
    std::vector<Complex> spectrum = data;
    Fft(length).forward(spectrum);
    EXPECT_LT(largest_difference(spectrum, transform_slowly(data)), 1e-11) << length;
  }
}

TEST(Fft, ComesBackFromTheInverse) {
  for (const size_t length : {1, 6, 64, 1000}) {
    const Fft plan(length);
    const std::vector<Complex> data = noise(length, 3);
    std::vector<Complex> there_and_back = data;
    plan.forward(there_and_back);
    plan.inverse(there_and_back);
    EXPECT_LT(largest_difference(there_and_back, data), 1e-12) << length;
  }
}

}  // namespace
}  // namespace thunderline::thunderbolt
