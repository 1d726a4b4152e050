// SPDX-License-Identifier: Apache-2.0
//
// The text of report.html. tests/cli/report_test.py checks the page in a browser.

#include "dga/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/data_summary.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/run_results.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

constexpr const char* kHostile = "</script><b>&\"'";
constexpr const char* kHostileAsText = "&lt;/script&gt;&lt;b&gt;&amp;&quot;&#39;";

class ReportTest : public testing::Test {
 protected:
  /// Makes the folder of a run with these files in it.
  std::string run(const std::string& name,
                  const std::vector<std::pair<std::string_view, std::string>>& files) const {
    std::string path = scratch.file(name);
    std::filesystem::create_directories(path);
    for (const auto& [file, text] : files) {
      atomic_write(path + "/" + std::string(file), text);
    }
    return path;
  }

  static std::string page(const std::vector<std::string>& folders) { return report_html(folders); }

  ScratchFolder scratch;
};

RunResults three_epochs() {
  RunResults results{.engine = "threads", .workers = 2, .train_samples = 8, .test_samples = 2};
  results.time = {.mean = 1.5, .values = {1, 2}};
  results.error = {.mean = 0.25, .values = {0.5, 0}};
  results.epochs = {{.epoch = 1, .loss = 2, .train_error = 0.5, .test_error = 0.5, .seconds = 1},
                    {.epoch = 2, .loss = 1, .train_error = 0.25, .test_error = 0.25, .seconds = 1},
                    {.epoch = 3, .loss = 0.5, .train_error = 0, .test_error = 0.5, .seconds = 1}};
  results.best_epoch = 3;
  results.weights_sha256 = "abc";
  return results;
}

/// The row of a table with this heading.
std::string row(const std::string& page, const std::string& heading) {
  const std::size_t at = page.find("<th scope=\"row\">" + heading + "</th>");
  return at == std::string::npos ? "no such row" : page.substr(at, page.find("</tr>", at) - at);
}

