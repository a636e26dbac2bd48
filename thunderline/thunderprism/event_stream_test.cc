#include "thunderline/thunderprism/event_stream.h"

#include <gtest/gtest.h>

namespace thunderline::thunderprism {
namespace {

const std::set<std::string> kAll = {"run", "messages"};

TopicNews state(std::string frame) { return {"run", TopicKind::kState, std::move(frame), ""}; }
TopicNews event(std::string frame) { return {"messages", TopicKind::kEvents, std::move(frame), "[]"}; }

TEST(EventStream, SendsOnlyTheNewestOfAStateAndEveryEvent) {
  EventStream stream("b");
  stream.publish({state("1"), event("a")});
  stream.publish({state("2"), event("b")});
  uint64_t cursor = 0;
  const auto batch = stream.next(cursor, kAll);
  ASSERT_EQ(batch.frames.size(), 3u);
  EXPECT_EQ(*batch.frames[0], "id: b-2\nevent: messages\ndata: a\n\n");
  EXPECT_EQ(*batch.frames[1], "id: b-3\nevent: run\ndata: 2\n\n");
  EXPECT_EQ(cursor, 4u);
  EXPECT_TRUE(stream.next(cursor, kAll).frames.empty());
}

TEST(EventStream, SharesOneTextBetweenAllViewers) {
  EventStream stream("b");
  stream.publish({state("1")});
  uint64_t one = 0, other = 0;
  EXPECT_EQ(stream.next(one, kAll).frames.at(0).get(), stream.next(other, kAll).frames.at(0).get());
}

TEST(EventStream, ResetsAViewerThatFellOutOfTheRing) {
  EventStream stream("b", {.ring = 2});
  for (int i = 0; i < 5; ++i) stream.publish({event("x")});
  uint64_t cursor = 1;
  const auto batch = stream.next(cursor, kAll);
  EXPECT_TRUE(batch.reset);
  EXPECT_TRUE(batch.frames.empty());
  EXPECT_EQ(cursor, 5u);
}

TEST(EventStream, KnowsTheIdsThatItCanGoOnFrom) {
  EventStream stream("b", {.ring = 2});
  for (int i = 0; i < 5; ++i) stream.publish({event("x")});
  EXPECT_TRUE(stream.place_after("b-3").known);
  EXPECT_EQ(stream.place_after("b-3").cursor, 3u);
  EXPECT_TRUE(stream.place_after("").known);
  for (const char* id : {"b-2", "b-6", "c-4", "b-", "b-4x", "nonsense"}) {
    EXPECT_FALSE(stream.place_after(id).known) << id;
    EXPECT_EQ(stream.place_after(id).cursor, 5u);
  }
}

TEST(EventStream, ASnapshotGoesWithTheIdOfItsNewestFrame) {
  EventStream stream("b");
  stream.publish({state("{\"a\":1}"), event("[1]")});
  EXPECT_EQ(stream.snapshot({"run", "messages", "unknown"}),
            "{\"last_event_id\":\"b-2\",\"topics\":{\"run\":{\"a\":1},\"messages\":[]}}\n");
}

}  // namespace
}  // namespace thunderline::thunderprism
