#include "thunderline/thunderflow/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace thunderline::thunderflow {
namespace {

TEST(MetricsRegistry, RendersPrometheusText) {
  MetricsRegistry registry;
  (*registry.counter("tl_requests_total", "Requests served.", {{"path", "/"}, {"code", "200"}}))
      ->increment(3);
  (*registry.counter("tl_requests_total", "Requests served.", {{"path", "/"}, {"code", "503"}}))
      ->increment();
  (*registry.gauge("tl_queue_depth", "Waiting.\nNow."))->set(-2.5);
  const auto latency =
      registry.histogram("tl_latency_seconds", "Time taken.", {0.1, 0.5}, {{"op", "infer"}});
  for (const double seconds : {0.0625, 0.1, 0.25, 2.0}) (*latency)->observe(seconds);
  EXPECT_EQ(registry.render(),
            "# HELP tl_latency_seconds Time taken.\n"
            "# TYPE tl_latency_seconds histogram\n"
            "tl_latency_seconds_bucket{op=\"infer\",le=\"0.1\"} 2\n"
            "tl_latency_seconds_bucket{op=\"infer\",le=\"0.5\"} 3\n"
            "tl_latency_seconds_bucket{op=\"infer\",le=\"+Inf\"} 4\n"
            "tl_latency_seconds_sum{op=\"infer\"} 2.4125\n"
            "tl_latency_seconds_count{op=\"infer\"} 4\n"
            "# HELP tl_queue_depth Waiting.\\nNow.\n"
            "# TYPE tl_queue_depth gauge\n"
            "tl_queue_depth -2.5\n"
            "# HELP tl_requests_total Requests served.\n"
            "# TYPE tl_requests_total counter\n"
            "tl_requests_total{code=\"200\",path=\"/\"} 3\n"
            "tl_requests_total{code=\"503\",path=\"/\"} 1\n");
}

TEST(MetricsRegistry, EscapesLabelValues) {
  MetricsRegistry registry;
  (*registry.gauge("g", "Back\\slash \"quoted\"", {{"v", "a\\b\"c\nd"}}))->set(1);
  EXPECT_EQ(registry.render(),
            "# HELP g Back\\\\slash \"quoted\"\n# TYPE g gauge\ng{v=\"a\\\\b\\\"c\\nd\"} 1\n");
}

TEST(MetricsRegistry, WritesNumbersThatAreNotFinite) {
  MetricsRegistry registry;
  const double inf = std::numeric_limits<double>::infinity();
  (*registry.gauge("a", ""))->set(inf);
  (*registry.gauge("b", ""))->set(-inf);
  (*registry.gauge("c", ""))->set(std::nan(""));
  const std::string text = registry.render();
  EXPECT_NE(text.find("\na +Inf\n"), std::string::npos);
  EXPECT_NE(text.find("\nb -Inf\n"), std::string::npos);
  EXPECT_NE(text.find("\nc NaN\n"), std::string::npos);
}

TEST(MetricsRegistry, GivesTheSameSeriesForTheSameLabels) {
  MetricsRegistry registry;
  const auto first = registry.counter("c_total", "C.", {{"a", "1"}});
  const auto second = registry.counter("c_total", "C.", {{"a", "1"}});
  const auto other = registry.counter("c_total", "C.", {{"a", "2"}});
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, *other);
}

TEST(MetricsRegistry, FoldsLabelSetsBeyondTheLimitIntoOne) {
  MetricsRegistry registry({.max_series = 2});
  for (const char* user : {"a", "b", "c", "d", "a"}) {
    (*registry.counter("c_total", "C.", {{"user", user}}))->increment();
  }
  EXPECT_EQ(registry.render(),
            "# HELP c_total C.\n# TYPE c_total counter\n"
            "c_total{user=\"a\"} 2\nc_total{user=\"b\"} 1\nc_total{user=\"other\"} 2\n");
}

TEST(MetricsRegistry, RefusesNamesOutsideTheGrammar) {
  MetricsRegistry registry;
  const auto invalid = [](const auto& made) {
    return !made && made.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(invalid(registry.gauge("", "")));
  EXPECT_TRUE(invalid(registry.gauge("9lives", "")));
  EXPECT_TRUE(invalid(registry.gauge("with space", "")));
  EXPECT_TRUE(invalid(registry.counter("requests", "")));
  EXPECT_TRUE(invalid(registry.gauge("g", "", {{"le", "1"}})));
  EXPECT_TRUE(invalid(registry.gauge("g", "", {{"__name__", "1"}})));
  EXPECT_TRUE(invalid(registry.gauge("g", "", {{"a-b", "1"}})));
  EXPECT_TRUE(invalid(registry.histogram("h", "", {1.0, 1.0})));
  EXPECT_TRUE(invalid(registry.histogram("h", "", {std::nan("")})));
  EXPECT_EQ(registry.render(), "");
}

TEST(MetricsRegistry, RefusesASecondMeaningForAName) {
  MetricsRegistry registry;
  ASSERT_TRUE(registry.gauge("g", "G."));
  ASSERT_TRUE(registry.histogram("h", "H.", {1.0}));
  const auto refused = [](const auto& made) {
    return !made && made.error().code == ErrorCode::kRefused;
  };
  EXPECT_TRUE(refused(registry.histogram("g", "G.", {1.0})));
  EXPECT_TRUE(refused(registry.gauge("g", "Another.")));
  EXPECT_TRUE(refused(registry.gauge("g", "G.", {{"a", "1"}})));
  EXPECT_TRUE(refused(registry.histogram("h", "H.", {2.0})));
}

TEST(Histogram, CountsNoNaN) {
  Histogram histogram({1.0});
  histogram.observe(std::nan(""));
  histogram.observe(std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.counts(), (std::vector<uint64_t>{0, 1}));
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(2);
  gauge.add(-3);
  EXPECT_EQ(gauge.value(), -1);
}

TEST(ExponentialBounds, GrowByTheFactor) {
  EXPECT_EQ(exponential_bounds(1.0, 2.0, 4), (std::vector<double>{1, 2, 4, 8}));
  EXPECT_TRUE(exponential_bounds(1.0, 2.0, 0).empty());
}

}  // namespace
}  // namespace thunderline::thunderflow
