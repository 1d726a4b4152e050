// SPDX-License-Identifier: Apache-2.0
//
// Predictions of models whose answers can be told beforehand.

#include "dga/predict/predictor.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/load.h"
#include "dga/data/table.h"
#include "dga/models/model.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::FloatEq;
using testing::IsEmpty;
using testing::SizeIs;

/// Returns the first `outputs` elements of each sample, as it gets them.
struct First final : torch::nn::Module {
  explicit First(std::int64_t count) : outputs(count) {}
  at::Tensor forward(const at::Tensor& samples) {
    shapes.push_back(samples.sizes().vec());
    return samples.flatten(1).narrow(1, 0, outputs);
  }
  std::int64_t outputs;
  std::vector<std::vector<std::int64_t>> shapes;
};

/// Pictures of 2 x 2, of which the first row is scores of the classes.
ModelCard card_of(const std::vector<std::string>& names) {
  return {.model = kCustomModel,
          .input_shape = {2, 2},
          .outputs = static_cast<std::int64_t>(names.size()),
          .feature_mean = {10, 0, 0, 0},
          .feature_scale = {2, 1, 1, 1},
          .class_names = names};
}

Predictor predictor_of(ModelCard card) {
  const std::int64_t outputs = card.outputs;
  return Predictor({std::move(card), as_model(std::make_shared<First>(outputs))});
}

std::string bytes(std::initializer_list<int> values) {
  return {values.begin(), values.end()};
}

// The file of three pictures; normalised, the scores are (0, 1), (5, 4) and (1, 1).
const std::string kPictures =
    bytes({0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 10, 1, 0, 0, 20, 4, 0, 0, 12, 1, 9, 9});

TEST(Predictor, NormalisesAsTheTrainingDidAndGivesEachSampleItsOwnShape) {
  const auto model = std::make_shared<First>(2);
  Predictor predictor({card_of({"3", "7"}), as_model(model)});
  EXPECT_EQ(predictor.num_features(), 4);
  const std::vector<float> rows{10, 1, 0, 0, 20, 4, 0, 0, 12, 1, 9, 9};
  const Predictions predictions = predictor.predict(rows);
  EXPECT_EQ(predictions.count, 3);
  EXPECT_EQ(predictions.outputs, 2);
  EXPECT_THAT(predictions.classes, ElementsAre(1, 0, 0));  // of equal scores the first
  const float less = 1 / (1 + std::exp(1.F));
  EXPECT_THAT(predictions.scores, ElementsAre(FloatEq(less), FloatEq(1 - less), FloatEq(1 - less),
                                              FloatEq(less), FloatEq(0.5F), FloatEq(0.5F)));
  EXPECT_THAT(predictions.values, IsEmpty());
  EXPECT_THAT(model->shapes, ElementsAre(ElementsAre(3, 2, 2)));
}

TEST(Predictor, ReadsIdxWithoutLabels) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("images"), kPictures);
  Predictor predictor = predictor_of(card_of({"3", "7"}));
  const auto samples_of = [&](const std::string& data) {
    return load_samples({.data = data, .card = predictor.card()});
  };
  for (const std::string& data : {scratch.path(), scratch.file("images")}) {
    const Samples samples = samples_of(data);
    EXPECT_EQ(samples.count, 3);
    EXPECT_EQ(samples.labels, nullptr);
    EXPECT_EQ(samples.targets, nullptr);
    const Predictions predictions = predictor.predict({samples.features.get(), 12});
    EXPECT_THAT(predictions.classes, ElementsAre(1, 0, 0));
    EXPECT_EQ(error_of<InvalidArgument>([&] { mean_error(predictions, samples); }),
              "[predict] mean_error: expected 3 samples with classes, found 3 samples without "
              "labels. Pass the samples that were predicted on.");
  }
  // The same with labels beside it, as they are in files: the last one is wrong.
  atomic_write(scratch.file("labels"), bytes({0, 0, 8, 1, 0, 0, 0, 3, 7, 3, 7}));
  const Samples labelled = samples_of(scratch.path());
  const Predictions predictions = predictor.predict({labelled.features.get(), 12});
  EXPECT_DOUBLE_EQ(mean_error(predictions, labelled), 1.0 / 3);
}

/// 1200 samples, more than two batches; sample i has the scores (i, 600). No labels, but
/// label_type.
class Counting final : public Dataset {
 public:
  explicit Counting(std::vector<std::int64_t> shape, DType type = DType::f32)
      : shape_(std::move(shape)), type_(type) {}
  std::int64_t size() const override { return 1200; }
  std::vector<std::int64_t> sample_shape() const override { return shape_; }
  DType feature_type() const override { return type_; }
  DType label_type() const override { return DType::i64; }
  std::int64_t num_classes() const override { return 2; }

 private:
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override {
    if (labels.data != nullptr) {
      throw InvalidArgument("there are no labels");
    }
    auto* row = static_cast<float*>(features.data);
    for (const std::int64_t i : indices) {
      row[0] = static_cast<float>(10 + 2 * i);
      row[1] = 600;
      row[2] = row[3] = 0;
      row += 4;
    }
  }
  std::vector<std::int64_t> shape_;
  DType type_;
};

