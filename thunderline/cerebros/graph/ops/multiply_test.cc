#include "thunderline/cerebros/graph/ops/multiply.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "thunderline/base/random.h"

namespace thunderline::cerebros::graph {
namespace {

TEST(Multiply, AddsTheProductOfAnyShapeAndOrientation) {
  Random random(3);
  const auto filled = [&](int64_t count) {
    std::vector<double> values(static_cast<size_t>(count));
    for (double& value : values) value = random.normal();
    return values;
  };
  for (const int64_t m : {1, 4, 7}) {
    for (const int64_t n : {1, 3, 8, 21}) {
      for (const int64_t k : {1, 5, 16}) {
        for (const bool transposed : {false, true}) {
          const auto a = filled(m * k), b = filled(k * n);
          auto c = filled(m * n);
          const auto before = c;
          const int64_t row = transposed ? 1 : k, col = transposed ? m : 1;
          multiply_add(a.data(), row, col, b.data(), c.data(), m, n, k);
          for (int64_t i = 0; i < m * n; ++i) {
            double want = before[static_cast<size_t>(i)];
            for (int64_t l = 0; l < k; ++l) {
              want += a[static_cast<size_t>(i / n * row + l * col)] *
                      b[static_cast<size_t>(l * n + i % n)];
            }
            EXPECT_NEAR(c[static_cast<size_t>(i)], want, 1e-12) << m << " " << n << " " << k;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace thunderline::cerebros::graph
