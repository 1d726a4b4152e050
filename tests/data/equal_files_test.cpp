// SPDX-License-Identifier: Apache-2.0

#include "dga/data/equal_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

Pairs pairs_of(const std::vector<std::string>& paths) {
  Pairs pairs;
  for (const EqualFiles& equal : equal_files(paths)) {
    pairs.emplace_back(equal.first, equal.copy);
  }
  return pairs;
}

TEST(EqualFiles, AreFoundWhereverTheyDiffer) {
  const ScratchFolder folder;
  // Less than a piece, pieces exactly, and more.
  for (const std::size_t size : std::vector<std::size_t>{1, 1000, 16384, 16385, 3'000'000}) {
    std::string bytes(size, 'a');
    const std::string first = folder.write("first", bytes);
    const std::string copy = folder.write("copy", bytes);
    const std::string longer = folder.write("longer", bytes + "a");
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      bytes.assign(size, 'a');
      bytes[at] = 'b';
      const std::string other = folder.write("other", bytes);
      EXPECT_THAT(pairs_of({first, other, longer, copy}), ElementsAre(std::pair(0, 3)));
      EXPECT_THAT(pairs_of({first, other, longer}), IsEmpty());
      EXPECT_THAT(pairs_of({other, copy, first, other}),
                  ElementsAre(std::pair(1, 2), std::pair(0, 3)));
    }
  }
}

TEST(EqualFiles, OfOneContentAllEqualTheFirst) {
  const ScratchFolder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 300; ++i) {
    paths.push_back(folder.write(std::to_string(i), i % 3 == 0 ? "even" : str("x", i + 100)));
  }
  const Pairs pairs = pairs_of(paths);
  ASSERT_EQ(pairs.size(), 99U);
  for (const auto& [first, copy] : pairs) {
    EXPECT_EQ(first, 0U);
    EXPECT_EQ(copy % 3, 0U);
  }
}

TEST(EqualFiles, CountLinksAndRepeatedNames) {
  const ScratchFolder folder;
  const std::string file = folder.write("a", "x");
  std::filesystem::create_symlink("a", folder.file("link"));
  EXPECT_THAT(pairs_of({file, folder.file("link"), file}),
              ElementsAre(std::pair(0, 1), std::pair(0, 2)));
}

TEST(EqualFiles, IgnoreWhatCannotBeRead) {
  const ScratchFolder folder;
  const std::string file = folder.write("a", "x");
  EXPECT_THAT(pairs_of({file, folder.file("none"), folder.file("none"), folder.path()}), IsEmpty());
}

}  // namespace
}  // namespace dga
