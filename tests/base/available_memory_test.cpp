// SPDX-License-Identifier: Apache-2.0

#include "dga/base/available_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

/// A made-up /proc and /sys: 4 GiB available, and 1 GiB of free swap.
class FakeMachine {
 public:
  FakeMachine() {
    put("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable: 4194304 kB\nSwapFree: 1048576 kB\n");
  }
  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_.file(path)).parent_path());
    folder_.write(path, text);
  }
  /// In MiB.
  std::int64_t machine() const { return available_memory(folder_.path()).machine >> 20; }
  bool limited() const { return available_memory(folder_.path()).limited_by_cgroup; }

 private:
  ScratchFolder folder_;
};

TEST(AvailableMemory, IsWhatTheKernelReportsWithFreeSwap) {
  const FakeMachine fake;
  EXPECT_EQ(fake.machine(), 5 << 10);
  EXPECT_FALSE(fake.limited());
}

TEST(AvailableMemory, OfThisMachineIsPositive) {
  EXPECT_GT(available_memory().machine, 1 << 20);
}

TEST(AvailableMemory, IsLimitedByACgroupOfVersion2AndThoseAroundIt) {
  const FakeMachine fake;
  fake.put("proc/self/cgroup", "0::/job/step\n");
  fake.put("sys/fs/cgroup/job/step/memory.max", "max\n");
  fake.put("sys/fs/cgroup/job/step/memory.current", "1048576\n");
  EXPECT_FALSE(fake.limited());
  fake.put("sys/fs/cgroup/job/memory.max", "2147483648\n");
  fake.put("sys/fs/cgroup/job/memory.current", "1073741824\n");
  EXPECT_EQ(fake.machine(), 1024);
  EXPECT_TRUE(fake.limited());
  fake.put("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 536870912\n");  // can be freed
  EXPECT_EQ(fake.machine(), 1536);
  fake.put("sys/fs/cgroup/memory.max", "104857600\n");  // as a container sees its own
  fake.put("sys/fs/cgroup/memory.current", "104857700\n");
  EXPECT_EQ(fake.machine(), 0);
}

TEST(AvailableMemory, IsLimitedByACgroupOfVersion1) {
  const FakeMachine fake;
  fake.put("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:hugetlb,memory:/slurm/job_7\n0::/\n");
  fake.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  fake.put("sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
  EXPECT_FALSE(fake.limited());
  fake.put("sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", "1073741824\n");
  fake.put("sys/fs/cgroup/memory/slurm/job_7/memory.usage_in_bytes", "805306368\n");
  EXPECT_EQ(fake.machine(), 256);
  EXPECT_TRUE(fake.limited());
}

TEST(AvailableMemory, KnowsTheLimitOfTheAddressSpace) {
  EXPECT_FALSE(available_memory().address_space.has_value());
  const pid_t child = fork();
  if (child == 0) {
    rlim_t pages = 0;  // very many under a sanitizer
    std::ifstream("/proc/self/statm") >> pages;
    constexpr rlim_t kMore = rlim_t{4} << 30;
    const rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + kMore;
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_AS, &limit);
    const auto left = available_memory().address_space;
    _exit(left && *left > static_cast<std::int64_t>(kMore / 2) &&
                  *left <= static_cast<std::int64_t>(kMore)
              ? 0
              : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(AvailableMemory, IsToldInTheUnitThatFits) {
  EXPECT_EQ(memory_text(0), "0 MiB");
  EXPECT_EQ(memory_text(512 << 20), "512 MiB");
  EXPECT_EQ(memory_text(3.25 * (1 << 30)), "3.2 GiB");
  EXPECT_EQ(memory_text(7.25 * (1 << 30) * 1024), "7.2 TiB");
  EXPECT_EQ(memory_text(1e24), "867361.7 EiB");
}

}  // namespace
}  // namespace dga
