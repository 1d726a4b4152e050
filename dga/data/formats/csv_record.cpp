// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_record.h"

#include <cstring>

namespace dga {

const char* CsvRecord::split(const char* p, const char* end) {
  fields_.clear();
  copied_.clear();
  unescaped_.clear();
  fault_ = Fault::none;
  while (true) {
    p = take_field(p, end);
    const bool more = p != end && *p == separator_;
    if (!more) {
      break;
    }
    ++p;
  }
  for (const Copied& copy : copied_) {
    fields_[copy.field].text = std::string_view(unescaped_).substr(copy.offset, copy.size);
  }
  return p == end ? end : p + 1;
}

const char* CsvRecord::end_of_plain(const char* p, const char* end) const noexcept {
  while (p != end && *p != separator_ && *p != '\n') {
    ++p;
  }
  return p;
}

const char* CsvRecord::take_field(const char* p, const char* end) {
  while (p != end && is_blank(*p)) {
    ++p;
  }
  if (p != end && *p == '"') {
    return take_quoted(p + 1, end);
  }
  const char* const stop = end_of_plain(p, end);
  const char* last = stop;
  if (last != p && last[-1] == '\r' && (stop == end || *stop == '\n')) {
    --last;
  }
  while (last != p && is_blank(last[-1])) {
    --last;
  }
  fields_.push_back({{p, static_cast<std::size_t>(last - p)}, false});
  return stop;
}

const char* CsvRecord::take_quoted(const char* p, const char* end) {
  const std::size_t offset = unescaped_.size();
  bool copied = false;
  const char* begin = p;
  while (true) {
    const char* quote =
        p == end ? nullptr
                 : static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(end - p)));
    if (quote == nullptr) {
      fault_ = Fault::open_quote;
      quote = end;
    } else if (quote + 1 != end && quote[1] == '"') {
      unescaped_.append(begin, quote + 1);
      copied = true;
      p = quote + 2;
      begin = p;
      continue;
    }
    if (copied) {
      unescaped_.append(begin, quote);
      copied_.push_back({fields_.size(), offset, unescaped_.size() - offset});
    }
    fields_.push_back({{begin, static_cast<std::size_t>(quote - begin)}, true});
    p = quote == end ? end : quote + 1;
    break;
  }
  while (p != end && (is_blank(*p) || *p == '\r')) {
    ++p;
  }
  if (p != end && *p != separator_ && *p != '\n') {
    fault_ = Fault::text_after_quote;
    p = end_of_plain(p, end);
  }
  return p;
}

std::size_t CsvRecordCounter::consume(std::string_view text) {
  at_end_ = false;
  std::size_t i = 0;
  while (i < text.size()) {
    if (state_ == State::quoted) {
      const std::size_t quote = text.find('"', i);
      const std::size_t stop = quote == std::string_view::npos ? text.size() : quote;
      for (std::size_t at = text.find('\n', i); at < stop; at = text.find('\n', at + 1)) {
        ++lines_;
      }
      i = stop;
      if (stop < text.size()) {
        state_ = State::closed;
        ++i;
      }
      continue;
    }
    const char c = text[i++];
    if (c == '\n') {
      ++lines_;
      state_ = State::start;
      at_end_ = true;
      return i;
    }
    const bool blank = c == ' ' || c == '\t';
    if (c == separator_) {
      state_ = State::start;
    } else if (c == '"' && state_ != State::plain) {
      state_ = State::quoted;  // opens a field, or is the second one of a doubled quote
    } else if (state_ == State::closed || !blank) {
      state_ = State::plain;
    }
  }
  return i;
}

}  // namespace dga
