// SPDX-License-Identifier: Apache-2.0
//
// Samples: what a format reads from files, before labels are mapped to classes.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/named_values.h"

namespace dga {

/// What the labels mean. `automatic` means classification: integer labels may mean either, so
/// regression must be requested.
enum class Task { automatic, classification, regression };

inline constexpr NamedValues<Task, 3> kTaskNames{{{"auto", Task::automatic},
                                                  {"classification", Task::classification},
                                                  {"regression", Task::regression}}};

struct Samples {
  /// Consecutive samples of one file, so that errors can name the place of a sample.
  struct Part {
    std::string file = {};
    std::int64_t count = 0;
    std::int64_t first_line = 0;  // line number of its first sample; 0: the file has no lines
  };

  std::int64_t count = 0;
  std::vector<std::int64_t> shape;         // shape of one sample
  std::shared_ptr<float[]> features;       // (count, shape...)
  std::shared_ptr<std::int64_t[]> labels;  // (count), classification: the integers in the file
  std::shared_ptr<float[]> targets;        // (count), regression
  // Both null: samples without labels, which only ReadOptions::features allows.
  std::vector<Part> parts;
  std::string label = {};                 // the label column, for people; empty: no columns
  std::vector<std::string> notices = {};  // lines that the user should read

  /// The place of a sample for errors: "file:line", or "file: sample N", counted from 0, if the
  /// file has no lines.
  std::string place(std::int64_t sample) const;
};

/// Options for the formats.
struct ReadOptions {
  Task task = Task::automatic;
  std::string label = {};  // CSV: see csv.h
  /// The number of features that each sample must have. Labels are then optional: CSV files may
  /// have one column less, and IDX samples no file of labels. 0: any number of features, with
  /// labels.
  std::int64_t features = 0;
  int threads = 0;                                   // 0: one per usable core
  std::int64_t piece_bytes = std::int64_t{1} << 20;  // bytes of text that a thread parses at a time
};

}  // namespace dga
