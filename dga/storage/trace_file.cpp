// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/trace_file.h"

#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/base/error.h"

namespace dga {
namespace {

constexpr std::array<std::string_view, kStepPhases> kPhaseNames{"compute", "reduce", "wait",
                                                                "data"};
// Viewers take the thread whose number is that of its process for the main thread. No worker has
// this number.
constexpr int kProcess = 1'000'000;
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

/// Microseconds, the unit of the format, with three decimals.
void append_microseconds(std::string& text, std::int64_t nanoseconds) {
  const std::string digits = std::to_string(nanoseconds % 1000);
  text += std::to_string(nanoseconds / 1000);
  text.push_back('.');
  text.append(3 - digits.size(), '0');
  text += digits;
}

}  // namespace

TraceFile::TraceFile(std::string path, std::int64_t steps_per_epoch)
    : file_(std::move(path)), steps_per_epoch_(steps_per_epoch) {
  unwritten_ = R"({"displayTimeUnit":"ms","traceEvents":[)";
  begin_event();
  unwritten_ +=
      str(R"({"ph":"M","name":"process_name","pid":)", kProcess, R"(,"args":{"name":"dga"}})");
}

void TraceFile::begin_row(int number, const std::string& name) {
  row_ = number;
  const std::string row = str(R"(","pid":)", kProcess, R"(,"tid":)", number, R"(,"args":{)");
  begin_event();
  unwritten_ += str(R"({"ph":"M","name":"thread_name)", row, R"("name":")", name, R"("}})");
  begin_event();
  unwritten_ +=
      str(R"({"ph":"M","name":"thread_sort_index)", row, R"("sort_index":)", number, "}}");
}

void TraceFile::add(const TraceSpan& span) {
  begin_event();
  unwritten_ += R"({"ph":"X","name":")";
  unwritten_ += kPhaseNames[static_cast<std::size_t>(span.phase)];
  unwritten_ += R"(","pid":)";
  unwritten_ += std::to_string(kProcess);
  unwritten_ += R"(,"tid":)";
  unwritten_ += std::to_string(row_);
  unwritten_ += R"(,"ts":)";
  append_microseconds(unwritten_, span.begin_ns);
  unwritten_ += R"(,"dur":)";
  append_microseconds(unwritten_, span.end_ns - span.begin_ns);
  unwritten_ += R"(,"args":{"epoch":)";
  unwritten_ += std::to_string(span.step / steps_per_epoch_ + 1);
  unwritten_ += R"(,"step":)";
  unwritten_ += std::to_string(span.step + 1);
  unwritten_ += "}}";
  if (unwritten_.size() >= kBufferBytes) {
    write_out();
  }
}

void TraceFile::commit() {
  unwritten_ += "\n]}\n";
  write_out();
  file_.commit();
}

void TraceFile::begin_event() {
  unwritten_ += first_ ? "\n" : ",\n";
  first_ = false;
}

void TraceFile::write_out() {
  file_.append(unwritten_);
  unwritten_.clear();
}

void for_spans(std::span<const PhaseMark> marks, double origin, std::size_t piece,
               const std::function<void(std::span<const TraceSpan>)>& visit) {
  const auto since_origin = [&](const PhaseMark& mark) {
    return static_cast<std::int64_t>(std::llround((mark.at - origin) * 1e9));
  };
  std::vector<TraceSpan> spans;
  spans.reserve(piece);
  std::int64_t step = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i].ends_step) {
      ++step;
      continue;
    }
    spans.push_back({.begin_ns = since_origin(marks[i]),
                     .end_ns = since_origin(marks[i + 1]),  // the last mark ends a step
                     .step = step,
                     .phase = marks[i].phase});
    if (spans.size() == piece) {
      visit(spans);
      spans.clear();
    }
  }
  if (!spans.empty()) {
    visit(spans);
  }
}

}  // namespace dga
