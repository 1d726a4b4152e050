// SPDX-License-Identifier: Apache-2.0
//
// The sums are those of RFC 3720, appendix B.4, and of the catalogue of CRCs ("123456789").

#include "dga/storage/tensorboard/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace dga {
namespace {

TEST(Crc32c, GivesThePublishedSums) {
  std::string up;
  std::string down;
  for (int i = 0; i < 32; ++i) {
    up.push_back(static_cast<char>(i));
    down.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aa);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43);
  EXPECT_EQ(crc32c(up), 0x46dd794e);
  EXPECT_EQ(crc32c(down), 0x113fdb5c);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283);
  EXPECT_EQ(crc32c(""), 0);
}

}  // namespace
}  // namespace dga
