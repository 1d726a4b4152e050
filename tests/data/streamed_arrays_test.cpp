// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/formats/arrays/npy.h"
#include "dga/data/formats/format.h"
#include "dga/data/load.h"
#include "dga/data/normalisation.h"
#include "tests/data/streamed_samples.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;

/// How random arrays are written, and what they hold.
struct ArrayStyle {
  std::string type = "<f4";
  bool column_major = false;
  bool crowded = false;  // some columns need an origin, if the type has room for it
  int missing = 0;       // percent of the samples that miss a value
};

std::string npy_text(const std::string& type, bool column_major, const std::string& shape,
                     const std::string& elements) {
  std::string header =
      str("{'descr': '", type, "', 'fortran_order': ", column_major ? "True" : "False",
          ", 'shape': (", shape, "), }\n");
  return str(std::string("\x93NUMPY\x01\x00", 8), static_cast<char>(header.size() % 256),
             static_cast<char>(header.size() / 256), header, elements);
}

template <typename T>
std::string raw(T value, bool big_endian) {
  std::string text(reinterpret_cast<const char*>(&value), sizeof(T));
  return big_endian ? std::string(text.rbegin(), text.rend()) : text;
}

std::string element(const std::string& type, double value) {
  const bool big = type.front() == '>';
  const std::string name = type.substr(1);
  return name == "f4"   ? raw(static_cast<float>(value), big)
         : name == "f8" ? raw(value, big)
         : name == "f2" ? raw<std::uint16_t>(std::isnan(value) ? 0x7e00 : 0x3c00, big)
         : name == "i8" ? raw(static_cast<std::int64_t>(value), big)
         : name == "u4" ? raw(static_cast<std::uint32_t>(value), big)
                        : raw(static_cast<std::uint8_t>(value), big);
}

