#include "thunderline/base/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace thunderline {
namespace {

TEST(Uuid, RoundTripsThroughText) {
  UuidGenerator generator(3);
  const Uuid id = generator.next(1'700'000'000'000);
  EXPECT_EQ(Uuid::parse(id.to_string()).value(), id);
  EXPECT_EQ(Uuid::parse("018BCFE5-6800-7000-8000-00000000000a").value().to_string(),
            "018bcfe5-6800-7000-8000-00000000000a");
}

TEST(Uuid, RefusesWhatIsNotOne) {
  for (const char* text : {"", "018bcfe5", "018bcfe5-6800-7000-8000-00000000000g",
                           "018bcfe5x6800-7000-8000-00000000000a"}) {
    EXPECT_EQ(Uuid::parse(text).error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(UuidGenerator, MakesVersion7WithTheTimeInFront) {
  UuidGenerator generator(1);
  const std::string text = generator.next(0x0123456789ab).to_string();
  EXPECT_EQ(text.substr(0, 13), "01234567-89ab");
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(UuidGenerator, RisesStrictlyAlsoWhenTheClockStandsOrGoesBack) {
  UuidGenerator generator(1);
  Uuid last = generator.next(1000);
  for (int i = 0; i < 10'000; ++i) {
    const Uuid id = generator.next(i % 2 == 0 ? 1000 : 500);
    ASSERT_LT(last, id);
    last = id;
  }
}

}  // namespace
}  // namespace thunderline
