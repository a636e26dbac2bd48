// What happens to a trajectory log when the world fails: killed writers, torn tails, errors of every
// file operation, flipped bits, power cuts. THUNDERLINE_LONG=1 multiplies the rounds (release runs);
// THUNDERLINE_SEED=N repeats a run. The program is its own victim: `--writer FOLDER JOURNAL SEED`.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trajectory_test_data.h"
#include "thunderline/thunderbolt/training/log_trajectory_logger.h"

namespace thunderline::thunderbolt {
namespace {

using testing::Fault;
using testing::FileOp;

constexpr uint64_t kWriters = 4;

bool long_run() { return std::getenv("THUNDERLINE_LONG") != nullptr; }

/// The run's seed, said once so that a failure can be repeated.
uint64_t run_seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("THUNDERLINE_SEED");
    const uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10)
                                             : entropy_seed() % 1'000'000'000;
    std::cout << "THUNDERLINE_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

/// The id of step `counter` of a writer: 1, 2, 3, … for each.
Uuid counted_id(uint64_t writer, uint64_t counter) { return test_id(writer << 48 | counter); }

Step counted_step(uint64_t writer, uint64_t counter, size_t width) {
  Step step;
  step.id = counted_id(writer, counter);
  step.source = "writer-" + std::to_string(writer);
  step.state.assign(width, static_cast<float>(counter));
  step.next_state = step.state;
  step.action = static_cast<int32_t>(counter);
  step.propensity = 1.0;
  return step;
}

/// Per writer: how many steps a log holds, with proof that they are 1, 2, 3, … in order, once each.
std::array<uint64_t, kWriters> count_in_order(TrajectoryLogger& log) {
  std::array<uint64_t, kWriters> counts{};
  uint64_t last_sequence = 0;
  std::set<Uuid> closed;
  EXPECT_TRUE(log.replay({}, [&](uint64_t sequence, const LogRecord& record) {
    EXPECT_GT(sequence, last_sequence);
    last_sequence = sequence;
    if (const Outcome* outcome = std::get_if<Outcome>(&record)) {
      EXPECT_TRUE(closed.insert(outcome->step_id).second) << "closed twice";
      return Status();
    }
    const Step& step = std::get<Step>(record);
    const uint64_t writer = test_number(step.id) >> 48;
    const uint64_t counter = test_number(step.id) & 0xffff'ffff'ffff;
    EXPECT_EQ(counter, ++counts.at(writer)) << "lost, doubled or reordered";
    EXPECT_EQ(step, counted_step(writer, counter, step.state.size()));
    return Status();
  }));
  return counts;
}

LogTrajectoryOptions options_in(const std::string& folder) {
  LogTrajectoryOptions options;
  options.folder = folder;
  options.segment_bytes = 256 << 10;
  options.batch_bytes = 64 << 10;
  options.batch_interval = std::chrono::milliseconds(2);
  return options;
}

// ---- The victim ----------------------------------------------------------------------------------

/// Goes on where the log ended, sends the newest steps again, notes in the journal (one 8-byte slot a
/// writer) what was acknowledged.
void write_steps(TrajectoryLogger& log, uint64_t writer, uint64_t known, int journal,
                 uint64_t seed) {
  Random random(derive_seed(seed, writer));
  uint64_t counter = known > 5 ? known - 5 : 0;
  while (true) {
    uint64_t sequence = 0;
    for (uint64_t n = 1 + random.below(20); n > 0; --n) {
      const auto logged = log.log_step(view_of(counted_step(writer, ++counter, 60)));
      if (!logged) std::exit(3);
      sequence = *logged;
    }
    if (!log.log_outcome({counted_id(writer, counter), true, 1.0, 0})) std::exit(3);
    if (!log.wait_durable(sequence)) std::exit(3);
    if (::pwrite(journal, &counter, sizeof counter, static_cast<off_t>(8 * writer)) != 8) {
      std::exit(4);
    }
  }
}

int run_writer(const std::string& folder, const char* journal_path, uint64_t seed) {
  const SystemClock clock;
  auto log = LogTrajectoryLogger::open(posix_file_system(), clock, options_in(folder));
  const int journal = ::open(journal_path, O_WRONLY | O_CREAT, 0644);
  if (!log || journal < 0) return 2;
  std::array<uint64_t, kWriters> known{};
  const auto count = [&](uint64_t, const LogRecord& record) {
    if (const Step* step = std::get_if<Step>(&record)) ++known.at(test_number(step->id) >> 48);
    return Status();
  };
  if (!(*log)->replay({}, count)) return 2;
  std::vector<std::thread> threads;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back(
        [&, writer] { write_steps(**log, writer, known[writer], journal, seed); });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

pid_t start_writer(const std::string& folder, const std::string& journal, uint64_t seed) {
  const std::string seed_text = std::to_string(seed);
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::execl("/proc/self/exe", "trajectory_fault_test", "--writer", folder.c_str(), journal.c_str(),
          seed_text.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

std::array<uint64_t, kWriters> read_journal(const std::string& path) {
  std::array<uint64_t, kWriters> slots{};
  const std::string content = read_file(posix_file_system(), path).value_or("");
  std::memcpy(slots.data(), content.data(), std::min(content.size(), sizeof slots));
  return slots;
}

/// Lets a writer run for a random while, kills it, reopens and compares. Returns how many steps the
/// log holds.
uint64_t kill_once(const std::string& folder, const std::string& journal, Random& random) {
  const pid_t child = start_writer(folder, journal, random());
  // The moment must be random in real time: that is the test.
  std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random.below(70'000)));
  ::kill(child, SIGKILL);
  int state = 0;
  EXPECT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFSIGNALED(state)) << "the writer ended by itself: " << WEXITSTATUS(state);
  const SystemClock clock;
  const auto log = LogTrajectoryLogger::open(posix_file_system(), clock, options_in(folder));
  EXPECT_TRUE(log) << to_string(log.error());
  if (!log) return 0;
  EXPECT_EQ((*log)->stats().value().damaged_places, 0u);
  const auto counts = count_in_order(**log);
  const auto acknowledged = read_journal(journal);
  uint64_t total = 0;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    EXPECT_GE(counts[writer], acknowledged[writer]) << "writer " << writer << " lost steps";
    total += counts[writer];
  }
  return total;
}

TEST(TrajectoryFaults, AKilledWriterLosesDoublesAndReordersNothingThatWasAcknowledged) {
  Random random(derive_seed(run_seed(), 1));
  const int cycles = long_run() ? 5'000 : 200;
  constexpr int kCyclesPerFolder = 10;  // Each cycle reads the log twice: keep it short.
  uint64_t steps = 0;
  for (int cycle = 0; cycle < cycles;) {
    const testing::TempFolder folder;
    uint64_t in_folder = 0;
    for (int i = 0; i < kCyclesPerFolder && !HasFailure(); ++i) {
      in_folder = kill_once(folder.path("log"), folder.path("journal"), random);
    }
    ASSERT_FALSE(HasFailure()) << "in the ten cycles from " << cycle;
    cycle += kCyclesPerFolder;
    steps += in_folder;
  }
  EXPECT_GT(steps, static_cast<uint64_t>(cycles));
  std::cout << cycles << " kills, " << steps << " steps" << std::endl;
}

// ---- Simulated failures --------------------------------------------------------------------------

/// A writer over a file system in memory that remembers what was acknowledged.
class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) {
    options_ = options_in("log");
    options_.segment_bytes = 8 << 10;
    options_.batch_interval = std::chrono::hours(1);  // Commits come only when asked for.
    options_.seed = seed + 1;
  }

  testing::MemoryFileSystem& files() { return files_; }
  LogTrajectoryOptions& options() { return options_; }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t accepted() const { return accepted_; }

  /// Opens the log, no more.
  bool try_open() {
    auto opened = LogTrajectoryLogger::open(files_, clock_, options_);
    if (!opened) return false;
    log_ = std::move(*opened);
    return true;
  }

  /// Opens the log and checks that it holds all that was acknowledged, in order.
  bool open() {
    if (!try_open()) return false;
    accepted_ = count_in_order(*log_)[0];
    EXPECT_GE(accepted_, acknowledged_) << "acknowledged steps are lost";
    return true;
  }

  /// Logs a few steps and sometimes waits for them; false once the log refuses.
  bool write() {
    uint64_t sequence = 0;
    for (uint64_t n = 1 + random_.below(8); n > 0; --n) {
      const auto logged = log_->log_step(view_of(counted_step(0, accepted_ + 1, 8)));
      if (!logged) return false;
      ++accepted_;
      sequence = *logged;
    }
    if (random_.below(3) == 0) return true;
    if (!log_->wait_durable(sequence)) return false;
    acknowledged_ = accepted_;
    return true;
  }

  void crash() { log_.reset(); }
  LogTrajectoryLogger& log() { return *log_; }

  uint64_t below(uint64_t bound) { return random_.below(bound); }

 private:
  testing::MemoryFileSystem files_;
  testing::FakeClock clock_;
  LogTrajectoryOptions options_;
  Random random_;
  std::unique_ptr<LogTrajectoryLogger> log_;
  uint64_t acknowledged_ = 0;
  uint64_t accepted_ = 0;
};

TEST(TrajectoryFaults, APowerCutLosesNothingThatWasAcknowledged) {
  const uint64_t cuts = long_run() ? 10'000 : 1'000;
  uint64_t steps = 0;
  uint64_t damaged = 0;
  for (uint64_t cut = 0; cut < cuts;) {
    Simulation simulation(derive_seed(run_seed(), 1'000 + cut));
    for (int life = 0; life < 10; ++life, ++cut) {
      ASSERT_TRUE(simulation.open());
      damaged += simulation.log().damage().size();
      for (uint64_t n = simulation.below(30); n > 0; --n) ASSERT_TRUE(simulation.write());
      simulation.files().power_cut(derive_seed(run_seed(), 2'000'000 + cut));
      simulation.crash();
      ASSERT_FALSE(HasFailure()) << "cut " << cut;
    }
    ASSERT_TRUE(simulation.open());
    steps += simulation.acknowledged();
  }
  EXPECT_GT(steps, cuts);
  std::cout << cuts << " power cuts, " << steps << " steps acknowledged, " << damaged
            << " holes reported in unacknowledged tails" << std::endl;
}

/// Fails operation number `nth` of a kind while a log is written; then the machine restarts.
void fail_nth(FileOp op, uint64_t nth, Fault::Kind kind, uint64_t seed) {
  Simulation simulation(seed);
  ASSERT_TRUE(simulation.open());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(simulation.write());
  simulation.files().plan_fault({op, nth, kind, seed % 2 == 0});
  for (int i = 0; i < 400 && simulation.write(); ++i) {
  }
  const LogStats stats = simulation.log().stats().value();
  if (!stats.read_only_reason.empty()) {
    EXPECT_NE(stats.read_only_reason.find("injected"), std::string::npos);
    EXPECT_EQ(simulation.log().log_event({"x", 0, "1"}).error().code, ErrorCode::kUnavailable);
    EXPECT_GE(stats.durable_sequence, simulation.acknowledged());
  }
  EXPECT_EQ(stats.read_only_reason.empty(), !simulation.files().fault_struck());
  simulation.files().clear_faults();
  if (seed % 3 != 0) simulation.files().power_cut(seed);
  simulation.crash();
  ASSERT_TRUE(simulation.open());
  ASSERT_TRUE(simulation.write());
  ASSERT_TRUE(simulation.log().flush());
}

TEST(TrajectoryFaults, AFailingOperationEndsWritingAndLosesNothingThatWasAcknowledged) {
  const uint64_t last = long_run() ? 500 : 200;
  for (uint64_t nth = 1; nth <= last; ++nth) {
    for (const Fault::Kind kind :
         {Fault::Kind::kIoError, Fault::Kind::kNoSpace, Fault::Kind::kShortWrite}) {
      fail_nth(FileOp::kAppend, nth, kind, derive_seed(run_seed(), nth));
    }
    fail_nth(FileOp::kSync, nth, Fault::Kind::kIoError, derive_seed(run_seed(), nth));
    fail_nth(FileOp::kRename, 1 + nth % 20, Fault::Kind::kIoError, derive_seed(run_seed(), nth));
    fail_nth(FileOp::kSyncFolder, 1 + nth % 20, Fault::Kind::kIoError,
             derive_seed(run_seed(), nth));
    fail_nth(FileOp::kCreate, 1 + nth % 20, Fault::Kind::kNoSpace, derive_seed(run_seed(), nth));
    fail_nth(FileOp::kAny, nth, Fault::Kind::kIoError, derive_seed(run_seed(), nth));
    ASSERT_FALSE(HasFailure()) << "operation " << nth;
  }
}

TEST(TrajectoryFaults, AFailureWhileOpeningIsReportedAndMendsAtTheNextOpen) {
  for (uint64_t nth = 1; nth <= 60; ++nth) {
    Simulation simulation(derive_seed(run_seed(), nth));
    ASSERT_TRUE(simulation.open());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(simulation.write());
    simulation.files().power_cut(nth);
    simulation.crash();
    simulation.files().plan_fault({FileOp::kAny, nth, Fault::Kind::kIoError, false});
    const bool opened = simulation.try_open();
    EXPECT_EQ(opened, !simulation.files().fault_struck()) << nth;
    simulation.crash();
    simulation.files().clear_faults();
    ASSERT_TRUE(simulation.open()) << nth;
    ASSERT_TRUE(simulation.write());
  }
}

/// A log of one segment, with the end of each of its records.
struct Sample {
  std::string content;
  std::vector<uint64_t> ends;
};

Sample sample_log(uint64_t segment_bytes, uint64_t steps) {
  Simulation simulation(5);
  simulation.options().segment_bytes = segment_bytes;
  EXPECT_TRUE(simulation.open());
  Sample sample;
  for (uint64_t i = 1; i <= steps; ++i) {
    EXPECT_TRUE(simulation.log().log_step(view_of(counted_step(0, i, 40))));
  }
  EXPECT_TRUE(simulation.log().flush());
  sample.content = simulation.files().content("log/" + segment_name(1));
  EXPECT_TRUE(scan_segment(simulation.files(), "log", 1, std::nullopt, [&](const FoundRecord& r) {
    sample.ends.push_back(r.offset + r.header.size_bytes);
    return Status();
  }));
  return sample;
}

TEST(TrajectoryFaults, ATailTornAtAnyByteCostsOnlyTheRecordThatItCuts) {
  const Sample sample = sample_log(1 << 30, 300);
  ASSERT_GT(sample.content.size(), 64u << 10);
  const testing::FakeClock clock;
  Random random(derive_seed(run_seed(), 3));
  for (size_t size = sample.content.size() - (64 << 10); size < sample.content.size(); ++size) {
    testing::MemoryFileSystem files;
    std::string torn = sample.content.substr(0, size);
    if (size % 4 == 0) torn += std::string(random.below(200), static_cast<char>(random()));
    files.put("log/" + segment_name(1), torn);
    ASSERT_TRUE(files.create_folders("log"));
    const auto whole = static_cast<uint64_t>(
        std::upper_bound(sample.ends.begin(), sample.ends.end(), size) - sample.ends.begin());
    LogTrajectoryOptions options = options_in("log");
    const auto log = LogTrajectoryLogger::open(files, clock, options);
    ASSERT_TRUE(log) << to_string(log.error());
    ASSERT_EQ((*log)->last_sequence(), whole) << "cut at " << size;
    ASSERT_EQ((*log)->stats().value().damaged_places, 0u);
    ASSERT_EQ((*log)->log_step(view_of(counted_step(0, whole + 1, 4))).value(), whole + 1);
  }
}

TEST(TrajectoryFaults, OneFlippedBitIsFoundNeverServedAndCostsAtMostItsOwnRecord) {
  Simulation simulation(derive_seed(run_seed(), 4));
  simulation.options().segment_bytes = 16 << 10;
  ASSERT_TRUE(simulation.open());
  for (uint64_t i = 1; i <= 200; ++i) {
    ASSERT_TRUE(simulation.log().log_step(view_of(counted_step(0, i, 40))));
    ASSERT_TRUE(i % 10 != 0 || simulation.log().flush());
  }
  simulation.crash();  // A clean close: the end is sealed.
  testing::MemoryFileSystem& files = simulation.files();
  const auto bases = list_segments(files, "log").value();
  ASSERT_GT(bases.size(), 3u);
  const uint64_t flips = long_run() ? 10'000 : 2'000;
  Random random(derive_seed(run_seed(), 5));
  const testing::FakeClock clock;
  LogTrajectoryOptions options = simulation.options();
  options.read_only = true;
  for (uint64_t flip = 0; flip < flips; ++flip) {
    const std::string path = "log/" + segment_name(bases[random.below(bases.size())]);
    const uint64_t bit = random.below(files.content(path).size() * 8);
    files.flip_bit(path, bit);
    const VerifyReport report = verify_trajectory_log(files, "log").value();
    // A flip in the seal, the very last record, reads as a torn tail.
    ASSERT_TRUE(!report.is_sound() || report.torn_tail_bytes > 0) << path << " bit " << bit;
    const auto log = LogTrajectoryLogger::open(files, clock, options).value();
    uint64_t served = 0;
    ASSERT_TRUE(log->replay({}, [&](uint64_t sequence, const LogRecord& record) {
      ++served;
      EXPECT_EQ(std::get<Step>(record), counted_step(0, sequence, 40));
      return Status();
    }));
    ASSERT_GE(served, 199u) << path << " bit " << bit;
    ASSERT_EQ(served, report.records.steps);
    files.flip_bit(path, bit);
  }
}

}  // namespace
}  // namespace thunderline::thunderbolt

int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "--writer") == 0) {
    return thunderline::thunderbolt::run_writer(argv[2], argv[3], std::strtoull(argv[4], nullptr, 10));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
