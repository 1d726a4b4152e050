// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/zstd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  packed.resize(size);
  return packed;
}

std::string unpack(const std::string& packed) {
  return unzstd(*source_of("f.zst", packed));
}

TEST(Zstd, UnpacksAllFrames) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += std::to_string(i * 7919 % 100'003) + ',';
  }
  EXPECT_EQ(unpack(zstd(text)), text);
  EXPECT_EQ(unpack(zstd("one") + zstd("") + zstd("two")), "onetwo");
  EXPECT_EQ(unpack(zstd(std::string(3'000'000, 'a'))), std::string(3'000'000, 'a'));
}

TEST(Zstd, DamagedAndCutOffFilesAreRefused) {
  const std::string packed = zstd("a text that is long enough to cut and to damage");
  for (std::size_t size = 4; size < packed.size(); ++size) {
    EXPECT_EQ(
        test::error_of<DataError>([&] { unpack(packed.substr(0, size)); }),
        "f.zst: expected a whole zstd file, found its end missing. Copy or download it again.");
  }
  EXPECT_THAT(test::error_of<DataError>([&] { unpack(packed + "rubbish!"); }),
              testing::StartsWith("f.zst: expected a whole zstd file, found \""));
}

TEST(Zstd, PackedFilesAreReadAndLeaveTheirUnpackedTwinAlone) {
  const ScratchFolder folder;
  folder.write("a.csv.zst", zstd("1,0\n2,1\n"));
  EXPECT_EQ(load_data({.data = folder.path()}).train->size(), 2);
  folder.write("a.csv", "1,0\n2,1\n3,1\n");
  EXPECT_EQ(load_data({.data = folder.path()}).train->size(), 3);
}

}  // namespace
}  // namespace dga
