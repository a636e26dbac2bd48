// Appending to the trajectory log beside the disk's own rate and SQLite (WAL, synchronous=FULL,
// prepared statements, the same columns). Rounds are interleaved, so that a disk that slows down slows
// all of them; medians are reported. Usage: trajectory_bench [FOLDER] [STEPS] [ROUNDS]

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

namespace {

using namespace thunderline;               // NOLINT: a program of its own
using namespace thunderline::thunderbolt;  // NOLINT

constexpr size_t kWidth = 40;
constexpr size_t kBatchBytes = size_t{1} << 20;

void require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "trajectory_bench: %s failed\n", what);
  std::exit(1);
}

/// The steps of a run; only ids and states differ.
class Steps {
 public:
  explicit Steps(size_t count) : numbers_(2 * kWidth + 1024) {
    Random random(1);
    for (float& number : numbers_) number = static_cast<float>(random.unit());
    UuidGenerator ids(1);
    ids_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      ids_.push_back(ids.next(1'700'000'000'000 + static_cast<int64_t>(i / 1000)));
    }
  }

  size_t size() const { return ids_.size(); }

  StepView operator[](size_t i) const {
    const float* const at = numbers_.data() + i % 1024;
    return {.id = ids_[i],
            .source = "bit",
            .episode = "018bcfe5-6800-7000-8000-0123456789ab",
            .state = {at, kWidth},
            .action = static_cast<int32_t>(i % 2),
            .reward = 0.5,
            .next_state = {at + kWidth, kWidth},
            .terminated = true,
            .propensity = 0.99,
            .metadata = R"({"tick":123456,"score":0.25})"};
  }

  size_t bytes_each() const {
    const StepView step = (*this)[0];
    return encoded_size(&step);
  }

 private:
  std::vector<float> numbers_;
  std::vector<Uuid> ids_;
};

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Steps a second at which the disk takes the same bytes: written `write_bytes` at a time, synced
/// after each write or once at the end.
double disk_rate(const std::string& folder, const Steps& steps, bool sync_each) {
  const std::string path = folder + "/raw";
  const std::vector<char> block(kBatchBytes, 'x');
  const size_t blocks = steps.size() * steps.bytes_each() / block.size();
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  require(file >= 0, "open");
  const double seconds = seconds_of([&] {
    for (size_t i = 0; i < blocks; ++i) {
      require(::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()),
              "write");
      if (sync_each) require(::fdatasync(file) == 0, "fdatasync");
    }
    require(::fdatasync(file) == 0, "fdatasync");
  });
  ::close(file);
  std::filesystem::remove(path);
  return static_cast<double>(steps.size()) / seconds;
}

