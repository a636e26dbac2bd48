#include "thunderline/base/result.h"

#include <gtest/gtest.h>

namespace thunderline {
namespace {

Result<int> half_of_even(int value) {
  if (value % 2 != 0) {
    return fail(ErrorCode::kInvalidArgument, "value is odd", "value=3", "give an even number");
  }
  return value / 2;
}

Result<int> quarter(int value) {
  TL_ASSIGN_OR_RETURN(const int half, half_of_even(value));
  return half_of_even(half);
}

Status check_even(int value) {
  TL_RETURN_IF_ERROR(half_of_even(value));
  return {};
}

TEST(Result, CarriesAValueThroughTheMacros) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_TRUE(check_even(4));
}

TEST(Result, CarriesTheFirstErrorThroughTheMacros) {
  const Result<int> result = quarter(3);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(check_even(5));
}

TEST(Error, ReadsAsOneLineWithPlaceAndHint) {
  EXPECT_EQ(to_string(half_of_even(3).error()), "value is odd (value=3); give an even number");
  EXPECT_EQ(to_string(Error{ErrorCode::kInternal, "broken", "", ""}), "broken");
}

TEST(ErrorCode, MapsToTheContractsExitCodesAndHttpStatuses) {
  struct Row {
    ErrorCode code;
    const char* name;
    int exit;
    int http;
  };
  const Row rows[] = {
      {ErrorCode::kInternal, "internal", 1, 500},
      {ErrorCode::kInvalidArgument, "invalid_argument", 2, 400},
      {ErrorCode::kBadData, "bad_data", 3, 422},
      {ErrorCode::kNotFound, "not_found", 4, 404},
      {ErrorCode::kRefused, "refused", 5, 409},
      {ErrorCode::kUnavailable, "unavailable", 6, 503},
      {ErrorCode::kResourceLimit, "resource_limit", 7, 413},
      {ErrorCode::kInterrupted, "interrupted", 130, 503},
  };
  for (const Row& row : rows) {
    EXPECT_STREQ(code_name(row.code), row.name);
    EXPECT_EQ(exit_code(row.code), row.exit) << row.name;
    EXPECT_EQ(http_status(row.code), row.http) << row.name;
  }
}

}  // namespace
}  // namespace thunderline
