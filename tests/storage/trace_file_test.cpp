// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(TraceFile, HasARowAWorkerAndAnEventASpan) {
  const ScratchFolder folder;
  TraceFile file(folder.file("trace.json"), 2);
  file.begin_row(0, "worker 0");
  file.add({.begin_ns = 0, .end_ns = 1'500'007, .step = 0, .phase = StepPhase::compute});
  file.begin_row(7, "worker 7");
  file.add({.begin_ns = 12'345'678, .end_ns = 12'345'778, .step = 2, .phase = StepPhase::wait});
  EXPECT_FALSE(std::filesystem::exists(folder.file("trace.json")));
  file.commit();
  const json trace = json::parse(read_file(folder.file("trace.json")));
  const int process = trace["traceEvents"][0]["pid"];
  EXPECT_EQ(trace["displayTimeUnit"], "ms");
  const json expected = json::parse(R"([
    {"ph": "M", "name": "process_name", "args": {"name": "dga"}},
    {"ph": "M", "name": "thread_name", "tid": 0, "args": {"name": "worker 0"}},
    {"ph": "M", "name": "thread_sort_index", "tid": 0, "args": {"sort_index": 0}},
    {"ph": "X", "name": "compute", "tid": 0, "ts": 0.0, "dur": 1500.007, "args": {"epoch": 1, "step": 1}},
    {"ph": "M", "name": "thread_name", "tid": 7, "args": {"name": "worker 7"}},
    {"ph": "M", "name": "thread_sort_index", "tid": 7, "args": {"sort_index": 7}},
    {"ph": "X", "name": "wait", "tid": 7, "ts": 12345.678, "dur": 0.1, "args": {"epoch": 2, "step": 3}}
  ])");
  json events = trace["traceEvents"];
  for (json& event : events) {
    EXPECT_EQ(event["pid"], process);
    event.erase("pid");
  }
  EXPECT_EQ(events, expected);
}

TEST(TraceFile, IsWrittenAsItComes) {
  const ScratchFolder folder;
  TraceFile file(folder.file("trace.json"), 1);
  file.begin_row(0, "worker 0");
  for (std::int64_t step = 0; step < 5000; ++step) {
    file.add({.begin_ns = step, .end_ns = step + 1, .step = step, .phase = StepPhase::reduce});
  }
  ASSERT_EQ(folder.names().size(), 1U);
  EXPECT_GT(std::filesystem::file_size(folder.file(folder.names().front())), 300'000U);
  file.commit();
  const json trace = json::parse(read_file(folder.file("trace.json")));
  EXPECT_EQ(trace["traceEvents"].size(), 5003U);
}

TEST(TraceFile, LeavesNothingUnlessCommitted) {
  const ScratchFolder folder;
  {
    TraceFile file(folder.file("trace.json"), 1);
    file.begin_row(0, "worker 0");
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(ForSpans, TurnsMarksIntoSpansPieceByPiece) {
  const std::vector<PhaseMark> marks{{.at = 10.0, .phase = StepPhase::compute},
                                     {.at = 10.5, .phase = StepPhase::wait},
                                     {.at = 10.75, .ends_step = true},
                                     {.at = 11.0, .phase = StepPhase::compute},
                                     {.at = 11.25, .ends_step = true}};
  std::vector<std::size_t> pieces;
  std::vector<std::string> spans;
  for_spans(marks, 10.0, 2, [&](std::span<const TraceSpan> piece) {
    pieces.push_back(piece.size());
    for (const TraceSpan& span : piece) {
      spans.push_back(str(span.step, " ", static_cast<int>(span.phase), " ",
                          span.begin_ns / 1'000'000, "-", span.end_ns / 1'000'000));
    }
  });
  EXPECT_THAT(pieces, ElementsAre(2U, 1U));
  EXPECT_THAT(spans, ElementsAre("0 0 0-500", "0 2 500-750", "1 0 1000-1250"));
}

}  // namespace
}  // namespace dga
