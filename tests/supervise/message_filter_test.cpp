// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/message_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace dga {
namespace {

using Kind = SupervisorMessage::Kind;
using testing::Each;
using testing::Eq;

struct Filtered {
  std::string shown;
  std::vector<SupervisorMessage> found;
};

/// Feeds `text` in pieces of `size` bytes.
Filtered filtered(const std::string& text, std::size_t size) {
  Filtered result;
  MessageFilter filter("job1");
  for (std::size_t begin = 0; begin < text.size(); begin += size) {
    result.shown += filter.feed(std::string_view(text).substr(begin, size), result.found);
  }
  result.shown += filter.rest();
  return result;
}

TEST(MessageFilter, FindsMessagesInPiecesOfAnyLength) {
  const std::string text =
      str("epoch 1\n", to_line({Kind::joined, 30}, "job1"), "half a line ",
          to_line({Kind::steps, 1200}, "job1"), "and its rest\n",
          to_line({Kind::failed, 7, "[launch] worker 3 failed:\nit threw"}, "job1"), "end");
  for (const std::size_t size : {1U, 2U, 7U, 64U, 4096U}) {
    const Filtered result = filtered(text, size);
    EXPECT_EQ(result.shown, "epoch 1\nhalf a line and its rest\nend");
    ASSERT_EQ(result.found.size(), 3U);
    EXPECT_EQ(result.found[0].kind, Kind::joined);
    EXPECT_EQ(result.found[0].number, 30);
    EXPECT_EQ(result.found[1].kind, Kind::steps);
    EXPECT_EQ(result.found[1].number, 1200);
    EXPECT_EQ(result.found[2].kind, Kind::failed);
    EXPECT_EQ(result.found[2].number, 7);
    EXPECT_EQ(result.found[2].text, "[launch] worker 3 failed:\\x0ait threw");
  }
}

TEST(MessageFilter, ShowsWhatIsNoMessageOfItsJob) {
  for (const std::string& text : {
           to_line({Kind::steps, 5}, "job2"),
           std::string("\x1e\x1e\n"),
           std::string("\x1e"
                       "dga job1 steps -5 \n"),
           std::string("\x1e"
                       "dga job1 steps 99999999999999999999 \n"),
           std::string("\x1e"
                       "dga job1 steps 5x \n"),
           std::string("\x1e"
                       "dga job1 danced 5 \n"),
           std::string("\x1e"
                       "dga job1 steps 5"),  // cut off
           "\x1e" + std::string(10000, 'x'),
       }) {
    const Filtered result = filtered(text, 100);
    EXPECT_EQ(result.shown, text);
    EXPECT_TRUE(result.found.empty());
  }
}

TEST(MessageFilter, KeepsNothingBackThatCannotBeAMessage) {
  MessageFilter filter("job1");
  std::vector<SupervisorMessage> found;
  EXPECT_EQ(filter.feed("50 %\r", found), "50 %\r");
  EXPECT_EQ(filter.feed("60 %\r\x1e"
                        "dga job1 st",
                        found),
            "60 %\r");
  EXPECT_EQ(filter.feed("eps 4 \n70 %", found), "70 %");
  ASSERT_EQ(found.size(), 1U);
}

TEST(SupervisorMessage, AMessageOfALongTextIsOneLineOfAPipe) {
  const std::string line = to_line({Kind::failed, 1, std::string(100000, 'a')}, "job1");
  EXPECT_LE(line.size(), 4096U);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace dga