TEST(Predictor, TakesADatasetOfAnySizeAndDoesNotLookAtItsLabels) {
  Predictor predictor = predictor_of(card_of({"3", "7"}));
  const Counting dataset({2, 2});
  const Predictions predictions = predictor.predict(dataset);
  EXPECT_EQ(predictions.count, 1200);
  ASSERT_THAT(predictions.classes, SizeIs(1200));
  ASSERT_THAT(predictions.scores, SizeIs(2400));
  for (std::size_t i = 0; i < 1200; ++i) {
    ASSERT_EQ(predictions.classes[i], i >= 600 ? 0 : 1) << "sample " << i;
  }
  // The same samples as rows.
  std::vector<std::int64_t> all(1200);
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> rows(4800);
  dataset.gather(all, BufferView(rows.data(), 4800), {});
  const Predictions same = predictor.predict(rows);
  EXPECT_EQ(same.classes, predictions.classes);
  EXPECT_EQ(same.scores, predictions.scores);
}

TEST(Predictor, ADatasetMayHaveItsElementsInAnotherShapeButNotOthers) {
  Predictor predictor = predictor_of(card_of({"3", "7"}));
  EXPECT_EQ(predictor.predict(Counting({4})).classes[1199], 0);
  EXPECT_EQ(error_of<InvalidArgument>([&] {
              predictor.predict(Counting({2, 3}));
            }),
            "[predict] predict: expected samples of 4 elements, as the model was trained on, found "
            "6. Pass samples with the features of the training.");
  EXPECT_EQ(error_of<InvalidArgument>([&] { predictor.predict(Counting({4}, DType::f64)); }),
            "[data] gather: expected a buffer of 2048 f64 for the features, found 2048 f32. Size "
            "it for the batch.");
  const std::vector<float> rows(6);
  EXPECT_EQ(
      error_of<InvalidArgument>([&] { predictor.predict(rows); }),
      "[predict] predict: expected samples of 4 elements, found 6 elements in all, which is no "
      "multiple. Pass whole samples.");
}

TEST(Predictor, NoSamplesAreNoPredictions) {
  Predictor predictor = predictor_of(card_of({"3", "7"}));
  const Predictions predictions = predictor.predict(std::span<const float>());
  EXPECT_EQ(predictions.count, 0);
  EXPECT_THAT(predictions.classes, IsEmpty());
}

TEST(Predictor, ARegressionAnswersInTheUnitsOfTheData) {
  ModelCard card = card_of({"0"});
  card.task = "regression";
  card.class_names = {};
  card.target_mean = 100;
  card.target_scale = 3;
  Predictor predictor = predictor_of(card);
  const auto values = std::make_shared<float[]>(8);
  values[0] = 10;
  values[4] = 14;
  const auto targets = std::make_shared<float[]>(2);
  const Predictions predictions =
      predictor.predict(Table(2, {2, 2}, values, std::shared_ptr<const float[]>(targets)));
  EXPECT_THAT(predictions.values, ElementsAre(100, 106));
  EXPECT_THAT(predictions.classes, IsEmpty());
  EXPECT_THAT(predictions.scores, IsEmpty());
}

TEST(Predictor, LabelsThatDoNotAscendCanBePredictedButNotBeRead) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("a.csv"), "10,1,0,0,3\n");
  for (const auto& [names, text] :
       {std::pair(std::vector<std::string>{"7", "3"}, "3 after 7"),
        std::pair(std::vector<std::string>{"3", "3"}, "3 after 3"),
        std::pair(std::vector<std::string>{"-1", "10", "9"}, "9 after 10")}) {
    Predictor predictor = predictor_of(card_of(names));
    EXPECT_EQ(error_of<InvalidArgument>(
                  [&] { load_samples({.data = scratch.path(), .card = predictor.card()}); }),
              std::string("[data] load_samples: expected the labels of the classes as integers "
                          "in ascending order, as a training has them, found ") +
                  text + ". Take model.json as the run wrote it.");
    const std::vector<float> row{30, 1, 2, 0};
    EXPECT_THAT(predictor.predict(row).classes, ElementsAre(0));
  }
}

TEST(Predictor, SubtractsTheOriginInDouble) {
  ModelCard card = card_of({"3", "7"});
  card.feature_mean = {0, 0, 0, 0};
  card.feature_scale = {1, 1, 1, 1};
  card.feature_origin = {1.7e9, 0, 0, 0};
  Predictor predictor = predictor_of(card);
  const std::vector<double> rows{1.7e9 + 1, 0, 0, 0, 1.7e9 - 1, 0, 0, 0};
  EXPECT_THAT(predictor.predict(std::span<const double>(rows)).classes, ElementsAre(0, 1));
  const ScratchFolder scratch;
  atomic_write(scratch.file("a.csv"), "1700000001,0,0,0,3\n1699999999,0,0,0,7\n");
  const Samples samples = load_samples({.data = scratch.path(), .card = card});
  const Predictions predictions = predictor.predict(samples);
  EXPECT_THAT(predictions.classes, ElementsAre(0, 1));
  EXPECT_EQ(mean_error(predictions, samples), 0);
}

