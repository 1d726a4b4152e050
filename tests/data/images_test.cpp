// SPDX-License-Identifier: Apache-2.0
//
// PNG and JPEG files, read as Pillow reads them: tests/data/images/make_images.py wrote both the
// files and Pillow's pixels.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/formats/image.h"
#include "dga/data/formats/images/planes.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using test::bytes;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kImageFolder = "tests/data/images/";

Samples read_image_files(const std::vector<std::string>& names, ReadOptions options = {}) {
  std::vector<SourcePtr> files;
  for (const std::string& name : names) {
    files.push_back(open_file(kImageFolder + name));
  }
  options.optional_labels = true;
  return read_images(files, options);
}

std::string error_of_image(const std::string& content, ReadOptions options = {}) {
  const SourcePtr file = source_of("x", content);
  options.optional_labels = true;
  return test::error_of<DataError>([&] { read_images({&file, 1}, options); });
}

/// Sample 0 as rows of red, green and blue.
std::string rgb_of(const Samples& samples) {
  const bool grey = samples.shape[0] == 1;
  const std::int64_t pixels = samples.shape[1] * samples.shape[2];
  std::string rgb;
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::int64_t c = 0; c < 3; ++c) {
      rgb += static_cast<char>(samples.bytes[grey ? i : c * pixels + i]);
    }
  }
  return rgb;
}

std::string golden_of(const std::string& name) {
  return read_all(*open_file(kImageFolder + name));
}

struct KindOfImage {
  std::string name;
  int channels;
};

const std::vector<KindOfImage> kImageKinds = {{"grey1.png", 1},
                                              {"grey2.png", 1},
                                              {"grey4.png", 1},
                                              {"grey8.png", 1},
                                              {"grey16.png", 1},
                                              {"palette1.png", 3},
                                              {"palette2.png", 3},
                                              {"palette4.png", 3},
                                              {"palette8.png", 3},
                                              {"grey_alpha.png", 1},
                                              {"palette_transparent.png", 3},
                                              {"colour.png", 3},
                                              {"colour_gamma.png", 3},
                                              {"colour16.png", 3},
                                              {"colour_alpha.png", 3},
                                              {"interlaced.png", 3},
                                              {"interlaced_grey2.png", 1},
                                              {"jpeg_full.jpg", 3},
                                              {"jpeg_subsampled.jpg", 3},
                                              {"jpeg_progressive.jpg", 3},
                                              {"jpeg_turned.jpg", 3},
                                              {"jpeg_grey.jpg", 1}};

TEST(Images, HaveThePixelsThatPillowReads) {
  for (const auto& [name, channels] : kImageKinds) {
    const Samples samples = read_image_files({name});
    EXPECT_THAT(samples.shape, ElementsAre(channels, 9, 13)) << name;
    EXPECT_EQ(samples.labels, nullptr);
    EXPECT_TRUE(rgb_of(samples) == golden_of(name.substr(0, name.find('.')) + ".rgb")) << name;
  }
}

TEST(Images, HaveTheBitsOfPillowAfterResizing) {
  for (const ImageSize size : {ImageSize{7, 5}, ImageSize{20, 64}, ImageSize{48, 100},
                               ImageSize{131, 90}, ImageSize{1, 1}}) {
    const Samples samples = read_image_files({"large.png"}, {.image_size = size});
    EXPECT_THAT(samples.shape, ElementsAre(3, size.height, size.width));
    EXPECT_TRUE(rgb_of(samples) == golden_of(str("large.", size.height, 'x', size.width, ".rgb")))
        << size.height;
  }
}

TEST(Images, AreAllGreyOrAllInColour) {
  EXPECT_THAT(read_image_files({"grey8.png", "jpeg_grey.jpg"}).shape, ElementsAre(1, 9, 13));
  const Samples samples = read_image_files({"grey8.png", "colour.png"});
  EXPECT_THAT(samples.shape, ElementsAre(3, 9, 13));
  EXPECT_TRUE(rgb_of(samples) == golden_of("grey8.rgb"));
  EXPECT_EQ(samples.place(1), kImageFolder + "colour.png");
}

TEST(Images, TakeTheShapeOfTheTraining) {
  const Samples colour = read_image_files({"grey8.png"}, {.shape = {3, 9, 13}});
  EXPECT_THAT(colour.shape, ElementsAre(3, 9, 13));
  EXPECT_TRUE(rgb_of(colour) == golden_of("grey8.rgb"));
  // IDX has no dimension of channels.
  EXPECT_THAT(read_image_files({"grey8.png"}, {.shape = {9, 13}}).shape, ElementsAre(9, 13));
  const std::string name = kImageFolder + "colour.png";
  const auto error = [](const std::vector<std::int64_t>& shape) {
    return test::error_of<DataError>([&] { read_image_files({"colour.png"}, {.shape = shape}); });
  };
  EXPECT_EQ(
      error({1, 9, 13}),
      name + ": expected a grey image, as in the training, found colours. Convert it to grey.");
  EXPECT_EQ(error({3, 9, 12}),
            name +
                ": expected an image of 9 x 12 pixels (height x width), as in the training, found "
                "9 x 13. Give images of that size, or train with --resize HxW, such as --resize "
                "9x12.");
  EXPECT_EQ(error({64}),
            name +
                ": expected samples of 64 features, as in the training, found an image. Give data "
                "of the same kind as the training data.");
}

