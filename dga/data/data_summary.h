// SPDX-License-Identifier: Apache-2.0
//
// DataSummary: what a run takes its data to be, for people: printed at the start of a run, kept in
// config.json and shown in the report.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// What a file was used as.
enum class FileUse { train, validation, test, class_names, ignored };

struct DataSummary {
  struct File {
    std::string path = {};
    FileUse use = FileUse::train;
    std::string reason = {};  // of an ignored file
    std::int64_t images = 0;  // the number of images in a class folder; 0: a file

    bool operator==(const File&) const = default;
  };
  struct Class {
    std::string name = {};
    std::int64_t samples = 0;

    bool operator==(const Class&) const = default;
  };

  std::vector<File> files = {};  // empty: the data came as arrays
  /// The label column: its name, or "column N". Empty: the data has no columns.
  std::string label = {};
  std::int64_t features = 0;  // of one sample
  /// In the order of the model's outputs, with their numbers of training samples, before any are
  /// held out. Empty for regression.
  std::vector<Class> classes = {};
  /// Lines that the run prints as warnings: what the user should know about the data.
  std::vector<std::string> notices = {};

  bool operator==(const DataSummary&) const = default;
};

/// A JSON object on one line.
std::string to_json(const DataSummary& summary);

/// Reads what to_json wrote. Throws DataError, which names `place`, for anything else.
DataSummary data_summary_from_json(std::string_view text, const std::string& place);

/// A line of the summary: a heading, such as "label", and its text.
struct SummaryLine {
  std::string heading;
  std::string text;
};

/// The summary as a few lines of text, in which control characters of names are replaced. Names at
/// most `most_files` files per FileUse. If there are many classes, gives only the sizes of the
/// smallest and the largest one. The notices are not among the lines.
std::vector<SummaryLine> summary_lines(const DataSummary& summary, std::size_t most_files);

}  // namespace dga
