// SPDX-License-Identifier: Apache-2.0
//
// TextBlocks: reads blocks of streamed samples from files of text, whose records have no fixed
// size. The first reading of a file leaves marks at some of its records, so that a block is read
// from the mark before it.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "dga/data/source.h"
#include "dga/data/stream/block_reader.h"

namespace dga {

/// Adds `mark` unless the last one is too near.
void add_mark(std::vector<TextMark>& marks, const TextMark& mark);

/// Parses records of a format. One thread at a time uses it, so it may keep memory.
class TextParser {
 public:
  TextParser() = default;
  TextParser(const TextParser&) = delete;
  TextParser& operator=(const TextParser&) = delete;
  virtual ~TextParser() = default;

  /// Skips `skip` samples of `text`, whole records of a file with a line end after the last one,
  /// and writes the features of the next `take`. Returns whether the text has them.
  virtual bool parse(std::size_t file, std::span<const char> text, std::int64_t skip,
                     std::int64_t take, float* values) = 0;
};

struct TextFiles {
  std::vector<SourcePtr> files = {};
  std::vector<std::int64_t> ends = {};  // by file: the end of its samples, bytes
  /// Ascending. The first sample of a file has one.
  std::vector<TextMark> marks = {};
  std::int64_t samples = 0;
  std::int64_t width = 0;        // features of a sample
  bool missing_allowed = false;  // NaN stands for a missing value
};

class TextBlocks final : public BlockReader {
 public:
  TextBlocks(TextFiles text, std::function<std::unique_ptr<TextParser>()> new_parser);

  void read(std::int64_t first, std::int64_t last, float* values) const override;
  int reads_at_a_time() const noexcept override { return text_.files.front()->reads_at_a_time(); }
  void check_not_finite(std::int64_t sample, std::span<const float> values) const override;
  std::span<const TextMark> marks() const override { return text_.marks; }

 private:
  /// What a thread needs to read blocks.
  struct Desk {
    std::unique_ptr<TextParser> parser;
    std::vector<char> buffer;
  };

  std::unique_ptr<Desk> take_desk() const;
  /// The mark from which `sample` is found.
  std::size_t mark_of(std::int64_t sample) const;

  TextFiles text_;
  std::function<std::unique_ptr<TextParser>()> new_parser_;
  mutable std::mutex mutex_;                          // guards `desks_`
  mutable std::vector<std::unique_ptr<Desk>> desks_;  // that no thread uses
};

}  // namespace dga
