#pragma once

#include <string>

#include "thunderline/base/clock.h"

namespace thunderline::cli {

/// Shows how far something is, on stderr: one line that is drawn again on a terminal (at most ten
/// times a second, cut to its width), plain lines at most every 5 s elsewhere. The end is always shown.
/// Thread-safety: one thread.
class Progress {
 public:
  /// `quiet`: shows nothing. The clock must outlive it.
  Progress(const Clock& clock, bool quiet);
  ~Progress();

  /// Replaces the line.
  void show(const std::string& line);

  /// Writes a line that stays, above the progress.
  void note(const std::string& line);

  /// Ends the line; the last one stays.
  void finish();

 private:
  void draw(const std::string& line);

  const Clock& clock_;
  const bool quiet_;
  const bool terminal_;
  std::string pending_;  ///< Newest line that was not drawn.
  bool drawn_ = false;   ///< A line stands on the terminal without an end.
  std::chrono::nanoseconds next_{0};
};

/// "[█████─────] 50 %" of `width` cells; "[#####-----]" where NO_COLOR or a plain locale asks for it.
std::string bar(double share, int width);

/// "1 m 05 s", "12.3 s".
std::string duration_text(double seconds);

}  // namespace thunderline::cli
