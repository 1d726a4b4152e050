// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/failure_board.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace dga {
namespace {

TEST(FailureBoard, TheFirstFailureStays) {
  FailureBoard board;
  EXPECT_FALSE(board.failed());
  EXPECT_EQ(board.text(), "");
  EXPECT_TRUE(board.post("first"));
  EXPECT_FALSE(board.post("second"));
  EXPECT_TRUE(board.failed());
  EXPECT_EQ(board.text(), "first");
}

TEST(FailureBoard, OfManyWhoPostAtOnceOneWinsAndItsTextIsWhole) {
  for (int round = 0; round < 50; ++round) {
    FailureBoard board;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back(
          [&board, i] { board.post(std::string(100, static_cast<char>('a' + i))); });
    }
    for (auto& thread : threads) {
      thread.join();
    }
    const std::string text = board.text();
    EXPECT_EQ(text, std::string(100, text[0]));
  }
}

TEST(FailureBoard, ATextThatIsTooLongIsCut) {
  FailureBoard board;
  board.post(std::string(10000, 'x'));
  EXPECT_EQ(board.text(), std::string(2040, 'x'));
}

}  // namespace
}  // namespace dga
