// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/text_blocks.h"

#include <algorithm>
#include <utility>

#include "dga/data/stream/changed_file.h"

namespace dga {
namespace {

// A record this far after the last mark gets one. Marks then take 24 bytes for each 16 KiB of text,
// and little more is read for a block than what it consists of.
constexpr std::int64_t kMarkBytes = std::int64_t{1} << 14;
// So much of a block is read at a time.
constexpr std::int64_t kReadBytes = std::int64_t{1} << 20;

}  // namespace

void add_mark(std::vector<TextMark>& marks, const TextMark& mark) {
  if (marks.empty() || marks.back().file != mark.file ||
      mark.offset - marks.back().offset >= kMarkBytes) {
    marks.push_back(mark);
  }
}

TextBlocks::TextBlocks(TextFiles text, std::function<std::unique_ptr<TextParser>()> new_parser)
    : text_(std::move(text)), new_parser_(std::move(new_parser)) {}

std::unique_ptr<TextBlocks::Desk> TextBlocks::take_desk() const {
  {
    const std::lock_guard lock(mutex_);
    if (!desks_.empty()) {
      auto desk = std::move(desks_.back());
      desks_.pop_back();
      return desk;
    }
  }
  return std::make_unique<Desk>(Desk{.parser = new_parser_(), .buffer = {}});
}

std::size_t TextBlocks::mark_of(std::int64_t sample) const {
  const auto next = std::upper_bound(
      text_.marks.begin(), text_.marks.end(), sample,
      [](std::int64_t wanted, const TextMark& mark) { return wanted < mark.sample; });
  return static_cast<std::size_t>(next - text_.marks.begin()) - 1;
}

void TextBlocks::read(std::int64_t first, std::int64_t last, float* values) const {
  auto desk = take_desk();
  const std::vector<TextMark>& marks = text_.marks;
  std::size_t mark = mark_of(first);
  while (first < last) {
    const TextMark& begin = marks[mark];
    std::size_t end = mark + 1;
    while (end < marks.size() && marks[end].file == begin.file && marks[end].sample < last &&
           marks[end].offset - begin.offset < kReadBytes) {
      ++end;
    }
    const bool at_mark = end < marks.size() && marks[end].file == begin.file;
    const std::int64_t end_offset = at_mark ? marks[end].offset : text_.ends[begin.file];
    const std::int64_t end_sample = end < marks.size() ? marks[end].sample : text_.samples;
    const std::int64_t take = std::min(last, end_sample) - first;
    if (take > 0) {
      const ByteSource& file = *text_.files[begin.file];
      std::vector<char>& buffer = desk->buffer;
      buffer.resize(static_cast<std::size_t>(end_offset - begin.offset));
      file.read(begin.offset, buffer);
      if (buffer.empty() || buffer.back() != '\n') {
        buffer.push_back('\n');
      }
      if (!desk->parser->parse(begin.file, buffer, first - begin.sample, take, values)) {
        refuse_changed_file(file.name());
      }
      first += take;
      values += take * text_.width;
    }
    mark = end;
  }
  const std::lock_guard lock(mutex_);
  desks_.push_back(std::move(desk));
}

void TextBlocks::check_not_finite(std::int64_t sample, std::span<const float> values) const {
  if (!text_.missing_allowed || !is_missing_at_most(values)) {
    refuse_changed_file(text_.files[text_.marks[mark_of(sample)].file]->name());
  }
}

}  // namespace dga
