// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/run_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "dga/base/error.h"

namespace dga {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

RunResults two_workers() {
  return {.engine = "threads",
          .workers = 2,
          .workers_changed = {{.step = 1, .epoch = 0, .from = 3, .to = 2}},
          .carriers = 1,
          .coalesced = true,
          .seed = 42,
          .order = "contiguous",
          .window = 64,
          .train_samples = 80,
          .test_samples = 20,
          .time = {.mean = 1.5, .values = {1.25, 1.75}},
          .compute_seconds = {1, 1.5},
          .reduce_seconds = {0.125, 0.125},
          .wait_seconds = {0.125, 0.125},
          .data_seconds = {0, 0.25},
          .error = {.mean = 0.1, .values = {0.1, std::nullopt}},
          .epochs = {{.epoch = 1,
                      .loss = 0.1,
                      .train_error = 0.25,
                      .test_error = std::nullopt,
                      .seconds = 0.5}},
          .best_epoch = 1,
          .stopped = true,
          .stopped_early = true,
          .steps = 3,
          .skipped_steps = 2,
          .restarts = 1,
          .median_step_seconds = 0.001,
          .startup_seconds = 0.02,
          .wall_seconds = 2,
          .weights_sha256 = "ab",
          .machine = {.host = "node1",
                      .processor = "Example",
                      .cores = 4,
                      .memory_bytes = 1024,
                      .torch = "2.15.0",
                      .dga = "0.1.0"}};
}

// Scripts rely on these names and their places.
TEST(RunResults, AreWrittenByTheSchema) {
  EXPECT_EQ(to_json(two_workers()), R"({
  "schema": 1,
  "engine": "threads",
  "workers": 2,
  "workers_changed": [
    {
      "step": 1,
      "epoch": 0,
      "from": 3,
      "to": 2
    }
  ],
  "carriers": 1,
  "coalesced": true,
  "seed": 42,
  "order": {
    "shard": "contiguous",
    "window": 64
  },
  "samples": {
    "train": 80,
    "test": 20
  },
  "time": {
    "unit": "s",
    "mean": 1.5,
    "values": [
      1.25,
      1.75
    ],
    "compute": [
      1.0,
      1.5
    ],
    "reduce": [
      0.125,
      0.125
    ],
    "wait": [
      0.125,
      0.125
    ],
    "data": [
      0.0,
      0.25
    ]
  },
  "error": {
    "mean": 0.1,
    "values": [
      0.1,
      null
    ]
  },
  "epochs": [
    {
      "epoch": 1,
      "loss": 0.1,
      "train_error": 0.25,
      "test_error": null,
      "seconds": 0.5
    }
  ],
  "best_epoch": 1,
  "stopped": true,
  "stopped_early": true,
  "steps": 3,
  "skipped_steps": 2,
  "restarts": 1,
  "step_seconds": {
    "median": 0.001
  },
  "startup_seconds": 0.02,
  "wall_seconds": 2.0,
  "weights_sha256": "ab",
  "machine": {
    "host": "node1",
    "processor": "Example",
    "cores": 4,
    "memory_bytes": 1024,
    "torch": "2.15.0",
    "dga": "0.1.0"
  }
}
)");
}

TEST(RunResults, AreReadBackAsTheyWere) {
  EXPECT_EQ(run_results_from_json(to_json(two_workers()), "results.json"), two_workers());
}

TEST(RunResults, HaveMetricsByNameOnlyWhereThereAreAny) {
  RunResults results = two_workers();
  results.epochs[0].metrics = {{"recall", 0.5}, {"f1", 0.25}};
  EXPECT_EQ(to_json(results.epochs[0]),
            R"({"epoch":1,"loss":0.1,"train_error":0.25,"test_error":null,"seconds":0.5,)"
            R"("metrics":{"f1":0.25,"recall":0.5}})");
  EXPECT_EQ(run_results_from_json(to_json(results), "results.json"), results);
  results.epochs[0].metrics = {{"f1", std::numeric_limits<double>::quiet_NaN()}};
  const auto read = run_results_from_json(to_json(results), "results.json");
  EXPECT_TRUE(std::isnan(read.epochs[0].metrics.at("f1")));
}

