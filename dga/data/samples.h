// SPDX-License-Identifier: Apache-2.0
//
// Samples: what a format reads from files, before labels become classes.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/named_values.h"

namespace dga {

/// What the labels mean. automatic: classification; regression is done only when asked for, because
/// integers as labels do not tell the two apart.
enum class Task { automatic, classification, regression };

inline constexpr NamedValues<Task, 3> kTaskNames{{{"auto", Task::automatic},
                                                  {"classification", Task::classification},
                                                  {"regression", Task::regression}}};

struct Samples {
  /// Samples that lie one after another in one file; where errors say a sample comes from.
  struct Part {
    std::string file = {};
    std::int64_t count = 0;
    std::int64_t first_line = 0;  // line of its first sample; 0: the file has no lines
  };

  std::int64_t count = 0;
  std::vector<std::int64_t> shape;         // of one sample
  std::shared_ptr<float[]> features;       // (count, shape...)
  std::shared_ptr<std::int64_t[]> labels;  // (count), classification: as they are in the file
  std::shared_ptr<float[]> targets;        // (count), regression
  // Neither: the samples came without labels, which only ReadOptions::features allows.
  std::vector<Part> parts;

  /// "file:line" of a sample, or "file: sample number" (from 0) in a file without lines.
  std::string place(std::int64_t sample) const;
};

/// The choices of a caller that formats need.
struct ReadOptions {
  Task task = Task::automatic;
  std::string label = {};  // CSV: see csv.h
  /// How many features a sample must have; its label may then be missing: CSV with one column less,
  /// IDX without a file of labels. 0: any number, and a label.
  std::int64_t features = 0;
  int threads = 0;                                   // 0: one a core
  std::int64_t piece_bytes = std::int64_t{1} << 20;  // of text a thread parses at a time
};

}  // namespace dga
