// SPDX-License-Identifier: Apache-2.0

#include "dga/base/one_line.h"

#include <gtest/gtest.h>

namespace dga {
namespace {

TEST(OneLine, LeavesTextAlone) {
  EXPECT_EQ(one_line("a b~"), "a b~");
  EXPECT_EQ(one_line("Größe … 数 😀"), "Größe … 数 😀");
}

TEST(OneLine, EscapesControlCharacters) {
  EXPECT_EQ(one_line("a\nb\t\x1b[K\x7f"), "a\\x0ab\\x09\\x1b[K\\x7f");
  EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(one_line("\xc2\x9b"), "\\xc2\\x9b");
}

TEST(OneLine, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(one_line("\x9f"), "\\x9f");
  EXPECT_EQ(one_line("a\xffz"), "a\\xffz");
  EXPECT_EQ(one_line("cut \xe2\x80"), "cut \\xe2\\x80");
  EXPECT_EQ(one_line("\xc0\xaf"), "\\xc0\\xaf");                    // a longer form than needed
  EXPECT_EQ(one_line("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(one_line("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

}  // namespace
}  // namespace dga
