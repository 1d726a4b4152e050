// SPDX-License-Identifier: Apache-2.0

#include "dga/data/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "dga/data/location.h"
#include "tests/data/data_fixture.h"
#include "tests/support/as_table.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::bytes;
using test::error_of_loading;
using test::gzip;
using test::kIdxImages;
using test::kIdxLabels;
using testing::ElementsAre;

std::vector<std::int64_t> labels_of(const Dataset& set) {
  const Table& table = test::as_table(set);
  return {table.labels(), table.labels() + table.size()};
}

std::string error_of_validation(const std::string& data, const std::string& validation_data) {
  return test::error_of<DataError>(
      [&] { load_data({.data = data, .validation_data = validation_data}); });
}

TEST(Load, AFolderAFileAndAUriAreTheSame) {
  const ScratchFolder folder;
  const std::string file = folder.write("my data.bin", "1,2,0\n3,4,1\n");
  std::string uri = "file://" + file;
  uri.replace(uri.find(' '), 1, "%20");
  for (const std::string& data : {folder.path(), file, uri, "file://localhost" + file}) {
    const LoadedData loaded = load_data({.data = data});
    EXPECT_EQ(loaded.train->size(), 2) << data;
    EXPECT_EQ(test::as_table(loaded.train).features()[3], 4.0F) << data;
    EXPECT_EQ(loaded.test, nullptr) << data;
  }
}

TEST(Load, FilesOfAFolderFollowInTheOrderOfTheirNames) {
  const ScratchFolder folder;
  folder.write("b.csv", "3,1\n");
  folder.write("a.csv", "1,0\n2,1\n");
  folder.write("B.csv", "0,0\n");
  folder.write("README", "What this is.\n");
  folder.write("notes.MD", "More of it.\n");
  folder.write("LICENSE.txt", "free\n");
  folder.write(".hidden", "x");
  folder.write("_SUCCESS", "");
  std::filesystem::create_directory(folder.file("sub"));
  const LoadedData loaded = load_data({.data = folder.path()});
  EXPECT_THAT(std::vector<float>(test::as_table(loaded.train).features(),
                                 test::as_table(loaded.train).features() + 4),
              ElementsAre(0, 1, 2, 3));
}

TEST(Load, LabelsOfAnyIntegersBecomeClassesInAscendingOrder) {
  const ScratchFolder folder;
  const std::string file = folder.write("f.csv", "1,7\n2,-1\n3,1000000007\n4,-1\n");
  const LoadedData loaded = load_data({.data = file});
  EXPECT_THAT(labels_of(*loaded.train), ElementsAre(1, 0, 2, 0));
  EXPECT_THAT(loaded.train->class_names(), ElementsAre("-1", "7", "1000000007"));
  EXPECT_EQ(loaded.train->num_classes(), 3);
  EXPECT_EQ(loaded.train->label_type(), DType::i64);
}

TEST(Load, RegressionIsDoneOnlyWhenAskedFor) {
  const ScratchFolder folder;
  const std::string file = folder.write("f.csv", "1,0.5\n2,0.5\n");
  EXPECT_THAT(error_of_loading(file), testing::HasSubstr("use --task regression"));
  const LoadedData loaded = load_data({.data = file, .task = Task::regression});
  EXPECT_EQ(loaded.train->label_type(), DType::f32);
  EXPECT_EQ(loaded.train->num_classes(), 0);
  EXPECT_EQ(test::as_table(loaded.train).targets()[1], 0.5F);
}

TEST(Load, FilesNamedTestAreTheTestSet) {
  const ScratchFolder folder;
  folder.write("train.csv", "1,0\n2,1\n");
  folder.write("my-test.csv", "3,1\n");
  folder.write("contest.csv", "4,1\n");
  const LoadedData loaded = load_data({.data = folder.path()});
  EXPECT_EQ(loaded.train->size(), 3);
  ASSERT_NE(loaded.test, nullptr);
  EXPECT_EQ(test::as_table(loaded.test).features()[0], 3.0F);
  EXPECT_THAT(labels_of(*loaded.test), ElementsAre(1));
}

TEST(Load, AFolderOfTestFilesAloneIsTrainedOn) {
  const ScratchFolder folder;
  folder.write("test.csv", "1,0\n2,1\n");
  EXPECT_EQ(load_data({.data = folder.path()}).train->size(), 2);
}

TEST(Load, FilesNamedValAreTheValidationSet) {
  const ScratchFolder folder;
  folder.write("train.csv", "1,0\n2,1\n");
  folder.write("val.csv", "3,1\n");
  const LoadedData loaded = load_data({.data = folder.path()});
  EXPECT_EQ(loaded.train->size(), 2);
  EXPECT_EQ(loaded.test, nullptr);
  ASSERT_NE(loaded.validation, nullptr);
  EXPECT_EQ(test::as_table(loaded.validation).features()[0], 3.0F);
  EXPECT_THAT(labels_of(*loaded.validation), ElementsAre(1));
  EXPECT_THAT(loaded.summary.files,
              ElementsAre(DataSummary::File{folder.file("train.csv"), FileUse::train},
                          DataSummary::File{folder.file("val.csv"), FileUse::validation}));
}

