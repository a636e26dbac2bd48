#include "thunderline/thunderflow/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <string_view>
#include <thread>

namespace thunderline::thunderflow {
namespace {

constexpr char kOther[] = "other";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_metric_name(std::string_view name) {
  const auto may_start = [](char c) { return is_letter(c) || c == ':'; };
  if (name.empty() || !may_start(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return may_start(c) || is_digit(c); });
}

bool is_label_name(std::string_view name) {
  if (name.empty() || !is_letter(name[0]) || name.starts_with("__") || name == "le") return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

Status check_bounds(const std::vector<double>& bounds, const std::string& name) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return fail(ErrorCode::kInvalidArgument, "bucket bounds must be finite and rise", name);
    }
  }
  return {};
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  TL_CHECK(error == std::errc());
  return {buffer, end};
}

/// Escapes `\` and newline, and `"` where the text stands between quotes.
std::string escaped(std::string_view text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

/// `{a="1",le="0.5"}`; empty without labels. `le` may be empty.
std::string label_text(const Labels& labels, const std::string& le) {
  std::string out;
  const auto add = [&](const std::string& name, const std::string& value) {
    out += out.empty() ? "{" : ",";
    out += name + "=\"" + escaped(value, true) + "\"";
  };
  for (const auto& [name, value] : labels) add(name, value);
  if (!le.empty()) add("le", le);
  return out.empty() ? out : out + "}";
}

void add_line(const std::string& name, const std::string& labels, const std::string& value,
              std::string& out) {
  out += name + labels + " " + value + "\n";
}

}  // namespace

void Counter::increment(uint64_t by) {
  const size_t shard = std::hash<std::thread::id>()(std::this_thread::get_id()) % kShards;
  shards_[shard].value.fetch_add(by, std::memory_order_relaxed);
}

uint64_t Counter::value() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  if (std::isnan(value)) return;
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::counts() const {
  std::vector<uint64_t> counts;
  counts.reserve(counts_.size());
  for (const auto& count : counts_) counts.push_back(count.load(std::memory_order_relaxed));
  return counts;
}

Result<std::shared_ptr<Counter>> MetricsRegistry::counter(const std::string& name,
                                                          const std::string& help,
                                                          const Labels& labels) {
  TL_ASSIGN_OR_RETURN(const Series found, series(Kind::kCounter, name, help, {}, labels));
  return found.counter;
}

Result<std::shared_ptr<Gauge>> MetricsRegistry::gauge(const std::string& name,
                                                      const std::string& help,
                                                      const Labels& labels) {
  TL_ASSIGN_OR_RETURN(const Series found, series(Kind::kGauge, name, help, {}, labels));
  return found.gauge;
}

Result<std::shared_ptr<Histogram>> MetricsRegistry::histogram(const std::string& name,
                                                              const std::string& help,
                                                              const std::vector<double>& bounds,
                                                              const Labels& labels) {
  TL_RETURN_IF_ERROR(check_bounds(bounds, name));
  TL_ASSIGN_OR_RETURN(const Series found, series(Kind::kHistogram, name, help, bounds, labels));
  return found.histogram;
}

const char* MetricsRegistry::kind_name(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

Status MetricsRegistry::check_name(Kind kind, const std::string& name) {
  if (!is_metric_name(name)) {
    return fail(ErrorCode::kInvalidArgument, "not a metric name", name,
                "use letters, digits, '_' and ':', with no digit first");
  }
  if (kind == Kind::kCounter && !name.ends_with("_total")) {
    return fail(ErrorCode::kInvalidArgument, "a counter's name ends in _total", name);
  }
  return {};
}

Status MetricsRegistry::check_family(const Family& family, const Family& wanted,
                                     const std::string& name) {
  if (family.kind != wanted.kind) {
    return fail(ErrorCode::kRefused,
                std::string("the metric is a ") + kind_name(family.kind) + " already", name);
  }
  if (family.help != wanted.help) {
    return fail(ErrorCode::kRefused, "the metric has another help text already", name);
  }
  if (family.label_names != wanted.label_names) {
    return fail(ErrorCode::kRefused, "the metric has other label names already", name);
  }
  if (family.bounds != wanted.bounds) {
    return fail(ErrorCode::kRefused, "the metric has other buckets already", name);
  }
  return {};
}

Result<MetricsRegistry::Series> MetricsRegistry::series(Kind kind, const std::string& name,
                                                        const std::string& help,
                                                        const std::vector<double>& bounds,
                                                        const Labels& labels) {
  TL_RETURN_IF_ERROR(check_name(kind, name));
  Family wanted;
  wanted.kind = kind;
  wanted.help = help;
  wanted.bounds = bounds;
  Labels folded;
  for (const auto& [label, value] : labels) {
    if (!is_label_name(label)) {
      return fail(ErrorCode::kInvalidArgument, "not a label name", name + "{" + label + "}",
                  "use letters, digits and '_'; \"le\" and names from \"__\" on are reserved");
    }
    wanted.label_names.push_back(label);
    folded[label] = kOther;
  }

  MutexLock lock(mutex_);
  auto found = families_.find(name);
  if (found == families_.end()) found = families_.emplace(name, wanted).first;
  Family& family = found->second;
  TL_RETURN_IF_ERROR(check_family(family, wanted, name));
  const bool full = family.series.size() >= std::max<size_t>(options_.max_series, 1);
  const bool fold = full && !family.series.contains(labels);
  Series& series = family.series[fold ? folded : labels];
  if (kind == Kind::kCounter && !series.counter) series.counter = std::make_shared<Counter>();
  if (kind == Kind::kGauge && !series.gauge) series.gauge = std::make_shared<Gauge>();
  if (kind == Kind::kHistogram && !series.histogram) {
    series.histogram = std::make_shared<Histogram>(bounds);
  }
  return series;
}

void MetricsRegistry::render_series(const std::string& name, const Labels& labels,
                                    const Series& series, std::string& out) {
  if (series.counter) {
    add_line(name, label_text(labels, ""), std::to_string(series.counter->value()), out);
  } else if (series.gauge) {
    add_line(name, label_text(labels, ""), number_text(series.gauge->value()), out);
  } else {
    const Histogram& histogram = *series.histogram;
    const std::vector<uint64_t> counts = histogram.counts();
    uint64_t cumulative = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      cumulative += counts[i];
      const std::string le =
          i < histogram.bounds().size() ? number_text(histogram.bounds()[i]) : "+Inf";
      add_line(name + "_bucket", label_text(labels, le), std::to_string(cumulative), out);
    }
    add_line(name + "_sum", label_text(labels, ""), number_text(histogram.sum()), out);
    add_line(name + "_count", label_text(labels, ""), std::to_string(cumulative), out);
  }
}

std::string MetricsRegistry::render() const {
  std::map<std::string, Family> families;
  {
    MutexLock lock(mutex_);
    families = families_;  // Handles, not values: the text is made outside the lock.
  }
  std::string out;
  for (const auto& [name, family] : families) {
    out += "# HELP " + name + " " + escaped(family.help, false) + "\n";
    out += "# TYPE " + name + " " + kind_name(family.kind) + "\n";
    for (const auto& [labels, series] : family.series) render_series(name, labels, series, out);
  }
  return out;
}

std::vector<double> exponential_bounds(double first, double factor, size_t count) {
  TL_CHECK(first > 0 && factor > 1);
  std::vector<double> bounds;
  bounds.reserve(count);
  for (double bound = first; bounds.size() < count; bound *= factor) bounds.push_back(bound);
  return bounds;
}

}  // namespace thunderline::thunderflow
