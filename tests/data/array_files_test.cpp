// SPDX-License-Identifier: Apache-2.0
//
// NPY, NPZ, safetensors and CIFAR: which arrays belong together, and what is refused.
// tests/cli/arrays_oracle_test.py compares values of every type with NumPy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "dga/data/load.h"
#include "dga/data/read_files.h"
#include "tests/data/data_fixture.h"
#include "tests/support/as_table.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::EndsWith;

template <typename T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A file as numpy.save writes it.
std::string npy(const std::string& type, const std::string& shape, const std::string& elements,
                const std::string& order = "False") {
  const std::string header =
      str("{'descr': '", type, "', 'fortran_order': ", order, ", 'shape': (", shape, "), }\n");
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         elements;
}

std::string features_of_two() {
  return npy("<f4", "2, 2", raw<float>({1, 2, 3, 4}));
}
std::string labels_of_two() {
  return npy("<i8", "2,", raw<std::int64_t>({5, 7}));
}

/// A safetensors file of f32 tensors.
std::string tensors(const std::vector<std::pair<std::string, std::vector<float>>>& named) {
  std::string header = "{";
  std::string data;
  for (const auto& [name, values] : named) {
    header += str(header.size() > 1 ? "," : "", "\"", name, "\":{\"dtype\":\"F32\",\"shape\":[",
                  values.size(), "],\"data_offsets\":[", data.size(), ",",
                  data.size() + values.size() * sizeof(float), "]}");
    data += raw(values);
  }
  header += "}";
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + header + data;
}

std::vector<float> values_in(const Dataset& set) {
  const Table& table = test::as_table(set);
  return {table.features(), table.features() + table.size() * table.num_features()};
}

std::vector<std::string> labels_in(const Dataset& set) {
  const Table& table = test::as_table(set);
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < table.size(); ++i) {
    texts.push_back(table.class_names()[static_cast<std::size_t>(table.labels()[i])]);
  }
  return texts;
}

/// The error of loading a folder of these files, without the path before the file's name.
std::string error_of_files(const std::vector<std::pair<std::string, std::string>>& files,
                           LoadOptions options = {}) {
  const ScratchFolder folder;
  for (const auto& [name, bytes] : files) {
    folder.write(name, bytes);
  }
  options.data = folder.path();
  const std::string error = test::error_of<DataError>([&] { load_data(options); });
  return error.starts_with(folder.path()) ? error.substr(folder.path().size() + 1) : error;
}

