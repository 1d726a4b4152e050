// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/model_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dga/base/error.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

ModelCard digits() {
  return {.input_shape = {2},
          .hidden = {100, 50},
          .outputs = 3,
          .dropout = 0.25,
          .feature_mean = {0.1F, -3e-20F},
          .feature_scale = {1.0F, 16.0F / 3},
          .class_names = {"-1", "0", "zwölf"}};
}

TEST(ModelCard, IsReadBackAsItWas) {
  EXPECT_EQ(model_card_from_json(to_json(digits()), "model.json"), digits());
}

TEST(ModelCard, OfARegressionIsReadBackAsItWas) {
  ModelCard card{.task = "regression",
                 .input_shape = {4},
                 .outputs = 1,
                 .target_mean = 3,
                 .target_scale = 0.1};
  EXPECT_EQ(model_card_from_json(to_json(card), "model.json"), card);
}

TEST(ModelCard, OfResizedImagesIsReadBackAsItWas) {
  ModelCard card = digits();
  card.resized = true;
  EXPECT_EQ(model_card_from_json(to_json(card), "model.json"), card);
}

TEST(ModelCard, OfATableIsReadBackAsItWas) {
  ModelCard card = digits();
  card.feature_origin = {1.7e9, 0.1};
  card.target_origin = 1e300;
  card.columns.text_labels = true;
  card.columns = {
      .all = {{.name = "id", .use = ColumnUse::dropped},
              {.name = "a, \"b\""},
              {.name = "city", .use = ColumnUse::category, .categories = {"Köln", "Rom"}},
              {.name = "y", .use = ColumnUse::label}},
      .missing = Missing::mean};
  EXPECT_EQ(model_card_from_json(to_json(card), "model.json"), card);
}

TEST(ModelCard, OfArraysWithMissingValuesIsReadBackAsItWas) {
  for (const Missing missing : {Missing::error, Missing::mean, Missing::drop}) {
    ModelCard card = digits();
    card.columns.missing = missing;
    EXPECT_EQ(model_card_from_json(to_json(card), "model.json"), card);
  }
}

TEST(ModelCard, WithAnUnknownUseOfAColumnIsRefused) {
  ModelCard card = digits();
  card.columns = {.all = {{.name = "a"}, {.name = "b"}}};
  std::string text = to_json(card);
  text.replace(text.find("\"feature\""), 9, "\"future\"");
  EXPECT_THAT([&] { model_card_from_json(text, "m.json"); },
              ThrowsMessage<StorageError>(HasSubstr("other contents")));
}

TEST(ModelCard, ThatIsDamagedIsRefused) {
  EXPECT_THAT([] { model_card_from_json("{\"schema\": 1}", "m.json"); },
              ThrowsMessage<StorageError>("[storage] m.json: expected the description of a model, "
                                          "found JSON that is damaged or has other contents. Save "
                                          "the model again."));
}

TEST(ModelCard, OfAnotherSchemaIsRefused) {
  EXPECT_THAT([] { model_card_from_json("{\"schema\": 7}", "m.json"); },
              ThrowsMessage<StorageError>(HasSubstr("expected schema 1, found 7")));
}

}  // namespace
}  // namespace dga
