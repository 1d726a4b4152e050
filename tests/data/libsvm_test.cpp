// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/libsvm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/formats/format.h"
#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;

Samples read_lines(const std::string& text, const ReadOptions& options = {}) {
  const SourcePtr file = source_of("a.svm", text);
  return read_libsvm({&file, 1}, options);
}

std::string libsvm_error(const std::string& text, const ReadOptions& options = {}) {
  return test::error_of<DataError>([&] { read_lines(text, options); });
}

std::vector<float> sparse_values(const Samples& samples) {
  return {samples.features.get(), samples.features.get() + samples.count * samples.shape[0]};
}

TEST(Libsvm, LinesHaveTheirValuesAndZeros) {
  const Samples samples =
      read_lines("# made by hand\n+1 1:0.5 3:-2e1 # a comment 9:9\n\n-1\r\n3 2:7");
  EXPECT_THAT(samples.shape, ElementsAre(3));
  EXPECT_THAT(sparse_values(samples), ElementsAre(0.5F, 0, -20, 0, 0, 0, 0, 7, 0));
  EXPECT_THAT(std::vector<std::int64_t>(samples.labels.get(), samples.labels.get() + 3),
              ElementsAre(1, -1, 3));
  EXPECT_EQ(samples.place(1), "a.svm:4");
  EXPECT_EQ(samples.columns.all.front().name, "1");
}

TEST(Libsvm, AnIndexOfZeroMeansThatTheyBeginThere) {
  const Samples samples = read_lines("0 0:1 2:3\n1 1:2\n");
  EXPECT_THAT(sparse_values(samples), ElementsAre(1, 0, 3, 0, 2, 0));
  // Later files have the indices of the training, whatever they use of them.
  const Samples more = read_lines("1 1:5\n", {.columns = &samples.columns});
  EXPECT_THAT(sparse_values(more), ElementsAre(0, 5, 0));
  EXPECT_EQ(libsvm_error("1 1:5 3:1\n", {.columns = &samples.columns}),
            "a.svm:1: expected indices from 0 to 2 as in the training data, found 3. Remove the "
            "feature, or train with it.");
}

TEST(Libsvm, TargetsMayBeAnyNumbers) {
  const Samples samples = read_lines("1.5 1:1\n1700000000 1:2\n", {.task = Task::regression});
  EXPECT_EQ(static_cast<double>(samples.targets[1]) + samples.origins.target, 1.7e9);
  EXPECT_EQ(libsvm_error("1.5 1:1\n"),
            "a.svm:1: expected an integer label, found \"1.5\". To train on real-valued labels use "
            "--task regression.");
}

TEST(Libsvm, LinesThatAreNotOfTheFormatAreRefused) {
  EXPECT_EQ(libsvm_error("1 1:2\n1 2:1 2:3\n"),
            "a.svm:2: expected indices that ascend, found \"2:3\". Sort the values of the line, "
            "each index once.");
  EXPECT_EQ(libsvm_error("1 1:x\n"),
            "a.svm:1: expected index:value with a finite number, found \"1:x\". Correct the line.");
  EXPECT_EQ(libsvm_error("1 1:1e39\n"),
            "a.svm:1: expected a number of at most 3.4e38 in size, found \"1:1e39\". Scale the "
            "feature down.");
  EXPECT_EQ(libsvm_error("1 qid:4 1:2\n"),
            "a.svm:1: expected index:value, found \"qid:4\". dga does not rank; remove the query "
            "numbers.");
  EXPECT_EQ(libsvm_error("1,2 1:2\n"),
            "a.svm:1: expected one label, found \"1,2\". dga trains on one label per sample; keep "
            "one of them.");
  EXPECT_EQ(libsvm_error("1 1:2\n1:2\n"),
            "a.svm:2: expected a label first, found \"1:2\". Give a label to all samples, or to "
            "none.");
  EXPECT_THAT(libsvm_error("1 4000000000:2\n"), testing::HasSubstr("expected an index of at most"));
  EXPECT_THAT(libsvm_error("1 2000000000:2\n0 1:1\n"),
              testing::HasSubstr("found 2 of 2000000000 features, which need"));
}

TEST(Libsvm, IsToldFromCsvByItsPairs) {
  for (const char* text : {"1 3:4\n", "# note\n\n-1 1:0.5 2:1\n", "0\n1 1:1\n", "1 qid:1 1:2\n"}) {
    EXPECT_EQ(format_of(*source_of("f", text)).name, "LIBSVM") << text;
  }
  for (const char* text : {"1,3:4\n", "1 3\n", "1\n2\n", "a b:c\n", "1.5,2\n"}) {
    EXPECT_EQ(format_of(*source_of("f", text)).name, "CSV") << text;
  }
}

TEST(Libsvm, SamplesToPredictMayHaveNoLabels) {
  const ScratchFolder folder;
  ModelCard card{.input_shape = {2}, .class_names = {"-1", "1"}};
  card.columns.all = {{.name = "1"}, {.name = "2"}, {.name = "label", .use = ColumnUse::label}};
  const std::string plain = folder.write("plain.svm", "1:3\n2:4\n");
  const Samples samples = load_samples({.data = plain, .card = card});
  EXPECT_EQ(samples.labels, nullptr);
  EXPECT_THAT(sparse_values(samples), ElementsAre(3, 0, 0, 4));
  const std::string placeholders = folder.write("placeholders.svm", "0 1:3\n0 2:4\n");
  EXPECT_THAT(
      test::error_of<DataError>([&] { load_samples({.data = placeholders, .card = card}); }),
      testing::HasSubstr("expected a label of the training set"));
  EXPECT_EQ(load_samples({.data = placeholders, .card = card, .table = {.drop = "label"}}).labels,
            nullptr);
}

}  // namespace
}  // namespace dga
