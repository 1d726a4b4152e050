// SPDX-License-Identifier: Apache-2.0
//
// Folders with one subfolder of images for each class.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <vector>

#include "dga/data/data_facts.h"
#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/as_table.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string image_bytes(const std::string& name) {
  return read_all(*open_file("tests/data/images/" + name));
}

/// A scratch folder with an image at each of the paths.
class ImageScratch : public ScratchFolder {
 public:
  explicit ImageScratch(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      put(path, image_bytes("grey8.png"));
    }
  }

  void put(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(file(path)).parent_path());
    write(path, content);
  }
};

std::vector<std::int64_t> class_indices(const std::shared_ptr<const Dataset>& table) {
  return {test::as_table(table).labels(), test::as_table(table).labels() + table->size()};
}

std::string refusal_of(const std::string& data, const std::string& test_data = "") {
  return test::error_of<DataError>([&] { load_data({.data = data, .test_data = test_data}); });
}

TEST(ImageFolder, NamesTheClassesInTheOrderOfTheirBytes) {
  const ImageScratch folder({"dog/1.png", "cat/2.png", "Zebra/b.png", "cat/1.png", "10/a.png"});
  folder.put("cat/.DS_Store", "x");
  folder.put("cat/Thumbs.db", "x");
  folder.put("dog/README.txt", "Whose dogs these are.");
  folder.put("README", "What this is.");
  folder.put("__MACOSX/cat/1.png", "x");
  const LoadedData data = load_data({.data = folder.path()});
  EXPECT_THAT(data.train->class_names(), ElementsAre("10", "Zebra", "cat", "dog"));
  EXPECT_THAT(class_indices(data.train), ElementsAre(0, 1, 2, 2, 3));
  EXPECT_THAT(data.train->sample_shape(), ElementsAre(1, 9, 13));
  EXPECT_EQ(data.test, nullptr);
  EXPECT_TRUE(data.columns.text_labels);
  EXPECT_THAT(data.summary.notices,
              ElementsAre(HasSubstr("the same bytes as"), HasSubstr("the same bytes as"),
                          HasSubstr("the same bytes as"), HasSubstr("the same bytes as")));
}

TEST(ImageFolder, KeepsOneByteOfMemoryForEachValue) {
  const ImageScratch folder({"a/1.png", "b/1.png"});
  const LoadedData data = load_data({.data = folder.path()});
  const Table& table = test::as_table(data.train);
  EXPECT_EQ(table.features_in_memory().bytes(), 2 * 9 * 13);
  const std::string pixels = image_bytes("grey8.rgb");
  for (std::int64_t i = 0; i < std::int64_t{9} * 13; ++i) {
    ASSERT_EQ(table.bytes()[i],
              static_cast<unsigned char>(pixels[static_cast<std::size_t>(3 * i)]));
  }
}

TEST(ImageFolder, HasSetsByTheNamesOfItsFolders) {
  const ImageScratch folder(
      {"Train/a/1.png", "Train/b/1.png", "val/b/1.png", "test2/a/1.png", "test2/b/1.png"});
  const LoadedData data = load_data({.data = folder.path()});
  EXPECT_THAT(class_indices(data.train), ElementsAre(0, 1));
  EXPECT_THAT(class_indices(data.validation), ElementsAre(1));
  EXPECT_THAT(class_indices(data.test), ElementsAre(0, 1));
  std::vector<DataSummary::File> used = data.summary.files;
  std::erase_if(used, [](const DataSummary::File& file) { return file.use == FileUse::ignored; });
  EXPECT_THAT(used, ElementsAre(DataSummary::File{folder.file("Train/a"), FileUse::train, "", 1},
                                DataSummary::File{folder.file("Train/b"), FileUse::train, "", 1},
                                DataSummary::File{folder.file("val/b"), FileUse::validation, "", 1},
                                DataSummary::File{folder.file("test2/a"), FileUse::test, "", 1},
                                DataSummary::File{folder.file("test2/b"), FileUse::test, "", 1}));
  // Another test set takes the place of the folder's, and is not trained on.
  const LoadedData other = load_data({.data = folder.path(), .test_data = folder.file("val")});
  EXPECT_THAT(class_indices(other.test), ElementsAre(1));
  EXPECT_EQ(other.validation, nullptr);
}

TEST(ImageFolder, WithOneSetTrainsOnIt) {
  for (const std::string set : {"train", "test"}) {
    const ImageScratch folder({set + "/a/1.png", set + "/b/1.png"});
    const LoadedData data = load_data({.data = folder.path()});
    EXPECT_EQ(data.train->size(), 2);
    EXPECT_EQ(data.test, nullptr);
  }
  const ImageScratch folder({"val/a/1.png", "val/b/1.png"});
  EXPECT_THAT(refusal_of(folder.path()),
              HasSubstr("expected training files, found only validation"));
}