std::string random_array(const ArrayStyle& style, std::int64_t rows, std::int64_t width,
                         RandomStream& random) {
  std::vector<double> values;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      const double far = style.crowded && column % 3 == 1 ? 1.7e9 : 0;
      values.push_back(far +
                       static_cast<double>(random.below(style.type[1] == 'f' ? 10'000 : 250)));
    }
    if (style.type[1] == 'f' && random.below(100) < static_cast<std::uint64_t>(style.missing)) {
      values[values.size() - 1 - random.below(static_cast<std::uint64_t>(width))] =
          std::numeric_limits<double>::quiet_NaN();
    }
  }
  std::string text;
  for (std::int64_t i = 0; i < rows * width; ++i) {
    const std::int64_t at = style.column_major ? i % rows * width + i / rows : i;
    text += element(style.type, values[static_cast<std::size_t>(at)]);
  }
  return npy_text(style.type, style.column_major, str(rows, ", ", width), text);
}

std::string random_labels(std::int64_t rows, bool target, RandomStream& random) {
  std::string text;
  for (std::int64_t row = 0; row < rows; ++row) {
    text += target ? raw(1.7e9 + static_cast<double>(random.below(100)), false)
                   : raw(static_cast<std::uint8_t>(random.below(3)), false);
  }
  return npy_text(target ? "<f8" : "|u1", false, str(rows, ","), text);
}

Samples read_arrays(std::span<const SourcePtr> files, const ReadOptions& options) {
  return read_with(format_of(*files.front()), files, options);
}

TEST(StreamedArrays, AreAsInMemory) {
  RandomStream random(stream_key(41, "streamed arrays"));
  for (int round = 0; round < 40; ++round) {
    const ArrayStyle style{
        .type = std::array{"<f4", "<f8", ">f8", "<i8", "<u4", "|u1", "<f2", ">f4"}[random.below(8)],
        .column_major = random.below(4) == 0,
        .crowded = random.below(2) == 0,
        .missing = std::array{0, 1, 60}[random.below(3)]};
    const bool target = random.below(3) == 0;
    // The samples of a block differ in their number, so that rows that are left out lie in reads of
    // their own, and in those of others.
    const std::int64_t width = std::array{1, 5, 700}[random.below(3)];
    SCOPED_TRACE(str("round ", round, ' ', style.type, ' ', width));
    std::vector<SourcePtr> files;
    for (std::uint64_t file = 0; file <= random.below(3); ++file) {
      const auto rows = static_cast<std::int64_t>(2 + random.below(width == 1 ? 9000 : 300));
      files.push_back(source_of(str("x_", file, ".npy"), random_array(style, rows, width, random)));
      files.push_back(source_of(str("y_", file, ".npy"), random_labels(rows, target, random)));
    }
    ReadOptions options{.task = target ? Task::regression : Task::classification,
                        .threads = 1 + static_cast<int>(random.below(3))};
    options.table.missing = style.missing == 0     ? Missing::error
                            : random.below(2) == 0 ? Missing::mean
                                                   : Missing::drop;
    const Samples train = test::expect_the_same(read_arrays, files, options, random);
    options.origins = &train.origins;
    test::expect_the_same(read_arrays, {files.begin(), files.begin() + 2}, options, random);
    if (HasFailure()) {
      break;
    }
  }
}

TEST(StreamedArrays, IntegersAreRoundedOnceAsInMemory) {
  // Their mean is 0, and f32 of f64 of 2^60 + 2^36 + 1 is not f32 of it.
  constexpr std::int64_t kMiddle = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;
  std::string x;
  for (const std::int64_t value : {kMiddle, -kMiddle, kMiddle, -kMiddle}) {
    x += raw(value, false);
  }
  RandomStream random(stream_key(42, "integers"));
  const std::vector<SourcePtr> files{
      source_of("x.npy", npy_text("<i8", false, "4, 1", x)),
      source_of("y.npy", npy_text("|u1", false, "4,", std::string("\0\1\0\1", 4)))};
  const Samples memory = test::expect_the_same(read_arrays, files, {}, random);
  EXPECT_EQ(memory.features[0], static_cast<float>(kMiddle));
}

TEST(StreamedArrays, ErrorsAreThoseInMemory) {
  const auto error_of_arrays = [](const std::vector<float>& values, Missing missing,
                                  const std::string& labels) {
    std::string x;
    for (const float value : values) {
      x += raw(static_cast<double>(value), false);
    }
    const std::vector<SourcePtr> files{
        source_of("x.npy", npy_text("<f8", false, str(values.size(), ", 1"), x)),
        source_of("y.npy", npy_text("<f4", false, str(values.size(), ","), labels))};
    std::vector<std::string> errors;
    for (const bool in_place : {false, true}) {
      errors.push_back(test::error_of<DataError>(
          [&] { read_arrays(files, {.table = {.missing = missing}, .in_place = in_place}); }));
    }
    EXPECT_EQ(errors[0], errors[1]);
    return errors[1];
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of_arrays({1, kNan}, Missing::error, "12345678"),
            "x.npy: sample 1: expected a finite number of at most 3.4e38 in size, found nan. "
            "Correct the file, or set --missing to mean or drop.");
  EXPECT_EQ(error_of_arrays({1, kNan, -kInfinity}, Missing::mean, "123456789012"),
            "x.npy: sample 2: expected a finite number of at most 3.4e38 in size, found -inf. "
            "Correct the file.");
  EXPECT_THAT(error_of_arrays({1, kNan}, Missing::mean, "12345678"),
              HasSubstr("y.npy: sample 0: expected an integer label"));
  EXPECT_THAT(error_of_arrays({kNan, kNan}, Missing::drop, std::string(8, '\0')),
              HasSubstr("x.npy: expected samples without missing values, found none in all 2."));
}

class StreamedArraysTest : public testing::Test {
 protected:
  void write(const std::vector<float>& values) {
    std::filesystem::create_directories(folder.file("data"));
    std::string x;
    std::string y;
    for (std::size_t i = 0; i < values.size(); ++i) {
      x += raw(values[i], false);
      y += static_cast<char>(i % 2);
    }
    folder.write("data/x.npy", npy_text("<f4", false, str(values.size(), ", 1"), x));
    folder.write("data/y.npy", npy_text("|u1", false, str(values.size(), ","), y));
  }
  LoadedData load(bool stream, Missing missing, const std::string& index = {}) const {
    return load_data({.data = folder.file("data"),
                      .table = {.missing = missing},
                      .samples = {.stream = stream},
                      .index = index});
  }
  static std::vector<std::uint32_t> all_bits(const Dataset& data) {
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < data.size(); ++i) {
      indices.push_back(i);
    }
    std::vector<float> values(indices.size() * static_cast<std::size_t>(data.num_features()));
    data.gather_centred(indices, BufferView(values.data(), std::ssize(values)), {});
    return test::bits_of(values.data(), std::ssize(values));
  }

  ScratchFolder folder;
  float nan = std::numeric_limits<float>::quiet_NaN();
};

