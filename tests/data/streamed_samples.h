// SPDX-License-Identifier: Apache-2.0
//
// Compares samples that stay in their files with those of a reading into memory.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"
#include "dga/data/stream/block_reader.h"
#include "dga/data/stream/text_index.h"
#include "tests/support/scratch_folder.h"

namespace dga::test {

using ReadSet = std::function<Samples(std::span<const SourcePtr>, const ReadOptions&)>;

/// Bits, since NaN does not equal itself.
inline std::vector<std::uint32_t> bits_of(const float* values, std::int64_t count) {
  std::vector<std::uint32_t> bits;
  for (std::int64_t i = 0; i < count; ++i) {
    bits.push_back(std::bit_cast<std::uint32_t>(values[i]));
  }
  return bits;
}

template <typename T>
std::vector<T> all_of(const std::shared_ptr<T[]>& values, std::int64_t count) {
  return values ? std::vector<T>(values.get(), values.get() + count) : std::vector<T>();
}

inline void expect_equal(const Samples& stream, const Samples& memory, RandomStream& random) {
  const std::int64_t width = width_of(memory);
  EXPECT_EQ(stream.count, memory.count);
  EXPECT_EQ(stream.shape, memory.shape);
  EXPECT_EQ(stream.features, nullptr);
  EXPECT_EQ(all_of(stream.labels, memory.count), all_of(memory.labels, memory.count));
  EXPECT_EQ(all_of(stream.targets, memory.count), all_of(memory.targets, memory.count));
  EXPECT_EQ(stream.label_texts, memory.label_texts);
  EXPECT_EQ(stream.label, memory.label);
  EXPECT_EQ(stream.notices, memory.notices);
  EXPECT_EQ(stream.origins, memory.origins);
  EXPECT_EQ(stream.columns, memory.columns);
  EXPECT_EQ(stream.missing_samples, memory.missing_samples);
  EXPECT_EQ(stream.dropped_samples, memory.dropped_samples);
  EXPECT_EQ(stream.format, memory.format);
  const auto samples = static_cast<std::uint64_t>(memory.count);
  for (int round = 0; round < 8; ++round) {
    const auto first = static_cast<std::int64_t>(round == 0 ? 0 : random.below(samples));
    const std::int64_t count = round == 0
                                   ? memory.count
                                   : static_cast<std::int64_t>(random.below(std::min<std::uint64_t>(
                                         200, samples - static_cast<std::uint64_t>(first) + 1)));
    std::vector<float> values(static_cast<std::size_t>(count * width), -7.0F);
    stream.blocks->read(first, first + count, values.data());
    EXPECT_EQ(bits_of(values.data(), count * width),
              bits_of(memory.features.get() + first * width, count * width))
        << "from " << first << ", " << count;
    EXPECT_EQ(stream.place(first), memory.place(first));
  }
}

/// Everything about the samples is as in memory, also with what an index has kept of them. Returns
/// the samples in memory.
inline Samples expect_the_same(const ReadSet& read, const std::vector<SourcePtr>& files,
                               ReadOptions options, RandomStream& random) {
  options.in_place = false;
  Samples memory = read(files, options);
  options.in_place = true;
  const Samples stream = read(files, options);
  expect_equal(stream, memory, random);
  if (stream.blocks->marks().empty() && !stream.has_pass) {
    return memory;  // nothing to keep
  }
  const ScratchFolder folder;
  const IndexFolder index(folder.path());
  const IndexKey key = index_key(topic_of(options), {}, 1);
  keep_text_pass(index, key, files, stream);
  std::optional<TextPass> pass = find_text_pass(index, key, files);
  if (!pass) {
    ADD_FAILURE() << "nothing was kept";
    return memory;
  }
  options.pass = &*pass;
  SCOPED_TRACE("from the index");
  expect_equal(read(files, options), memory, random);
  return memory;
}

}  // namespace dga::test
