// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/gzip.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using test::gzip;

std::string unpack(const std::string& packed) {
  return gunzip(*source_of("f.gz", packed));
}

TEST(Gzip, UnpacksWhatWasPacked) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += std::to_string(i * 7919 % 100'003) + ',';
  }
  EXPECT_EQ(unpack(gzip(text)), text);  // many chunks
  EXPECT_EQ(unpack(gzip("")), "");
  EXPECT_EQ(unpack(gzip("one") + gzip("") + gzip("two")), "onetwo");  // as cat joins them
  // More than a chunk comes out of the last bytes that go in.
  EXPECT_EQ(unpack(gzip(std::string(3'000'000, 'a'))), std::string(3'000'000, 'a'));
}

TEST(Gzip, ZerosAfterAMemberArePadding) {
  // One byte, a block of a tape, and more than a chunk.
  for (const std::size_t zeros : {std::size_t{1}, std::size_t{512}, std::size_t{300'000}}) {
    const std::string padding(zeros, '\0');
    const std::string one = gzip("one") + padding;
    EXPECT_EQ(unpack(one), "one");
    EXPECT_EQ(unpack(str(one, gzip("two"), padding)), "onetwo");
    EXPECT_EQ(test::error_of<DataError>([&] { unpack(one + "rubbish"); }),
              "f.gz: expected a whole gzip file, found damaged data. Copy or download it again.");
  }
}

TEST(Gzip, CutOff) {
  const std::string packed = gzip("a text that is long enough to cut");
  for (const std::size_t size :
       {packed.size() - 1, packed.size() - 8, packed.size() / 2, std::size_t{3}}) {
    EXPECT_EQ(
        test::error_of<DataError>([&] { unpack(packed.substr(0, size)); }),
        "f.gz: expected a whole gzip file, found its end missing. Copy or download it again.");
  }
}

TEST(Gzip, Damaged) {
  const std::string text =
      "f.gz: expected a whole gzip file, found damaged data. Copy or download it again.";
  std::string packed = gzip("a text that is long enough to damage");
  packed[packed.size() - 6] ^= 1;  // the checksum
  EXPECT_EQ(test::error_of<DataError>([&] { unpack(packed); }), text);
  EXPECT_EQ(test::error_of<DataError>([&] { unpack(gzip("x") + "rubbish"); }), text);
}

TEST(Gzip, IsKnownByItsContent) {
  EXPECT_TRUE(is_gzip(*source_of("f", gzip("x"))));
  EXPECT_FALSE(is_gzip(*source_of("f.gz", "1,2\n")));
  EXPECT_FALSE(is_gzip(*source_of("f.gz", "\x1f")));
}

}  // namespace
}  // namespace dga