TEST(Npy, SamplesAndLabelsAreFoundByNameOrElseByDimensions) {
  for (const auto& [x, y] : std::vector<std::pair<std::string, std::string>>{
           {"x.npy", "y.npy"}, {"train_features.npy", "train_target.npy"}, {"b.npy", "a.npy"}}) {
    const ScratchFolder folder;
    folder.write(x, features_of_two());
    folder.write(y, labels_of_two());
    const LoadedData data = load_data({.data = folder.path()});
    EXPECT_THAT(values_in(*data.train), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(labels_in(*data.train), ElementsAre("5", "7"));
    EXPECT_EQ(data.format, "NPY, f32");
  }
}

TEST(Npy, SeveralPairsBelongTogetherByTheRestOfTheirNames) {
  const ScratchFolder folder;
  const auto one = [](float value) { return npy("<f4", "1, 1", raw<float>({value})); };
  const auto label = [](std::int64_t value) {
    return npy("<i8", "1,", raw<std::int64_t>({value}));
  };
  for (int i = 0; i < 12; ++i) {
    folder.write(str("x_", i, ".npy"), one(static_cast<float>(i)));
    folder.write(str(i, "-labels.npy"), label(i));
  }
  const LoadedData data = load_data({.data = folder.path()});
  ASSERT_EQ(data.train->size(), 12);
  for (std::int64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(str(values_in(*data.train)[static_cast<std::size_t>(i)]),
              labels_in(*data.train)[static_cast<std::size_t>(i)]);
  }
}

TEST(Npy, PairsThatAreNotClearAreRefused) {
  EXPECT_EQ(error_of_files({{"x.npy", features_of_two()}}),
            "x.npy: expected an NPY file of labels (1 dimension) beside it, found none. Put both "
            "into one folder and give the folder.");
  EXPECT_THAT(error_of_files({{"a.npy", features_of_two()}, {"b.npy", features_of_two()}}),
              testing::HasSubstr("found a second of samples beside"));
  EXPECT_THAT(error_of_files({{"x_1.npy", features_of_two()},
                              {"x_2.npy", features_of_two()},
                              {"y_1.npy", labels_of_two()},
                              {"y_3.npy", labels_of_two()}}),
              EndsWith("x_2.npy: expected an NPY file of labels whose name differs only in the "
                       "word for labels, found none. Name the pairs, such as x_1 and y_1."));
  EXPECT_EQ(error_of_files({{"x.npy", features_of_two()},
                            {"y.npy", npy("<f4", "2, 10", raw(std::vector<float>(20)))}}),
            "y.npy: expected one label per sample, found 10. Save the number of the class for each "
            "sample (argmax of a one-hot row), or one target.");
}

TEST(Npy, OptionsAboutColumnsAreRefused) {
  EXPECT_EQ(error_of_files({{"x.npy", features_of_two()}, {"y.npy", labels_of_two()}},
                           {.table = {.drop = "0"}}),
            "x.npy: expected a table whose columns --drop names, found NPY, which has none. Leave "
            "the option out, or convert the data with dga data convert.");
}

TEST(Npy, DamagedFilesAndOtherTypesAreRefused) {
  const auto error = [](const std::string& x) {
    return error_of_files({{"x.npy", x}, {"y.npy", labels_of_two()}});
  };
  const std::string whole = features_of_two();
  EXPECT_EQ(error(whole.substr(0, whole.size() - 1)),
            "x.npy: expected 2 x 2 elements of 4 bytes after the header, found 15 bytes. The file "
            "seems cut off or damaged; copy it again.");
  EXPECT_EQ(error(whole.substr(0, 30)),
            "x.npy: expected an array as numpy.save writes it, found an end within its header. "
            "Save or copy the file again.");
  EXPECT_EQ(error(npy("|O", "2,", "pickle")),
            "x.npy: expected an array of booleans, integers, floats or texts, found the type |O. "
            "Save the values as numbers or as texts: array.astype(float) or astype(str).");
  EXPECT_EQ(error(npy("<c8", "2, 1", std::string(16, '\0'))),
            "x.npy: expected an array of booleans, integers, floats or texts, found the type <c8. "
            "Convert the array with astype.");
  EXPECT_EQ(error(npy("<f4", "", raw<float>({1}))),
            "x.npy: expected an array with a dimension of samples, found a single value. Save an "
            "array.");
  EXPECT_EQ(error(npy("<f4", "4611686018427387904, 8", "")),
            "x.npy: expected 4611686018427387904 x 8 elements of 4 bytes after the header, found 0 "
            "bytes. The file seems cut off or damaged; copy it again.");
  EXPECT_EQ(error(npy("<U2", "2, 1", std::string(16, '\0'))),
            "x.npy: expected numbers as features, found texts. Encode them as numbers.");
  EXPECT_EQ(error(npy("<f4", "0, 2", "")),
            "x.npy: expected samples, found none. Give a file that has some.");
}

TEST(Npy, MissingValuesFollowTheOption) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::pair<std::string, std::string>> files{
      {"x.npy", npy("<f4", "4, 1", raw<float>({1, nan, 3, 5}))},
      {"y.npy", npy("<i8", "4,", raw<std::int64_t>({0, 1, 0, 1}))}};
  EXPECT_EQ(error_of_files(files),
            "x.npy: sample 1: expected a finite number of at most 3.4e38 in size, found nan. "
            "Correct the file, or set --missing to mean or drop.");
  const ScratchFolder folder;
  for (const auto& [name, bytes] : files) {
    folder.write(name, bytes);
  }
  const LoadedData dropped =
      load_data({.data = folder.path(), .table = {.missing = Missing::drop}});
  EXPECT_THAT(values_in(*dropped.train), ElementsAre(1, 3, 5));
  EXPECT_THAT(labels_in(*dropped.train), ElementsAre("0", "0", "1"));
  const LoadedData mean = load_data({.data = folder.path(), .table = {.missing = Missing::mean}});
  EXPECT_EQ(mean.train->size(), 4);
  EXPECT_TRUE(std::isnan(test::as_table(mean.train).features()[1]));
  ASSERT_EQ(mean.summary.notices.size(), 1U);
  EXPECT_THAT(mean.summary.notices.front(),
              EndsWith("1 of 4 samples have missing values. The values are replaced by the mean of "
                       "their column."));
}

TEST(Npy, TextLabelsAreClassesAndNotMixedWithIntegers) {
  const std::string texts = npy("|S2", "2,", std::string("b\0aa", 4));
  const ScratchFolder folder;
  folder.write("x.npy", features_of_two());
  folder.write("y.npy", texts);
  const LoadedData data = load_data({.data = folder.path()});
  EXPECT_THAT(data.train->class_names(), ElementsAre("aa", "b"));
  EXPECT_THAT(labels_in(*data.train), ElementsAre("b", "aa"));
  EXPECT_TRUE(data.columns.text_labels);
  for (const bool test_has_texts : {false, true}) {
    const std::string& train = test_has_texts ? labels_of_two() : texts;
    EXPECT_THAT(error_of_files({{"x.npy", features_of_two()},
                                {"y.npy", train},
                                {"x_test.npy", features_of_two()},
                                {"y_test.npy", test_has_texts ? texts : labels_of_two()}}),
                testing::HasSubstr(test_has_texts
                                       ? "expected labels that are integers as in the training "
                                         "data, found texts"
                                       : "expected labels that are texts as in the training data, "
                                         "found integers"));
  }
}