TEST(RunResults, HaveAValidationErrorOnlyWithAValidationSet) {
  RunResults results = two_workers();
  results.validation_samples = 10;
  results.val_error = 0.5;
  results.epochs[0].val_error = 0.5;
  EXPECT_EQ(to_json(results.epochs[0]),
            R"({"epoch":1,"loss":0.1,"train_error":0.25,"test_error":null,"seconds":0.5,)"
            R"("val_error":0.5})");
  const auto json = nlohmann::json::parse(to_json(results));
  EXPECT_EQ(json["samples"]["validation"], 10);
  EXPECT_EQ(json["val_error"], 0.5);
  EXPECT_EQ(run_results_from_json(to_json(results), "results.json"), results);
  results.val_error = results.epochs[0].val_error = std::numeric_limits<double>::quiet_NaN();
  const RunResults read = run_results_from_json(to_json(results), "results.json");
  EXPECT_TRUE(std::isnan(read.val_error.value())) << "there is a set, without a finite error";
  EXPECT_TRUE(std::isnan(read.epochs[0].val_error.value()));
}

TEST(RunResults, OfOlderVersionsLackTheBestEpoch) {
  auto json = nlohmann::ordered_json::parse(to_json(two_workers()));
  json.erase("best_epoch");
  json.erase("stopped");
  json.erase("stopped_early");
  const RunResults read = run_results_from_json(json.dump(), "results.json");
  EXPECT_EQ(read.best_epoch, 0);
  EXPECT_FALSE(read.stopped);
  EXPECT_FALSE(read.stopped_early);
}

TEST(RunResults, OfOlderVersionsLackPhasesAndMachine) {
  auto json = nlohmann::ordered_json::parse(to_json(two_workers()));
  json.erase("machine");
  for (const char* phase : {"compute", "reduce", "wait", "data"}) {
    json["time"].erase(phase);
  }
  RunResults expected = two_workers();
  expected.machine = {};
  expected.compute_seconds = expected.reduce_seconds = {};
  expected.wait_seconds = expected.data_seconds = {};
  EXPECT_EQ(run_results_from_json(json.dump(), "results.json"), expected);
}

TEST(RunResults, KeepEveryBitOfANumber) {
  RunResults results = two_workers();
  results.wall_seconds = std::nextafter(0.1, 1);
  EXPECT_EQ(run_results_from_json(to_json(results), "results.json").wall_seconds,
            results.wall_seconds);
}

TEST(RunResults, SayNullForWhatIsNotFinite) {
  RunResults results = two_workers();
  results.epochs[0].loss = std::numeric_limits<double>::infinity();
  const std::string text = to_json(results);
  EXPECT_TRUE(nlohmann::json::parse(text)["epochs"][0]["loss"].is_null());
  EXPECT_TRUE(std::isnan(run_results_from_json(text, "results.json").epochs[0].loss));
}

TEST(RunResults, OfAnotherSchemaAreRefused) {
  std::string text = to_json(two_workers());
  text.replace(text.find("\"schema\": 1"), 11, "\"schema\": 9");
  EXPECT_THAT(
      [&] { run_results_from_json(text, "r.json"); },
      ThrowsMessage<StorageError>("[storage] r.json: expected schema 1, found 9. Restore the "
                                  "file, or read it with the dga that wrote it."));
}

TEST(RunResults, WithoutAFieldAreRefusedByItsName) {
  EXPECT_THAT([] { run_results_from_json(R"({"schema": 1})", "r.json"); },
              ThrowsMessage<StorageError>(
                  AllOf(StartsWith("[storage] r.json: expected the results of a run, found "),
                        HasSubstr("'engine'"))));
}

TEST(RunResults, ThatAreNoJsonAreRefused) {
  EXPECT_THAT([] { run_results_from_json("{", "r.json"); },
              ThrowsMessage<StorageError>(StartsWith("[storage] r.json: expected the results")));
}

TEST(EpochLines, AreReadBackAsTheyWere) {
  const auto epochs = two_workers().epochs;
  EXPECT_EQ(to_json(epochs[0]),
            R"({"epoch":1,"loss":0.1,"train_error":0.25,"test_error":null,"seconds":0.5})");
  EXPECT_EQ(epochs_from_json_lines(to_json(epochs[0]) + "\n", "m"), epochs);
}

TEST(EpochLines, AreReadWithoutTheHalfOneAtTheEnd) {
  const auto epochs = two_workers().epochs;
  EXPECT_EQ(epochs_from_json_lines(to_json(epochs[0]) + "\n{\"epo", "m"), epochs);
}

TEST(EpochLines, ThatAreDamagedAreNamed) {
  const std::string line = to_json(two_workers().epochs[0]);
  EXPECT_THAT([&] { epochs_from_json_lines(line + "\n{}\n", "m.jsonl"); },
              ThrowsMessage<StorageError>(StartsWith("m.jsonl:2: expected one epoch of a run")));
}

}  // namespace
}  // namespace dga
