// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using test::bytes;
using testing::ElementsAre;

/// Three pictures of 2 x 2 pixels, and their labels.
const std::string kImages =
    bytes({0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255});
const std::string kLabels = bytes({0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 9});

Samples parse(const std::string& images, const std::string& labels,
              const ReadOptions& options = {}) {
  const std::vector<SourcePtr> files = {source_of("images", images), source_of("labels", labels)};
  return read_labelled_arrays(idx_arrays(files, options).parts, options);
}

std::string error_in(const std::string& images, const std::string& labels) {
  return test::error_of<DataError>([&] { parse(images, labels); });
}

TEST(Idx, PicturesKeepTheirShapeAndPixels) {
  for (const bool labels_first : {false, true}) {
    std::vector<SourcePtr> files = {source_of("images", kImages), source_of("labels", kLabels)};
    if (labels_first) {
      std::swap(files[0], files[1]);
    }
    const Samples samples = read_labelled_arrays(idx_arrays(files, {}).parts, {});
    EXPECT_EQ(samples.count, 3);
    EXPECT_THAT(samples.shape, ElementsAre(2, 2));
    EXPECT_THAT(std::vector<float>(samples.features.get(), samples.features.get() + 12),
                ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255));
    EXPECT_THAT(std::vector<std::int64_t>(samples.labels.get(), samples.labels.get() + 3),
                ElementsAre(5, 0, 9));
    EXPECT_EQ(samples.place(2), "labels: sample 2");
  }
}

/// An IDX file of f64 (0x0e) or 32-bit integers (0x0c).
std::string idx_of(int type, const std::vector<int>& dims, const std::vector<double>& values) {
  std::string text = bytes({0, 0, type, static_cast<int>(dims.size())});
  const auto append = [&](std::uint64_t bits, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      text += static_cast<char>((bits >> shift) & 0xff);
    }
  };
  for (const int dim : dims) {
    append(static_cast<std::uint64_t>(dim), 4);
  }
  for (const double value : values) {
    if (type == 0x0c) {
      append(static_cast<std::uint32_t>(static_cast<std::int32_t>(value)), 4);
    } else {
      append(std::bit_cast<std::uint64_t>(value), 8);
    }
  }
  return text;
}

TEST(Idx, UnixTimesKeepTheirDifferencesAsFeaturesAndTargets) {
  for (const int type : {0x0c, 0x0e}) {
    const std::string features = idx_of(type, {3, 2}, {1.7e9, 1, 1.7e9 + 1, 2, 1.7e9 + 5, 3});
    const std::string targets = idx_of(type, {3}, {1.6e9, 1.6e9 + 3, 1.6e9 + 3});
    const Samples samples = parse(features, targets, {.task = Task::regression});
    EXPECT_THAT(samples.origins.features, ElementsAre(1.7e9 + 2, 0));
    EXPECT_EQ(samples.origins.target, 1.6e9 + 2);
    EXPECT_THAT(std::vector<float>(samples.features.get(), samples.features.get() + 6),
                ElementsAre(-2, 1, -1, 2, 3, 3));
    EXPECT_THAT(std::vector<float>(samples.targets.get(), samples.targets.get() + 3),
                ElementsAre(-2, 1, 1));
    const Origins given{.features = {1.7e9, 0}, .target = 1.6e9};
    const Samples other = parse(features, targets, {.task = Task::regression, .origins = &given});
    EXPECT_EQ(other.features[2], 1);
    EXPECT_EQ(other.targets[2], 3);
    EXPECT_EQ(other.origins, given);
    const Origins narrow{.features = {1.7e9}};
    EXPECT_EQ(test::error_of<DataError>([&] {
                parse(features, targets, {.task = Task::regression, .origins = &narrow});
              }),
              "images: expected samples of 1 elements, as the model was trained on, found 2. "
              "Give samples with the features of the training.");
  }
}

TEST(Idx, EveryElementTypeIsRead) {
  const std::string head = bytes({0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2});
  const std::string label = bytes({0, 0, 9, 1, 0, 0, 0, 1, 0xff});
  const std::pair<int, std::string> types[] = {
      {0x08, bytes({254, 3})},
      {0x09, bytes({0xfe, 3})},
      {0x0b, bytes({0xff, 0xfe, 0, 3})},
      {0x0c, bytes({0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3})},
      {0x0d, bytes({0xc0, 0, 0, 0, 0x40, 0x40, 0, 0})},
      {0x0e, bytes({0xc0, 0, 0, 0, 0, 0, 0, 0, 0x40, 8, 0, 0, 0, 0, 0, 0})}};
  for (const auto& [type, elements] : types) {
    std::string features = head + elements;
    features[2] = static_cast<char>(type);
    const Samples samples = parse(features, label);
    EXPECT_EQ(samples.features[0], type == 0x08 ? 254.0F : -2.0F) << type;
    EXPECT_EQ(samples.features[1], 3.0F) << type;
    EXPECT_EQ(samples.labels[0], -1);
  }
}