TEST(Tensors, SetsWithinAFileAreTrainingValidationAndTest) {
  const ScratchFolder folder;
  const std::string path = folder.write("digits.safetensors", tensors({{"x_train", {1, 2, 3}},
                                                                       {"y_train", {0, 1, 0}},
                                                                       {"x_val", {4}},
                                                                       {"y_val", {1}},
                                                                       {"x_test", {5, 6}},
                                                                       {"y_test", {0, 1}},
                                                                       {"mean", {7}}}));
  const LoadedData data = load_data({.data = path});
  EXPECT_THAT(values_in(*data.train), ElementsAre(1, 2, 3));
  EXPECT_THAT(values_in(*data.validation), ElementsAre(4));
  EXPECT_THAT(values_in(*data.test), ElementsAre(5, 6));
  EXPECT_THAT(data.train->sample_shape(), ElementsAre(1));
  ASSERT_EQ(data.summary.files.size(), 3U);
  ASSERT_EQ(data.summary.notices.size(), 1U);
  EXPECT_EQ(data.summary.notices.front(),
            path + ": mean: not used, because its name says neither samples (x) nor labels (y).");
  // To predict, all samples are one set.
  const ModelCard card{.input_shape = {1}, .class_names = {"0", "1"}};
  EXPECT_EQ(load_samples({.data = path, .card = card}).count, 6);
}

TEST(Tensors, AFileWithoutTheSetThatItWasNamedForIsRefused) {
  const ScratchFolder folder;
  const std::string path = folder.write(
      "a.safetensors",
      tensors({{"x_train", {1, 2}}, {"y_train", {0, 1}}, {"x_test", {5}}, {"y_test", {0}}}));
  EXPECT_EQ(test::error_of<DataError>([&] { load_data({.data = path, .validation_data = path}); }),
            path +
                ": expected arrays of one set, or some that are named as a validation set, "
                "found those of other sets. Give a file with this set.");
}

TEST(Tensors, AModelIsNoDataset) {
  const std::string model = tensors({{"0.weight", {1, 2}}, {"0.bias", {1}}});
  EXPECT_THAT(error_of_files({{"model.safetensors", model}}),
              testing::HasSubstr("expected a tensor of samples and one of labels, found a second"));
}

/// Records of CIFAR-10, or of CIFAR-100 with their fine labels; each picture has one value.
std::string cifar(const std::vector<int>& labels, bool hundred = false) {
  std::string bytes;
  for (const int label : labels) {
    bytes += hundred ? std::string(1, '\x13') : "";
    bytes += static_cast<char>(label);
    bytes += std::string(3072, static_cast<char>(200 + label % 50));
  }
  return bytes;
}

TEST(Cifar, RecordsAreReadAndNamedByTheListBesideThem) {
  const ScratchFolder folder;
  folder.write("data_batch_1.bin", cifar({3, 1}));
  folder.write("data_batch_2.bin", cifar({0}));
  folder.write("test_batch.bin", cifar({3}));
  folder.write("readme.html", "<p>");
  folder.write("batches.meta.txt", "airplane\nautomobile\nbird\ncat\n\n");
  const LoadedData data = load_data({.data = folder.path()});
  EXPECT_THAT(data.train->sample_shape(), ElementsAre(3, 32, 32));
  EXPECT_THAT(labels_in(*data.train), ElementsAre("cat", "automobile", "airplane"));
  EXPECT_THAT(labels_in(*data.test), ElementsAre("cat"));
  EXPECT_EQ(test::as_table(data.train).features()[0], 203);
  EXPECT_EQ(test::as_table(data.train).features()[2 * 3072], 200);
  EXPECT_EQ(data.format, "CIFAR, u8");
}

TEST(Cifar, HundredClassesHaveFineLabels) {
  const ScratchFolder folder;
  const std::string path = folder.write("train.bin", cifar({99, 12}, true));
  EXPECT_THAT(labels_in(*load_data({.data = path}).train), ElementsAre("99", "12"));
}

TEST(Cifar, ATextOfTheSameSizeIsNone) {
  std::string text = "\n\n";
  for (int i = 0; text.size() + 8 <= 3074; ++i) {
    text += str(1000 + i, ",", i % 2, "\n");
  }
  text.insert(text.size() - 1, 3074 - text.size(), '0');
  const ScratchFolder folder;
  const std::string path = folder.write("a.csv", text);
  EXPECT_THAT(load_data({.data = path}).train->sample_shape(), ElementsAre(1));
}

TEST(Cifar, ALabelThatIsNoClassIsRefused) {
  std::vector<int> labels(100, 1);
  labels[50] = 0;
  std::string bytes = cifar(labels);
  bytes[3073 * 77] = 11;  // between the records by which the format is recognised
  EXPECT_EQ(error_of_files({{"a.bin", bytes}}),
            "a.bin: sample 77: expected a label below 10, found 11. The file seems damaged; "
            "copy it again.");
}

}  // namespace
}  // namespace dga