/// What the charts of the page are given.
json chart_data(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"runs\">";
  const std::size_t at = page.find(begin) + begin.size();
  return json::parse(page.substr(at, page.find("</script>", at) - at));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST_F(ReportTest, WhatFilesAndFoldersSayStaysText) {
  RunResults results = three_epochs();
  results.machine.host = kHostile;
  results.epochs[0].metrics[kHostile] = 1;
  // A folder's name holds no '/', but its path does: '</script>' in two parts.
  const std::string folder = run("<b>&\"'<", {{kResultsFile, to_json(results)},
                                              {kConfigFile, json{{kHostile, kHostile}}.dump()}});
  const std::string deeper =
      run("<b>&\"'</script><b>&\"'", {{kResultsFile, to_json(results)}, {kConfigFile, "{}"}});
  for (const std::string& html : {page({folder}), page({folder, deeper}), page({deeper, deeper})}) {
    EXPECT_EQ(count(html, "<script"), 3U);
    EXPECT_EQ(count(html, "</script"), 3U);
    EXPECT_EQ(count(html, "<b>"), 0U);
    EXPECT_GE(count(html, kHostileAsText), 3U);
  }
  const json data = chart_data(page({folder, deeper}));
  EXPECT_EQ(data[0]["title"], "1: <b>&\"'<");
  EXPECT_EQ(data[0]["epochs"]["metrics"][0][0], kHostile);
}

TEST_F(ReportTest, BytesThatAreNoUtf8AreReplacedInTheChartsData) {
  RunResults results = three_epochs();
  const std::string folder = run("a\xff", {{kResultsFile, to_json(results)}});
  EXPECT_EQ(chart_data(page({folder}))[0]["title"], "a\uFFFD");
}

TEST_F(ReportTest, ARunWithoutMetricsFileIsShownByItsResults) {
  const json data = chart_data(page({run("a", {{kResultsFile, to_json(three_epochs())}})}));
  EXPECT_EQ(data[0]["epochs"]["epoch"], (json{1, 2, 3}));
  EXPECT_EQ(data[0]["epochs"]["loss"], (json{2.0, 1.0, 0.5}));
  EXPECT_EQ(data[0]["epochs"]["metrics"], json::array());
}

TEST_F(ReportTest, ARunThatHasOnlyBegunIsShownWithoutNumbers) {
  for (const std::string& folder :
       {run("config", {{kConfigFile, "{\"workers\": 3}"}}),
        run("empty", {{kConfigFile, "{\"workers\": 3}"}, {kMetricsFile, ""}}),
        run("cut", {{kConfigFile, "{\"workers\": 3}"}, {kMetricsFile, "{\"epoch\": 1, \"lo"}})}) {
    const std::string html = page({folder});
    EXPECT_THAT(row(html, "State"), HasSubstr("unfinished: still running"));
    EXPECT_THAT(row(html, "Saved weights"), HasSubstr("<td>–</td>"));
    EXPECT_THAT(row(html, "Epochs"), HasSubstr("<td>0</td>"));
    EXPECT_THAT(row(html, "workers"), HasSubstr("<td>3</td>"));
    EXPECT_EQ(chart_data(html)[0]["epochs"]["loss"], json::array());
    EXPECT_EQ(chart_data(html)[0]["workers"], json::object());
  }
}

TEST_F(ReportTest, HalfALineAtTheEndOfTheMetricsIsNotAnEpochYet) {
  const auto epochs = three_epochs().epochs;
  const std::string lines = to_json(epochs[0]) + "\n" + to_json(epochs[1]) + "\n";
  const std::string folder = run("a", {{kMetricsFile, lines + to_json(epochs[2]).substr(0, 20)}});
  const std::string html = page({folder});
  EXPECT_EQ(chart_data(html)[0]["epochs"]["loss"], (json{2.0, 1.0}));
  EXPECT_THAT(row(html, "Held-out error"), HasSubstr("<td>0.25</td>"));
}

TEST_F(ReportTest, ADamagedLineBeforeTheEndIsRefusedAndNoPageIsWritten) {
  const std::string folder =
      run("a", {{kMetricsFile, to_json(three_epochs().epochs[0]) + "\n{\"epoch\": 2, \"lo\n"}});
  EXPECT_THAT([&] { write_report(folder); },
              ThrowsMessage<StorageError>(
                  AllOf(StartsWith(folder + "/metrics.jsonl:2: expected one epoch of a run, found"),
                        HasSubstr("Restore the file"))));
  EXPECT_FALSE(std::filesystem::exists(folder + "/report.html"));
}

TEST_F(ReportTest, RunsOfOneNameAreToldApartByTheirPaths) {
  const std::string first = run("one/run", {{kResultsFile, to_json(three_epochs())}});
  const std::string second = run("two/run", {{kResultsFile, to_json(three_epochs())}});
  const std::string third = run("two/other", {{kResultsFile, to_json(three_epochs())}});
  const json data = chart_data(page({first, second, third}));
  EXPECT_EQ(data[0]["title"], "1: " + first);
  EXPECT_EQ(data[1]["title"], "2: " + second);
  EXPECT_EQ(data[2]["title"], "3: other");
  const json same = chart_data(page({third, third}));
  EXPECT_NE(same[0]["title"], same[1]["title"]);
}

TEST_F(ReportTest, TheBestEpochIsTheOneThatWasChosenToBeSaved) {
  RunResults results = three_epochs();
  const auto html = [&](const std::string& config) {
    return page({run("a", {{kResultsFile, to_json(results)}, {kConfigFile, config}})});
  };
  const std::string last = html("{\"keep-best\": false}");
  EXPECT_THAT(row(last, "Saved weights"), HasSubstr("<td>last epoch</td>"));
  EXPECT_EQ(chart_data(last)[0]["best"], nullptr);
  EXPECT_THAT(last, Not(HasSubstr("A ring marks")));
  const std::string last_is_best = html("{\"keep-best\": true}");
  EXPECT_THAT(row(last_is_best, "Saved weights"), HasSubstr("<td>best epoch: 3</td>"));
  EXPECT_EQ(chart_data(last_is_best)[0]["best"], 3);
  results.best_epoch = 2;
  const std::string second = html("{}");
  EXPECT_THAT(row(second, "Saved weights"), HasSubstr("<td>best epoch: 2</td>"));
  EXPECT_THAT(second, AllOf(HasSubstr(">2 (best)<"), HasSubstr("A ring marks")));
  results.best_epoch = 0;  // before there was any choice
  EXPECT_THAT(row(html("{}"), "Saved weights"), HasSubstr("<td>–</td>"));
}

TEST_F(ReportTest, AnEarlyEndIsTold) {
  RunResults results = three_epochs();
  EXPECT_THAT(row(page({run("a", {{kResultsFile, to_json(results)}})}), "State"),
              HasSubstr("<td>finished</td>"));
  results.stopped_early = true;
  EXPECT_THAT(row(page({run("a", {{kResultsFile, to_json(results)}})}), "State"),
              HasSubstr("<td>finished: stopped early after epoch 3</td>"));
  results.stopped_early = false;
  results.stopped = true;
  EXPECT_THAT(row(page({run("a", {{kResultsFile, to_json(results)}})}), "State"),
              HasSubstr("<td>stopped by a signal after epoch 3</td>"));
}

TEST_F(ReportTest, MetricsAreThoseOfTheSavedWeights) {
  RunResults results = three_epochs();
  results.epochs[0].metrics = {{"F1", 0.25}, {"late", 1e-6}};
  results.epochs[1].metrics = {{"F1", 1.0 / 60}};
  results.epochs[2].metrics = {{"F1", 0.75}};
  results.best_epoch = 2;
  const std::string html = page({run("a", {{kResultsFile, to_json(results)}})});
  EXPECT_THAT(row(html, "Metric F1, saved weights"), HasSubstr("<td>0.0166667</td>"));
  EXPECT_THAT(row(html, "Metric late, saved weights"), HasSubstr("<td>–</td>"));
  EXPECT_THAT(row(html, "1"), HasSubstr("<td>1e-6</td>"));
  const json metrics = chart_data(html)[0]["epochs"]["metrics"];
  EXPECT_EQ(metrics, json::parse("[[\"F1\", [0.25, " + json(1.0 / 60).dump() +
                                 ", 0.75]], [\"late\", [1e-6, null, null]]]"));
}

TEST_F(ReportTest, AValidationSetHasRowsAndACurve) {
  RunResults results = three_epochs();
  const std::string without = page({run("a", {{kResultsFile, to_json(results)}})});
  EXPECT_EQ(row(without, "Validation error"), "no such row");
  EXPECT_THAT(without, Not(HasSubstr(">Validation")));
  results.validation_samples = 4;
  results.val_error = 0.125;
  results.epochs[0].val_error = 0.5;
  results.epochs[2].val_error = 0.125;
  const std::string folder = run("b", {{kResultsFile, to_json(results)}});
  const std::string html = page({folder});
  EXPECT_THAT(row(html, "Validation error"), HasSubstr("<td>0.125</td>"));
  EXPECT_THAT(row(html, "Validation samples"), HasSubstr("<td>4</td>"));
  EXPECT_THAT(row(html, "1"), HasSubstr("<td>0.5</td><td>0.5</td><td>0.5</td>"));
  EXPECT_EQ(chart_data(html)[0]["epochs"]["val_error"], (json{0.5, nullptr, 0.125}));
  const std::string both = page({scratch.file("a"), folder});
  EXPECT_THAT(row(both, "Validation error"), HasSubstr("<td>–</td><td>0.125</td>"));
}

TEST_F(ReportTest, ShowsWhatTheDataWasTakenFor) {
  DataSummary summary{.files = {{.path = "d/<b>.csv"}, {"d/x~", FileUse::ignored, "a backup"}},
                      .label = "species",
                      .features = 4,
                      .classes = {{"a", 3}, {"b", 5}}};
  const std::string quiet =
      run("a", {{kConfigFile, json{{"dataset", json::parse(to_json(summary))}}.dump()}});
  summary.notices = {"one.", "two."};
  const std::string noisy =
      run("b", {{kConfigFile, json{{"dataset", json::parse(to_json(summary))}}.dump()}});
  const std::string html = page({quiet});
  EXPECT_THAT(row(html, "files"),
              HasSubstr("<td>train: d/&lt;b&gt;.csv; ignored: d/x~ (a backup)</td>"));
  EXPECT_THAT(row(html, "label"), HasSubstr("<td>species</td>"));
  EXPECT_THAT(row(html, "features"), HasSubstr("<td>4</td>"));
  EXPECT_THAT(row(html, "classes"), HasSubstr("<td>2: a (3), b (5)</td>"));
  EXPECT_EQ(row(html, "notices"), "no such row");
  EXPECT_EQ(row(html, "dataset"), "no such row");
  const std::string old = run("c", {{kConfigFile, "{}"}});
  EXPECT_THAT(row(page({quiet, noisy, old}), "notices"),
              HasSubstr("<td>–</td><td>one. two.</td><td>–</td>"));
  EXPECT_EQ(row(page({old}), "files"), "no such row");
}

TEST_F(ReportTest, ADamagedSummaryIsRefused) {
  const std::string folder = run("a", {{kConfigFile, "{\"dataset\": 3}"}});
  EXPECT_THAT([&] { page({folder}); },
              ThrowsMessage<StorageError>("[report] " + folder +
                                          "/config.json: expected the summary of a dataset, found "
                                          "JSON that is damaged or says something else. Was the "
                                          "file changed?"));
}

TEST_F(ReportTest, NoFolderAtAllIsRefused) {
  EXPECT_THAT(
      [] { report_html({}); },
      ThrowsMessage<InvalidArgument>(
          "[report] folders: expected at least one folder of a run, found none. Name one."));
}

}  // namespace
}  // namespace dga
