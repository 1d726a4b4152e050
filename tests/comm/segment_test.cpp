// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

TEST(Segment, StartsZeroedAndAlignedAndCostsNothingUntilTouched) {
  for (const auto kind : {MemoryKind::heap, MemoryKind::mapped}) {
    const auto huge = Segment::create(kind, std::int64_t{1} << 36, 1);  // 64 GiB of addresses
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(huge.data()) % 64, 0U);
    EXPECT_EQ(huge.data()[0], std::byte{0});
    EXPECT_EQ(huge.data()[huge.bytes() - 1], std::byte{0});
  }
}

TEST(Segment, AnotherProcessSeesWhatIsWritten) {
  const auto segment = Segment::create(MemoryKind::mapped, 4096, 1);
  const pid_t child = fork();
  if (child == 0) {
    const auto attached = Segment::attach(MemoryKind::mapped, segment.handle());
    attached.data()[7] = std::byte{42};
    _exit(attached.data() != segment.data() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(segment.data()[7], std::byte{42});
}

TEST(Segment, IsStillThereAfterItsOwnProcessHasReleasedAnotherView) {
  const auto segment = Segment::create(MemoryKind::mapped, 4096, 1);
  segment.data()[3] = std::byte{9};
  for (int i = 0; i < 2; ++i) {
    const auto view = Segment::attach(MemoryKind::mapped, segment.handle());
    EXPECT_EQ(view.data()[3], std::byte{9});
  }
}

TEST(Segment, AHeapSegmentLivesUntilItsLastHolderIsGone) {
  auto first = Segment::create(MemoryKind::heap, 4096, 2);
  const auto second = Segment::attach(MemoryKind::heap, first.handle());
  first.data()[0] = std::byte{1};
  first = Segment();
  EXPECT_EQ(second.data()[0], std::byte{1});
}

TEST(Segment, AMemoryFileThatCannotBeOpenedIsExplained) {
  SegmentHandle handle{.id = 1, .bytes = 4096, .address = nullptr, .owner = 1, .fd = 999999};
  EXPECT_THAT(test::error_of([&] { Segment::attach(MemoryKind::mapped, handle); }),
              testing::StartsWith(
                  "[comm] shared memory: expected to open /proc/1/fd/999999 of worker process 1, "
                  "found \"No such file or directory\". Run the workers of a node as one user"));
}

}  // namespace
}  // namespace dga