TEST(Load, TheValidationSetIsNormalisedAsTheTrainingSamplesAre) {
  const ScratchFolder folder;
  folder.write("train.csv", "1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n7,0\n8,1\n9,0\n10,1\n");
  folder.write("dev.csv", "-100,1\n");
  const LoadedData loaded = load_data({.data = folder.path()});
  const PreparedData with = split_and_normalise(loaded, 0.2, 1);
  LoadedData rest = loaded;
  rest.validation = nullptr;
  const PreparedData without = split_and_normalise(rest, 0.2, 1);
  EXPECT_EQ(with.normalisation.mean, without.normalisation.mean);
  EXPECT_EQ(with.normalisation.scale, without.normalisation.scale);
  EXPECT_EQ(with.train->size(), 8);
  EXPECT_EQ(with.test->size(), 2) << "held out all the same";
  EXPECT_EQ(without.validation, nullptr);
  ASSERT_EQ(with.validation->size(), 1);
  float value = 0;
  std::int64_t label = 0;
  const std::vector<std::int64_t> first{0};
  with.validation->gather(first, {&value, 1}, {&label, 1});
  EXPECT_FLOAT_EQ(
      value, static_cast<float>((-100 - with.normalisation.mean[0]) / with.normalisation.scale[0]));
}

TEST(Load, FilesWithTheSameBytesAreANotice) {
  const ScratchFolder folder;
  const std::string train = folder.write("a.csv", "1,0\n2,1\n");
  folder.write("b.csv", "1,1\n2,0\n");
  const std::string copy = folder.write("test.csv", "1,0\n2,1\n");
  folder.write("a.csv.bak", "1,0\n2,1\n");
  EXPECT_THAT(load_data({.data = folder.path()}).summary.notices,
              ElementsAre(folder.file("a.csv.bak") + ": ignored, because it is an editor's backup.",
                          copy + ": the same bytes as " + train +
                              ". Use each sample once, unless that is meant."));
  EXPECT_EQ(load_data({.data = folder.file("b.csv"), .test_data = train}).summary.notices.size(),
            0U);
}

TEST(Load, ManyCopiesAreCounted) {
  const ScratchFolder folder;
  for (int i = 10; i < 40; ++i) {
    folder.write(std::to_string(i), "1,0\n2,1\n");
  }
  const auto notices = load_data({.data = folder.path()}).summary.notices;
  ASSERT_EQ(notices.size(), 6U);
  EXPECT_EQ(notices.back(),
            folder.file("16") +
                " and 23 more: the same bytes as other files. Use each sample once, unless "
                "that is meant.");
}

TEST(Load, NoticesOfSamplesToPredict) {
  const ScratchFolder folder;
  folder.write("val.csv", "1\n");
  folder.write("test.csv", "2\n");
  folder.write("x.csv~", "3\n");
  const Samples samples = load_samples(
      {.data = folder.path(), .card = {.input_shape = {1}, .class_names = {"0", "1"}}});
  EXPECT_EQ(samples.count, 2) << "one set, whatever the names";
  EXPECT_THAT(samples.notices,
              ElementsAre(folder.file("x.csv~") + ": ignored, because it is an editor's backup."));
}

TEST(Load, NamedTestDataReplacesTheDatasOwn) {
  const ScratchFolder folder;
  const ScratchFolder other;
  folder.write("train.csv", "1,0\n2,1\n");
  folder.write("test.csv", "3,1\n");
  other.write("more.csv", "5,0\n");
  other.write("test.csv", "6,0\n");
  const LoadedData loaded = load_data({.data = folder.path(), .test_data = other.path()});
  EXPECT_EQ(loaded.train->size(), 2);
  EXPECT_EQ(loaded.test->size(), 2);
  EXPECT_EQ(test::as_table(loaded.test).features()[0], 5.0F);
}

TEST(Load, TestDataMustLookLikeTheTrainingData) {
  const ScratchFolder folder;
  const std::string train = folder.write("train.csv", "1,0\n2,1\n");
  const std::string wide = folder.write("wide.csv", "1,2,0\n");
  const std::string other = folder.write("other.csv", "a,y\n1,0\n2,2\n");
  EXPECT_EQ(error_of_loading(train, wide), wide +
                                               ":1: expected 2 columns as in the training "
                                               "data, found 3. Give the same columns as "
                                               "there.");
  EXPECT_EQ(error_of_loading(train, other),
            other +
                ":3: expected a label of the training set (2 from 0 to 1), found 2. Remove the "
                "sample, or add samples like it to the training set.");
  EXPECT_EQ(error_of_validation(train, wide), error_of_loading(train, wide));
  EXPECT_EQ(error_of_validation(train, other), error_of_loading(train, other));
}