TEST(Idx, CutOffElements) {
  EXPECT_EQ(error_in(kImages.substr(0, 20), kLabels),
            "images: expected 3 x 2 x 2 elements of 1 bytes after the header, found 4 bytes. The "
            "file seems cut off or damaged; copy it again.");
  EXPECT_EQ(
      error_in(kImages, kLabels + "x"),
      "labels: expected 3 elements of 1 bytes after the header, found 4 bytes. The file seems "
      "cut off or damaged; copy it again.");
}

TEST(Idx, CutOffHeader) {
  EXPECT_EQ(error_in(kImages.substr(0, 10), kLabels),
            "images: expected an IDX file with a whole header, found 10 bytes. The file seems cut "
            "off; copy it again.");
  EXPECT_EQ(error_in(kImages.substr(0, 3), kLabels),
            "images: expected an IDX file with 4 bytes of magic number, found 3 bytes. The file "
            "seems cut off; copy it again.");
}

TEST(Idx, WrongMagicNumber) {
  std::string images = kImages;
  images[2] = 7;
  EXPECT_EQ(
      error_in(images, kLabels),
      "images: expected IDX's magic number, two zero bytes, a type from 08, 09, 0b, 0c, 0d, 0e "
      "and a number of dimensions, found \\x00\\x00\\x07\\x03. Convert the file.");
}

TEST(Idx, SizesThatNoMemoryHolds) {
  const std::string huge = bytes({0, 0, 0x0e, 4}) + std::string(16, '\xff');
  EXPECT_EQ(
      error_in(huge, kLabels),
      "images: expected 4294967295 x 4294967295 x 4294967295 x 4294967295 elements of 8 bytes "
      "after the header, found 0 bytes. The file seems cut off or damaged; copy it again.");
}

TEST(Idx, LabelsForOtherPictures) {
  EXPECT_EQ(
      error_in(kImages, bytes({0, 0, 8, 1, 0, 0, 0, 2, 5, 0})),
      "labels: expected 3 labels, one for each sample in images, found 2. Take both files from "
      "the same place.");
}

TEST(Idx, PicturesWithoutLabels) {
  const SourcePtr images = source_of("images", kImages);
  EXPECT_EQ(test::error_of<DataError>([&] {
              idx_arrays({&images, 1}, {});
            }),
            "images: expected an IDX file of labels (1 dimension) beside it, found none. Put both "
            "into one folder and give the folder.");
}

TEST(Idx, TwoFilesOfPictures) {
  const std::vector<SourcePtr> files = {source_of("one", kImages), source_of("two", kImages)};
  EXPECT_EQ(test::error_of<DataError>([&] { idx_arrays(files, {}); }),
            "two: expected an IDX file of samples and one of labels, found a second of samples "
            "beside one. Keep one of them, or name the pairs, such as x_1 and y_1.");
}

TEST(Idx, NoPictures) {
  EXPECT_EQ(error_in(bytes({0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 2}), bytes({0, 0, 8, 1, 0, 0, 0, 0})),
            "images: expected samples, found none. Give a file that has some.");
}

TEST(Idx, PixelThatIsNotFinite) {
  const std::string images =
      bytes({0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0x7f, 0x80, 0, 0});
  EXPECT_EQ(
      error_in(images, bytes({0, 0, 8, 1, 0, 0, 0, 2, 5, 0})),
      "images: sample 1: expected a finite number of at most 3.4e38 in size, found inf. Correct "
      "the file.");
}

TEST(Idx, LabelsThatMayStandForOthers) {
  const std::string labels =  // 2^53, as f32 has it
      bytes({0, 0, 0x0d, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0x5a, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_TRUE(error_in(kImages, labels).starts_with("labels: sample 1: expected an integer label"));
}

TEST(Idx, RealLabels) {
  const std::string labels =
      bytes({0, 0, 0x0d, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0x3f, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(
      error_in(kImages, labels),
      "labels: sample 1: expected an integer label, found 0.5. To train on real-valued labels "
      "use --task regression.");
  ReadOptions options;
  options.task = Task::regression;
  EXPECT_EQ(parse(kImages, labels, options).targets[1], 0.5F);
}

}  // namespace
}  // namespace dga