double log_rate(const std::string& folder, const Steps& steps, Durability durability,
                size_t threads) {
  const SystemClock clock;
  LogTrajectoryOptions options;
  options.folder = folder + "/log";
  options.durability = durability;
  auto log = LogTrajectoryLogger::open(posix_file_system(), clock, options);
  require(log.has_value(), "opening the log");
  const double seconds = seconds_of([&] {
    std::vector<std::thread> writers;
    for (size_t t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
        for (size_t i = t; i < steps.size(); i += threads) {
          require((*log)->log_step(steps[i]).has_value(), "log_step");
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    require((*log)->flush().has_value(), "flush");
  });
  log->reset();
  std::filesystem::remove_all(options.folder);
  return static_cast<double>(steps.size()) / seconds;
}

void run_sql(sqlite3* db, const char* sql) {
  require(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
}

void bind_step(sqlite3_stmt* insert, const StepView& step) {
  const auto bind_text = [&](int at, std::string_view text) {
    sqlite3_bind_text(insert, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  };
  const auto bind_floats = [&](int at, std::span<const float> values) {
    sqlite3_bind_blob(insert, at, values.data(), static_cast<int>(values.size_bytes()),
                      SQLITE_STATIC);
  };
  sqlite3_bind_blob(insert, 1, step.id.bytes.data(), 16, SQLITE_STATIC);
  bind_text(2, step.source);
  bind_text(3, step.episode);
  bind_floats(4, step.state);
  sqlite3_bind_int(insert, 5, step.action);
  sqlite3_bind_double(insert, 6, *step.reward);
  bind_floats(7, step.next_state);
  sqlite3_bind_int(insert, 8, step.terminated ? 1 : 0);
  sqlite3_bind_int(insert, 9, step.truncated ? 1 : 0);
  sqlite3_bind_double(insert, 10, *step.propensity);
  bind_text(11, step.metadata);
}

/// `unique_ids` has SQLite refuse a known id, as the log does; without it SQLite does less work.
double sqlite_rate(const std::string& folder, const Steps& steps, size_t rows_per_commit,
                   bool unique_ids) {
  const std::string path = folder + "/steps.db";
  sqlite3* db = nullptr;
  require(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "sqlite3_open");
  run_sql(db, "PRAGMA journal_mode=WAL");
  run_sql(db, "PRAGMA synchronous=FULL");
  const std::string create =
      std::string("CREATE TABLE steps (seq INTEGER PRIMARY KEY, id BLOB") +
      (unique_ids ? " UNIQUE" : "") +
      ", source TEXT, episode TEXT, state BLOB, action INTEGER, reward REAL, next_state BLOB,"
      " terminated INTEGER, truncated INTEGER, propensity REAL, metadata TEXT)";
  run_sql(db, create.c_str());
  sqlite3_stmt* insert = nullptr;
  require(sqlite3_prepare_v2(db,
                             "INSERT INTO steps (id, source, episode, state, action, reward,"
                             " next_state, terminated, truncated, propensity, metadata)"
                             " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                             -1, &insert, nullptr) == SQLITE_OK,
          "prepare");
  const double seconds = seconds_of([&] {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (rows_per_commit > 1 && i % rows_per_commit == 0) run_sql(db, "BEGIN");
      bind_step(insert, steps[i]);
      require(sqlite3_step(insert) == SQLITE_DONE, "insert");
      sqlite3_reset(insert);
      const bool last = i + 1 == steps.size() || (i + 1) % rows_per_commit == 0;
      if (rows_per_commit > 1 && last) run_sql(db, "COMMIT");
    }
  });
  sqlite3_finalize(insert);
  sqlite3_close(db);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return static_cast<double>(steps.size()) / seconds;
}

struct Contender {
  const char* name;
  std::function<double()> run;
  std::vector<double> rates;

  double median() const {
    std::vector<double> sorted = rates;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

/// Runs the contenders in turn, `rounds` times; prints and returns them with the medians.
void compare(const char* title, std::vector<Contender>& contenders, int rounds, size_t step_bytes) {
  for (int round = 0; round < rounds; ++round) {
    for (Contender& contender : contenders) contender.rates.push_back(contender.run());
  }
  std::printf("\n%s (median of %d interleaved rounds)\n", title, rounds);
  for (const Contender& contender : contenders) {
    const auto [low, high] = std::minmax_element(contender.rates.begin(), contender.rates.end());
    std::printf("  %-44s %10.0f steps/s %8.1f MB/s   (%.0f to %.0f)\n", contender.name,
                contender.median(), contender.median() * static_cast<double>(step_bytes) / 1e6, *low,
                *high);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string parent = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  const size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::string folder = parent + "/trajectory-bench-XXXXXX";
  require(::mkdtemp(folder.data()) != nullptr, "mkdtemp");

  const Steps steps(count);
  const size_t bytes = steps.bytes_each();
  const size_t rows_per_commit = kBatchBytes / bytes;
  std::printf("%zu steps of %zu bytes\n", count, bytes);
  std::vector<Contender> batch = {
      {"disk, sync per MiB", [&] { return disk_rate(folder, steps, true); }, {}},
      {"disk, one sync", [&] { return disk_rate(folder, steps, false); }, {}},
      {"log, batch", [&] { return log_rate(folder, steps, Durability::kBatch, 1); }, {}},
      {"log, batch, 4 threads", [&] { return log_rate(folder, steps, Durability::kBatch, 4); }, {}},
      {"log, none", [&] { return log_rate(folder, steps, Durability::kNone, 1); }, {}},
      {"SQLite, commit per MiB",
       [&] { return sqlite_rate(folder, steps, rows_per_commit, false); },
       {}},
      {"SQLite, commit per MiB, ids unique",
       [&] { return sqlite_rate(folder, steps, rows_per_commit, true); },
       {}}};
  compare("Appending", batch, rounds, bytes);
  std::printf("  log over SQLite: %.2f   log over disk (sync per MiB): %.2f\n",
              batch[2].median() / batch[5].median(), batch[2].median() / batch[0].median());

  const Steps few(std::min<size_t>(count, 2'000));
  std::vector<Contender> each = {
      {"log, each", [&] { return log_rate(folder, few, Durability::kEach, 1); }, {}},
      {"log, each, 4 threads", [&] { return log_rate(folder, few, Durability::kEach, 4); }, {}},
      {"SQLite, a transaction a row", [&] { return sqlite_rate(folder, few, 1, false); }, {}}};
  compare("A step at a time", each, rounds, bytes);
  std::printf("  log over SQLite: %.2f\n", each[0].median() / each[2].median());
  std::filesystem::remove_all(folder);
  return 0;
}
