#include "thunderline/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace thunderline::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalInterval{100};
constexpr std::chrono::seconds kPlainInterval{5};

size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool is_utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') {
      return std::strstr(value, "UTF-8") != nullptr || std::strstr(value, "utf8") != nullptr;
    }
  }
  return false;
}

/// The first `columns` characters of UTF-8 text.
std::string cut(const std::string& text, size_t columns) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && count++ == columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Progress::Progress(const Clock& clock, bool quiet)
    : clock_(clock), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { finish(); }

void Progress::show(const std::string& line) {
  if (quiet_) return;
  pending_ = line;
  if (clock_.now() < next_) return;
  draw(line);
}

void Progress::draw(const std::string& line) {
  pending_.clear();
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", cut(line, terminal_width() - 1).c_str());
    drawn_ = true;
    next_ = clock_.now() + kTerminalInterval;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
    next_ = clock_.now() + kPlainInterval;
  }
  std::fflush(stderr);
}

void Progress::note(const std::string& line) {
  if (quiet_) return;
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
  std::fprintf(stderr, "%s\n", line.c_str());
}

void Progress::finish() {
  if (!pending_.empty()) draw(std::string(pending_));
  if (drawn_) std::fprintf(stderr, "\n");
  drawn_ = false;
}

std::string bar(double share, int width) {
  const bool rich = is_utf8_locale() && std::getenv("NO_COLOR") == nullptr;
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  std::string text = "[";
  for (int i = 0; i < width; ++i) {
    if (rich) {
      text += i < full ? "█" : "─";
    } else {
      text += i < full ? '#' : '-';
    }
  }
  return text + "]";
}

std::string duration_text(double seconds) {
  char text[32];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else {
    const int whole = static_cast<int>(std::lround(seconds));
    std::snprintf(text, sizeof text, "%d m %02d s", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace thunderline::cli
