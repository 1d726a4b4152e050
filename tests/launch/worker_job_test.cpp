// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/worker_job.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/data/table.h"

namespace dga {
namespace {

std::vector<float> all_features(const Dataset& set) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    indices.push_back(i);
  }
  std::vector<float> features(static_cast<std::size_t>(set.size() * set.num_features()));
  set.gather(indices, BufferView(features.data(), std::ssize(features)), {});
  return features;
}

TEST(WorkerJob, GivesWorkersFloatsAndBytesAsTheyAre) {
  const std::shared_ptr<std::uint8_t[]> bytes(new std::uint8_t[4]{0, 7, 200, 255});
  const std::shared_ptr<float[]> floats(new float[2]{0.5F, -3});
  const std::shared_ptr<std::int64_t[]> labels(new std::int64_t[2]{1, 0});
  const std::vector<std::string> names{"a", "b"};
  const LoadedData data{
      .train = std::make_shared<Table>(2, std::vector<std::int64_t>{2}, bytes, labels, names),
      .test = std::make_shared<Table>(1, std::vector<std::int64_t>{2}, floats, labels, names)};
  Progress progress;
  const WorkerJob job({}, data, progress);
  // This process is its own worker; it may be that of a later test, too.
  const char* before = std::getenv("DGA_WORKER");
  const std::optional<std::string> seat =
      before ? std::optional<std::string>(before) : std::nullopt;
  ASSERT_EQ(setenv("DGA_WORKER", "0", 1), 0);
  int calls = 0;
  run_worker_job([&](const RunOptions&, const LoadedData& given, Progress&) {
    ++calls;
    EXPECT_EQ(given.train->features_in_memory().type, DType::u8);
    EXPECT_EQ(all_features(*given.train), std::vector<float>({0, 7, 200, 255}));
    EXPECT_EQ(given.train->class_names(), names);
    EXPECT_EQ(given.test->features_in_memory().type, DType::f32);
    EXPECT_EQ(all_features(*given.test), std::vector<float>({0.5F, -3}));
    EXPECT_EQ(given.validation, nullptr);
  });
  seat ? setenv("DGA_WORKER", seat->c_str(), 1) : unsetenv("DGA_WORKER");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dga
