#pragma once

#include <string>

namespace thunderline::cli {

/// A check for options that hold a whole number in 0..2^64−1: empty, or what is wrong with `text`.
/// The option parser alone would wrap a negative or a huge number around.
std::string check_whole_number(const std::string& text);

}  // namespace thunderline::cli