TEST(Predictor, ACardThatContradictsItselfIsRefused) {
  const auto error_with = [](const std::function<void(ModelCard&)>& change) {
    ModelCard card = card_of({"3", "7"});
    change(card);
    return error_of<InvalidArgument>([&] { predictor_of(card); });
  };
  const std::string remedy = " Take model.json as the run wrote it.";
  EXPECT_EQ(
      error_with([](ModelCard& card) { card.task = "ranking"; }),
      "[predict] Predictor: expected the task classification or regression, found 'ranking'." +
          remedy);
  EXPECT_EQ(
      error_with([](ModelCard& card) { card.feature_mean.push_back(1); }),
      "[predict] Predictor: expected 4 feature means, one for each element of a sample, found "
      "5." +
          remedy);
  EXPECT_EQ(
      error_with([](ModelCard& card) { card.feature_scale.pop_back(); }),
      "[predict] Predictor: expected 4 feature scales, one for each element of a sample, found "
      "3." +
          remedy);
  EXPECT_EQ(error_with([](ModelCard& card) { card.class_names.pop_back(); }),
            "[predict] Predictor: expected 2 class names, one for each output, found 1." + remedy);
  EXPECT_EQ(error_with([](ModelCard& card) { card.task = "regression"; }),
            "[predict] Predictor: expected 1 output of a regression, found 2." + remedy);
  EXPECT_EQ(error_of<InvalidArgument>([] {
              Predictor({card_of({"3", "7"}), {}});
            }),
            "[predict] Predictor: expected a model, found none. Pass load_model().");
}

TEST(Predictor, AModelThatAnswersWithAnotherShapeIsRefused) {
  Predictor predictor({card_of({"3", "7"}), as_model(std::make_shared<First>(3))});
  const std::vector<float> row(4);
  EXPECT_EQ(error_of<InvalidArgument>([&] { predictor.predict(row); }),
            "[predict] model: expected an output of shape [1, 2] in Float, found [1, 3] in Float. "
            "Let forward return one row a sample, with one number a class, or one for regression.");
}

/// `count` samples of which `bad` has scores without a finite softmax.
std::vector<float> rows_with_nan(std::int64_t count, std::int64_t bad) {
  std::vector<float> rows(static_cast<std::size_t>(count * 4), 1);
  rows[static_cast<std::size_t>(bad * 4 + 1)] = std::numeric_limits<float>::infinity();
  return rows;
}

TEST(Predictor, AScoreThatIsNotFiniteIsAnErrorThatNamesTheSample) {
  constexpr const char* kRest =
      ": expected a finite prediction, found nan. Correct or remove the sample if its numbers are "
      "far from those of the training; otherwise train the model again.";
  Predictor predictor = predictor_of(card_of({"0", "1"}));
  for (const std::int64_t bad : {0, 511, 512, 1300}) {  // around the size of a batch
    const std::vector<float> rows = rows_with_nan(1400, bad);
    EXPECT_EQ(error_of<DataError>([&] { predictor.predict(rows); }),
              str("[predict] sample ", bad, kRest));
    const auto features = std::make_shared<float[]>(rows.size());
    std::copy(rows.begin(), rows.end(), features.get());
    Samples samples;
    samples.count = 1400;
    samples.shape = {2, 2};
    samples.features = features;
    samples.parts = {{"a.csv", 200, 2}, {"b.csv", 1200, 1}};
    EXPECT_EQ(error_of<DataError>([&] { predictor.predict(samples); }),
              str(bad < 200 ? str("a.csv:", bad + 2) : str("b.csv:", bad - 199), kRest));
    const Table table(1400, {2, 2}, features, std::make_shared<std::int64_t[]>(1400), {"0", "1"});
    EXPECT_EQ(error_of<DataError>([&] { predictor.predict(table); }),
              str("[predict] sample ", bad, kRest));
  }
}

TEST(Predictor, AValueThatIsNotFiniteIsAnErrorThatNamesTheSample) {
  ModelCard card = card_of({});
  card.task = "regression";
  card.outputs = 1;
  Predictor predictor = predictor_of(card);
  std::vector<float> rows(4 * 3, 1);
  rows[8] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of<DataError>([&] { predictor.predict(rows); }),
              testing::StartsWith("[predict] sample 2: expected a finite prediction, found -inf."));
}

TEST(Predictor, AClassThatCannotBeHasTheScoreZero) {
  Predictor predictor = predictor_of(card_of({"0", "1"}));
  std::vector<float> rows(4, 1);
  rows[1] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(predictor.predict(rows).scores, ElementsAre(1, 0));
}

}  // namespace
}  // namespace dga