TEST(Images, OfDifferentSizesAreRefusedWithBothNames) {
  EXPECT_EQ(test::error_of<DataError>([] {
              read_image_files({"colour.png", "large.png"});
            }),
            kImageFolder + "large.png: expected an image of 9 x 13 pixels (height x width) as " +
                kImageFolder +
                "colour.png, found 48 x 64. Resize all images with --resize HxW, such as --resize "
                "9x13.");
}

TEST(Images, InCmykAreRefused) {
  EXPECT_EQ(test::error_of<DataError>([] { read_image_files({"cmyk.jpg"}); }),
            kImageFolder +
                "cmyk.jpg: expected a JPEG image in grey or RGB, found one in CMYK, whose "
                "colours depend on the printer. Convert it to RGB.");
}

TEST(Images, NeedClasses) {
  const SourcePtr file = open_file(kImageFolder + "colour.png");
  EXPECT_EQ(
      test::error_of<DataError>([&] {
        read_images({&file, 1}, {});
      }),
      file->name() +
          ": expected images in a subfolder for each class, whose names are the labels, found "
          "an image without a class. Sort the images into such folders, and give the folder "
          "that contains these.");
  const std::vector<std::string> classes = {"cat"};
  EXPECT_THAT(test::error_of<DataError>([&] {
                read_images({&file, 1}, {.task = Task::regression, .file_classes = &classes});
              }),
              HasSubstr("expected numbers as labels for regression, found the name of a class"));
}

TEST(Images, AskForNoMoreMemoryThanThereIs) {
  // A head of 400,000 x 400,000 pixels. The checksum is zlib.crc32(b"IHDR" + head) in Python.
  const std::string head = bytes({0x00, 0x06, 0x1a, 0x80, 0x00, 0x06, 0x1a, 0x80, 0x08, 0x02, 0x00,
                                  0x00, 0x00, 0xea, 0xf9, 0x05, 0x34});
  const std::string png = golden_of("colour.png").replace(16, head.size(), head);
  EXPECT_THAT(error_of_image(png),
              AllOf(StartsWith("x: expected images that fit into memory, found a need of "),
                    HasSubstr(" (1 images of 3 x 400000 x 400000 values, and decoders for up "
                              "to 400000 x 400000 pixels in this file) with "),
                    HasSubstr(" available. Give fewer images, or a smaller --resize HxW, or remove "
                              "the file.")));
}

TEST(Images, CutOffAnywhereAreErrors) {
  for (const auto& [name, channels] : kImageKinds) {
    const std::string whole = golden_of(name);
    // The last four bytes of a PNG are the checksum of nothing.
    const std::size_t needed = whole.size() - (is_png(whole) ? 4 : 0);
    for (std::size_t size = 0; size < needed; ++size) {
      const std::string text = error_of_image(whole.substr(0, size));
      EXPECT_THAT(text, StartsWith("x: expected a whole ")) << name << ' ' << size;
    }
  }
}

TEST(Images, DamagedAreReadOrRefused) {
  RandomStream stream(stream_key(13, "fuzz images"));
  int read = 0;
  int refused = 0;
  std::int64_t values = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string damaged = golden_of(kImageKinds[stream.below(kImageKinds.size())].name);
    for (std::uint64_t change = 0; change <= stream.below(3); ++change) {
      char& byte = damaged[stream.below(damaged.size())];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << stream.below(8)));
    }
    const SourcePtr file = source_of("x", damaged);
    try {
      const Samples samples = read_images({&file, 1}, {.optional_labels = true, .threads = 1});
      ++read;
      for (std::int64_t k = 0; k < samples.shape[0] * samples.shape[1] * samples.shape[2]; ++k) {
        values += samples.bytes[k];  // the sanitizers see whether all are there
      }
    } catch (const DataError& error) {
      ++refused;
      EXPECT_THAT(error.what(), StartsWith("x: expected "));
    }
  }
  EXPECT_GT(read, 300);  // a flipped bit of a JPEG may be another picture
  EXPECT_GT(refused, 3000);
  EXPECT_GT(values, 0);
}

TEST(Images, PlanesOfAnyLengthHaveTheColoursInTheirOrder) {
  for (std::size_t count = 0; count < 70; ++count) {
    std::vector<std::uint8_t> pixels(3 * count);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<std::uint8_t>(i);
    }
    std::vector<std::uint8_t> planes(pixels.size() + 1, 255);  // the last one is not written
    split_into_planes(pixels, planes.data());
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t colour = 0; colour < 3; ++colour) {
        ASSERT_EQ(planes[colour * count + i], pixels[3 * i + colour]) << count << ' ' << i;
      }
    }
    EXPECT_EQ(planes.back(), 255) << count;
  }
}

}  // namespace
}  // namespace dga