TEST(Load, MnistsOwnFilesPackedOrNot) {
  for (const bool packed : {false, true}) {
    const ScratchFolder folder;
    const std::string ending = packed ? ".gz" : "";
    const auto dress = [&](const std::string& content) { return packed ? gzip(content) : content; };
    folder.write("train-images-idx3-ubyte" + ending, dress(kIdxImages));
    folder.write("train-labels-idx1-ubyte" + ending, dress(kIdxLabels));
    folder.write("t10k-images-idx3-ubyte" + ending, dress(kIdxImages));
    folder.write("t10k-labels-idx1-ubyte" + ending, dress(kIdxLabels));
    const LoadedData loaded = load_data({.data = folder.path()});
    EXPECT_THAT(loaded.train->sample_shape(), ElementsAre(1, 2));
    EXPECT_THAT(labels_of(*loaded.train), ElementsAre(0, 1));
    EXPECT_THAT(loaded.train->class_names(), ElementsAre("3", "8"));
    ASSERT_NE(loaded.test, nullptr);
    EXPECT_EQ(loaded.test->size(), 2);
  }
}

/// EMNIST's names of the classes 3 and 8, and of others.
constexpr const char* kCharacters = "3 98\r\n8 65 97\r\n9 67\r\n";

TEST(Load, ATableOfCharactersNamesTheClassesOfIdxFiles) {
  const ScratchFolder folder;
  folder.write("emnist-x-train-images-idx3-ubyte", kIdxImages);
  folder.write("emnist-x-train-labels-idx1-ubyte", kIdxLabels);
  folder.write("emnist-x-test-images-idx3-ubyte", kIdxImages);
  folder.write("emnist-x-test-labels-idx1-ubyte", bytes({0, 0, 8, 1, 0, 0, 0, 2, 8, 8}));
  const std::string table = folder.write("emnist-x-mapping.txt", kCharacters);
  const LoadedData loaded = load_data({.data = folder.path()});
  EXPECT_THAT(loaded.train->class_names(), ElementsAre("A", "b"));
  EXPECT_THAT(labels_of(*loaded.train), ElementsAre(1, 0));
  EXPECT_THAT(labels_of(*loaded.test), ElementsAre(0, 0));
  EXPECT_TRUE(loaded.columns.text_labels);
  EXPECT_EQ(loaded.summary.files.back(),
            (DataSummary::File{.path = table, .use = FileUse::class_names}));
  // In a folder of IDX files to predict, the table may lie beside the labels.
  ModelCard card{.input_shape = {1, 2}, .class_names = {"A", "b"}};
  card.columns.text_labels = true;
  const ScratchFolder more;
  const std::string labels = more.write("labels", kIdxLabels);
  more.write("images", kIdxImages);
  EXPECT_EQ(test::error_of<DataError>([&] { load_samples({.data = more.path(), .card = card}); }),
            labels +
                ": sample 0: expected labels that are texts as in the training data, found "
                "integers. Give them in the same form, or put the table of class names of the "
                "training beside them.");
  more.write("emnist-x-mapping.txt", kCharacters);
  const Samples samples = load_samples({.data = more.path(), .card = card});
  EXPECT_EQ(samples.labels[0], 1);
  EXPECT_EQ(samples.labels[1], 0);
  // A model whose classes are integers needs no table.
  const ModelCard numbers{.input_shape = {1, 2}, .class_names = {"3", "8"}};
  EXPECT_EQ(load_samples({.data = more.path(), .card = numbers}).labels[1], 1);
}

TEST(Load, ATableOfCharactersBesideCsvIsIgnored) {
  const ScratchFolder folder;
  folder.write("train.csv", "1,3\n2,8\n");
  folder.write("emnist-x-mapping.txt", "nonsense");
  const LoadedData loaded = load_data({.data = folder.path()});
  EXPECT_THAT(loaded.train->class_names(), ElementsAre("3", "8"));
  EXPECT_EQ(loaded.summary.files.back().reason, "class names, which only integer labels need");
}

TEST(Load, APackedTwinOfAFileIsNotReadTwice) {
  const ScratchFolder folder;
  folder.write("images", kIdxImages);
  folder.write("images.gz", gzip(kIdxImages));
  folder.write("labels.gz", gzip(kIdxLabels));
  EXPECT_EQ(load_data({.data = folder.path()}).train->size(), 2);
}

TEST(Load, PackedCsvIsReadToo) {
  const ScratchFolder folder;
  const std::string file = folder.write("f", gzip("1,2,0\n3,4,1\n"));
  EXPECT_EQ(test::as_table(load_data({.data = file}).train).features()[3], 4.0F);
}

}  // namespace
}  // namespace dga
