// SPDX-License-Identifier: Apache-2.0
//
// LibsvmPieces: parses LIBSVM files in pieces of whole lines, on several threads.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dga/data/merged_numbers.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// The samples of some lines that follow each other, in rows of index and value (CSR).
struct LibsvmPiece {
  std::int64_t lines = 0;                       // also those that hold no sample
  std::vector<std::int64_t> lines_before = {};  // by sample: lines of the piece
  std::vector<std::int64_t> offsets = {};       // by sample: bytes from the begin of the file
  std::vector<std::int64_t> labels = {};        // of a classification
  std::vector<double> targets = {};             // of a regression
  std::vector<std::size_t> rows = {0};          // where each sample begins, and the end
  std::vector<std::int64_t> indices = {};       // ascending within a sample
  std::vector<double> values = {};
  std::map<std::int64_t, MergedNumbers> merged = {};  // as LibsvmLine::add_merged adds them
  std::string fault = {};  // of the line after the last one; empty: there is none

  std::int64_t samples() const noexcept { return std::ssize(lines_before); }
};

class LibsvmPieces {
 public:
  /// Reads with the task, threads, piece_bytes and optional_labels of `options`.
  explicit LibsvmPieces(const ReadOptions& options);

  /// What a thread does beside, with a piece that it has parsed.
  using OnThread = std::function<void(const LibsvmPiece& piece, int thread)>;
  /// Gets the pieces of a file in order. `line`: the number of the first one in the file, from 1.
  using InOrder = std::function<void(const LibsvmPiece& piece, std::int64_t line)>;

  /// Reads a file once, from its beginning to its end. Throws DataError for the first line that
  /// cannot be read, after the pieces before it: neither pieces nor threads show in what is found.
  void read(const ByteSource& file, const OnThread& on_thread, const InOrder& in_order);

  int threads() const noexcept { return threads_; }
  /// Whether the samples have labels: as the first one, unless labels are not optional.
  bool labelled() const noexcept { return labelled_.value_or(true); }

 private:
  LibsvmPiece parse(std::string_view text, std::int64_t offset) const;
  void find_labels(std::string_view text);

  Task task_;
  int threads_;
  std::size_t piece_bytes_;
  std::optional<bool> labelled_;  // nothing until the first sample is found
};

}  // namespace dga
