#include "thunderline/thunderflow/process.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace thunderline::thunderflow {
namespace {

TEST(ExitReason, HasAStableNamePerKind) {
  EXPECT_STREQ(kind_name(ExitReason::Kind::kNormal), "normal");
  EXPECT_STREQ(kind_name(ExitReason::Kind::kFailed), "failed");
  EXPECT_STREQ(kind_name(ExitReason::Kind::kKilled), "killed");
  EXPECT_STREQ(kind_name(ExitReason::Kind::kShutdown), "shutdown");
}

TEST(EscapedException, CarriesWhatTheExceptionSays) {
  try {
    throw std::runtime_error("disk on fire");
  } catch (...) {
    const Error error = escaped_exception();
    EXPECT_EQ(error.code, ErrorCode::kInternal);
    EXPECT_EQ(error.where, "disk on fire");
  }
  try {
    throw 7;
  } catch (...) {
    EXPECT_EQ(escaped_exception().message, "an exception of unknown type escaped");
  }
}

}  // namespace
}  // namespace thunderline::thunderflow