TEST(ImageFolder, MayHaveClassesWithTheNamesOfSets) {
  const ImageScratch folder({"car/1.png", "train/1.png"});
  EXPECT_THAT(load_data({.data = folder.path()}).train->class_names(), ElementsAre("car", "train"));
}

TEST(ImageFolder, ResizesAllSets) {
  const ImageScratch folder({"train/a/1.png", "train/b/1.png"});
  folder.put("test/a/1.png", image_bytes("large.png"));
  folder.put("train/a/2.jpg", image_bytes("jpeg_full.jpg"));
  EXPECT_THAT(refusal_of(folder.path()),
              HasSubstr("expected an image of 9 x 13 pixels (height x width), as in the training"));
  const LoadedData data = load_data({.data = folder.path(), .samples = {.resize = "7x5"}});
  EXPECT_THAT(data.train->sample_shape(), ElementsAre(3, 7, 5));
  EXPECT_THAT(data.test->sample_shape(), ElementsAre(3, 7, 5));
  for (const std::string bad :
       {"7", "7x", "x5", "7x5x3", "0x5", "7X5", "-7x5", "70000x5", "7 x 5"}) {
    EXPECT_EQ(test::error_of<InvalidArgument>(
                  [&] { load_data({.data = folder.path(), .samples = {.resize = bad}}); }),
              "[data] resize: expected a height and a width in pixels, from 1 to 65535, such as "
              "224x224, found " +
                  bad + ". Correct it.");
  }
  const ScratchFolder table;
  table.write("a.csv", "1,0\n2,1\n");
  EXPECT_EQ(test::error_of<DataError>(
                [&] { load_data({.data = table.path(), .samples = {.resize = "7x5"}}); }),
            table.file("a.csv") +
                ": expected images, which alone have a size for --resize, found other data. Leave "
                "--resize "
                "out.");
}

TEST(ImageFolder, RefusesWhatIsNoImageByName) {
  const ImageScratch folder({"a/1.png", "b/1.png"});
  folder.put("b/2.png", "1,2,3\n");
  EXPECT_EQ(refusal_of(folder.path()), folder.file("b/2.png") + ": expected PNG/JPEG as in " +
                                           folder.file("a/1.png") +
                                           ", found CSV. Keep one format in a folder.");
  folder.put("b/2.png", "");
  EXPECT_THAT(refusal_of(folder.path()), StartsWith(folder.file("b/2.png") + ": expected data ("));
  folder.put("b/2.png", "GIF89a\1\2\3");
  EXPECT_THAT(refusal_of(folder.path()),
              StartsWith(folder.file("b/2.png") + ": expected one of the formats "));
  folder.put("b/2.png", image_bytes("colour.png").substr(0, 300));
  EXPECT_THAT(refusal_of(folder.path()),
              StartsWith(folder.file("b/2.png") + ": expected a whole PNG image, found one that "
                                                  "cannot be read ("));
}

TEST(ImageFolder, RefusesFoldersThatAreNoClasses) {
  const ImageScratch deep({"a/1.png", "b/1.png", "b/more/1.png"});
  EXPECT_EQ(
      refusal_of(deep.path()),
      deep.file("b/more") +
          ": expected only images in the folder of the class b, found a subfolder. Move its "
          "images into the class folder, or give the folder that contains the class folders.");
  const ImageScratch empty({"a/1.png", "b/1.png"});
  std::filesystem::create_directory(empty.file("c"));
  EXPECT_EQ(refusal_of(empty.path()),
            empty.file("c") +
                ": expected images of the class c, found none in its folder. Add some, or remove "
                "the folder.");
  const ImageScratch one({"a/1.png", "a/2.png"});
  EXPECT_EQ(refusal_of(one.path()),
            one.path() +
                ": expected a subfolder with images for each of at least 2 classes, found only a. "
                "Add the others.");
  const ImageScratch bytes({"a/1.png", "b\xff/1.png"});
  EXPECT_EQ(refusal_of(bytes.path()),
            bytes.file("b\\xff") +
                ": expected the name of a class in printable UTF-8, found "
                "other bytes. Rename the folder.");
  const ImageScratch flat({"train/1.png", "test/1.png"});
  EXPECT_EQ(refusal_of(flat.path()),
            flat.file("test/1.png") +
                ": expected a subfolder for each class in the folder test, found a file. Sort the "
                "images into class folders. Images without a class are for dga predict.");
  const ImageScratch twice({"train/a/1.png", "train2/a/1.png"});
  EXPECT_EQ(refusal_of(twice.path()), twice.file("train2") +
                                          ": expected one folder for each set, found a second one "
                                          "for the set of " +
                                          twice.file("train") +
                                          ". Put the images of both into one folder.");
}

