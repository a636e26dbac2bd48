#include "thunderline/worlds/inbox/mail/delivery_date.h"

#include <gtest/gtest.h>

#include "thunderline/worlds/inbox/mail/bytes.h"

namespace thunderline::worlds::inbox {
namespace {

constexpr int64_t kTime = 1'030'015'984;  // 2002-08-22 11:33:04 UTC

DeliveryTime delivery(std::string_view header, std::string_view envelope = "") {
  const std::vector<std::string_view> lines = split_lines(header);
  return delivery_time(parse_header(lines).header, envelope);
}

TEST(FindDate, ReadsTheMailForm) {
  EXPECT_EQ(find_date("Thu, 22 Aug 2002 11:33:04 +0000"), kTime);
  EXPECT_EQ(find_date("Thu, 22 Aug 2002 12:33:04 +0100 (IST)"), kTime);
  EXPECT_EQ(find_date("x 22-August-2002  7:33:04\t-0400"), kTime);
  EXPECT_EQ(find_date("22 aug 02 11:33:04"), kTime);
  EXPECT_EQ(find_date("22 Aug 102 11:33:04"), kTime) << "years of three digits count from 1900";
  EXPECT_EQ(find_date("22 Aug 2002 11:33"), kTime - 4);
}

TEST(FindDate, ReadsTheCtimeForm) {
  EXPECT_EQ(find_date("From a@b  Thu Aug 22 11:33:04 2002"), kTime);
  EXPECT_EQ(find_date("Thu Aug 22 07:33:04 EDT 2002"), kTime);
  EXPECT_EQ(find_date("Aug 22 07:33:04 -0400 2002"), kTime);
}

TEST(FindDate, KnowsTheNamesOfZones) {
  const std::string date = "22 Aug 2002 11:33:04 ";
  const auto hours = [&](const std::string& zone) {
    return (kTime - find_date(date + zone).value()) / 3600;
  };
  for (const char* zone : {"UT", "utc", "GMT", "Z", "0", "XYZ", "(EDT)", "Pacific"}) {
    EXPECT_EQ(hours(zone), 0) << zone;
  }
  EXPECT_EQ(hours("est"), -5);
  EXPECT_EQ(hours("EDT"), -4);
  EXPECT_EQ(hours("cst"), -6);
  EXPECT_EQ(hours("cdt"), -5);
  EXPECT_EQ(hours("mst"), -7);
  EXPECT_EQ(hours("mdt"), -6);
  EXPECT_EQ(hours("pst"), -8);
  EXPECT_EQ(hours("pdt"), -7);
  EXPECT_EQ(hours("ist"), 1);
  EXPECT_EQ(hours("bst"), 1);
  EXPECT_EQ(hours("cet"), 1);
  EXPECT_EQ(hours("cest"), 2);
}

TEST(FindDate, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "122 Aug 2002 11:33:04", "22 Agu 2002 11:33:04", "22 Aug 2002", "22 Aug 2002 1133",
        "22 Aug 2002 24:00:00", "22 Aug 2002 11:60:00", "22 Aug 2002 11:33:61",
        "31 Feb 2002 11:33:04", "22 Aug 1969 11:33:04", "22 Aug 2101 11:33:04",
        "Aug 22 11:33 2002", "May be 3 12:00:00 2002", "0 Aug 2002 11:33:04"}) {
    EXPECT_EQ(find_date(text), std::nullopt) << text;
  }
}

TEST(FindDate, GoesOnAfterOneThatIsOutOfRange) {
  EXPECT_EQ(find_date("22 Aug 1969 11:33:04, 22 Aug 2002 11:33:04"), kTime);
}

TEST(DeliveryTime, IsTheFirstReceivedFieldWithADateAfterItsLastSemicolon) {
  const DeliveryTime time = delivery(
      "Date: 1 Jan 2001 00:00:00\n"
      "Received: at 1 Jan 2001 00:00:00 ; by x; undated\n"
      "Received: by y; z; 22 Aug 2002 11:33:04\n"
      "Received: by w; 1 Jan 2001 00:00:00\n");
  EXPECT_EQ(time.unix_s, kTime);
  EXPECT_EQ(time.source, DateSource::kReceived);
}

TEST(DeliveryTime, TakesAReceivedFieldWithoutSemicolonWhole) {
  EXPECT_EQ(delivery("Received: by x 22 Aug 2002 11:33:04\n").unix_s, kTime);
}

TEST(DeliveryTime, FallsBackToEnvelopeThenDateThenNothing) {
  const char* date = "Date: 1 Jan 2001 00:00:00\n";
  EXPECT_EQ(delivery(date, "From a Thu Aug 22 11:33:04 2002").unix_s, kTime);
  EXPECT_EQ(delivery(date, "From a Thu Aug 22 11:33:04 2002").source, DateSource::kEnvelope);
  EXPECT_EQ(delivery(date, "From a").unix_s, 978'307'200);
  EXPECT_EQ(delivery(date).source, DateSource::kDate);
  EXPECT_EQ(delivery("Subject: x\n").unix_s, 0);
  EXPECT_EQ(delivery("Subject: x\n").source, DateSource::kNone);
}

TEST(DateSource, HasAName) {
  EXPECT_STREQ(source_name(DateSource::kEnvelope), "envelope");
  EXPECT_STREQ(source_name(DateSource::kNone), "none");
}

}  // namespace
}  // namespace thunderline::worlds::inbox