TEST_F(StreamedArraysTest, MissingValuesAreReplacedOrLeftOutAsInMemory) {
  write({1, nan, 3, nan, nan, 6, 7, 8, nan, 10});
  for (const Missing missing : {Missing::mean, Missing::drop}) {
    const LoadedData memory = load(false, missing);
    const LoadedData stream = load(true, missing);
    EXPECT_EQ(stream.summary.notices, memory.summary.notices);
    EXPECT_THAT(stream.summary.notices.at(0), HasSubstr("4 of 10 samples have missing values"));
    EXPECT_EQ(class_labels(*stream.train), class_labels(*memory.train));
    EXPECT_EQ(all_bits(*stream.train), all_bits(*memory.train));
    const PreparedData a = split_and_normalise(memory, 0.2, 1);
    const PreparedData b = split_and_normalise(stream, 0.2, 1);
    EXPECT_EQ(b.normalisation.fill, a.normalisation.fill);
    EXPECT_EQ(all_bits(*b.train), all_bits(*a.train));
    EXPECT_EQ(all_bits(*b.test), all_bits(*a.test));
  }
}

TEST_F(StreamedArraysTest, WhatAPassFindsIsKept) {
  write({1, nan, 3, nan, nan, 6, 7, 8, nan, 10});
  const std::string index = folder.file("index");
  const auto files = [&] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(index)) {
      names.push_back(entry.path());
    }
    return names;
  };
  const auto expected = all_bits(*load(true, Missing::drop).train);
  EXPECT_EQ(all_bits(*load(true, Missing::drop, index).train), expected);
  ASSERT_EQ(files().size(), 1U);
  const auto kept = std::filesystem::last_write_time(files().front());
  EXPECT_EQ(all_bits(*load(true, Missing::drop, index).train), expected);
  EXPECT_EQ(std::filesystem::last_write_time(files().front()), kept);
  // Other rows are missing then.
  write({1, 2, nan, nan, nan, 6, 7, 8, nan, 10});
  EXPECT_EQ(all_bits(*load(true, Missing::drop, index).train),
            all_bits(*load(false, Missing::drop).train));
}

TEST_F(StreamedArraysTest, LabelsAloneAreReadWhereNothingMayBeMissing) {
  write({1, nan, 3, 4});
  const std::string index = folder.file("index");
  const LoadedData stream = load(true, Missing::error, index);
  EXPECT_FALSE(std::filesystem::exists(index)) << "no pass, so nothing is kept";
  EXPECT_THAT(
      test::error_of<DataError>([&] { all_bits(*stream.train); }),
      HasSubstr("x.npy: sample 1: expected a finite number of at most 3.4e38 in size, found "
                "nan. Correct the file, or set --missing to mean or drop."));
}

}  // namespace
}  // namespace dga