TEST(ImageFolder, GoesWithAnotherImageFolderOnly) {
  const ImageScratch folder({"a/1.png", "b/1.png"});
  const ImageScratch test({"a/1.png", "c/1.png"});
  EXPECT_THAT(refusal_of(folder.path(), test.path()),
              StartsWith(test.file("c/1.png") +
                         ": expected a label of the training set (2 from a to b), found c."));
  const ScratchFolder table;
  table.write("a.csv", "1,0\n2,1\n");
  EXPECT_EQ(refusal_of(folder.path(), table.path()),
            table.file("a.csv") + ":1: expected images as " + folder.file("a/1.png") +
                ", found another kind. Take both sets from the same source.");
  EXPECT_THAT(refusal_of(table.path(), folder.path()),
              HasSubstr("expected samples of 1 features, as in the training, found an image."));
}

ModelCard card_of_images() {
  ModelCard card;
  card.input_shape = {1, 9, 13};
  card.class_names = {"a", "b"};
  card.columns.text_labels = true;
  return card;
}

TEST(ImageFolder, IsReadForAModelWithAndWithoutLabels) {
  const ImageScratch folder({"b/1.png", "b/2.png"});
  const Samples labelled = load_samples({.data = folder.path(), .card = card_of_images()});
  ASSERT_NE(labelled.labels, nullptr);
  EXPECT_EQ(labelled.labels[1], 1);
  for (const std::string& data : {folder.file("b"), folder.file("b/1.png")}) {
    const Samples samples = load_samples({.data = data, .card = card_of_images()});
    EXPECT_EQ(samples.labels, nullptr);
    EXPECT_EQ(samples.count, data == folder.file("b") ? 2 : 1);
  }
  const ImageScratch sets({"train/a/1.png", "val/a/1.png"});
  EXPECT_EQ(test::error_of<DataError>(
                [&] { load_samples({.data = sets.path(), .card = card_of_images()}); }),
            sets.path() +
                ": expected the images of one set, found the folders of sets, such as train. Give "
                "the folder of one of them.");
}

TEST(ImageFolder, NamesTheIntegerClassesOfAModelOfIdx) {
  const ImageScratch folder({"10/1.png", "7/1.png"});
  ModelCard card = card_of_images();
  card.input_shape = {9, 13};
  card.feature_origin.assign(9 * 13, 0);
  card.feature_origin[1] = 200;
  card.columns.text_labels = false;
  card.class_names = {"2", "7", "10"};
  const Samples samples = load_samples({.data = folder.path(), .card = card});
  EXPECT_EQ(samples.labels[0], 2);
  EXPECT_EQ(samples.labels[1], 1);
  const std::string pixels = image_bytes("grey8.rgb");
  EXPECT_EQ(samples.features[0], static_cast<unsigned char>(pixels[0]));
  EXPECT_EQ(samples.features[1], static_cast<unsigned char>(pixels[3]) - 200.0F);
  card.class_names = {"2", "7"};
  EXPECT_THAT(
      test::error_of<DataError>([&] { load_samples({.data = folder.path(), .card = card}); }),
      StartsWith(folder.file("10/1.png") + ": expected a label of the training set"));
}

TEST(ImageFolder, IsResizedForAModelWhoseTrainingWas) {
  const ImageScratch folder({});
  folder.put("1.jpg", image_bytes("jpeg_grey.jpg"));
  ModelCard card = card_of_images();
  card.input_shape = {1, 7, 5};
  EXPECT_THAT(
      test::error_of<DataError>([&] { load_samples({.data = folder.path(), .card = card}); }),
      HasSubstr("expected an image of 7 x 5 pixels (height x width), as in the training"));
  card.resized = true;
  EXPECT_THAT(load_samples({.data = folder.path(), .card = card}).shape, ElementsAre(1, 7, 5));
}

/// Lowers the limit on open files for one scope.
class FewOpenFiles {
 public:
  FewOpenFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewOpenFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewOpenFiles(const FewOpenFiles&) = delete;
  FewOpenFiles& operator=(const FewOpenFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(ManyFiles, AreReadWithFewDescriptors) {
  const ImageScratch images({});
  const ScratchFolder tables;
  const std::string image = image_bytes("grey8.png");
  for (int i = 0; i < 3000; ++i) {
    images.put(str(i % 3, '/', i, ".png"), image);
    tables.write(str(i, ".csv"), str(i, ',', i % 3, '\n'));
  }
  const FewOpenFiles limit;
  const LoadedData data = load_data({.data = images.path()});
  EXPECT_EQ(data.train->size(), 3000);
  EXPECT_THAT(to_json(data.summary).size(), testing::Lt(3000));
  EXPECT_EQ(load_data({.data = tables.path()}).train->size(), 3000);
  std::vector<Fact> facts;
  add_file_facts({.data = images.path()}, facts);
  add_file_facts({.data = tables.path()}, facts);
  EXPECT_THAT(facts[0].value,
              testing::MatchesRegex("3000 files from 0/0.png to 2/998.png, checksum of the names "
                                    "[0-9a-f]+"));
  EXPECT_THAT(facts[1].value,
              StartsWith("3000 files from 0.csv to 999.csv, checksum of the names "));
}

}  // namespace
}  // namespace dga
