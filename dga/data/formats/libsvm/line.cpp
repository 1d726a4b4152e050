// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/line.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "dga/base/error.h"
#include "dga/data/formats/libsvm/words.h"
#include "dga/data/formats/number.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

[[noreturn]] void refuse_word(std::string_view expected, std::string_view found,
                              std::string_view advice) {
  throw LibsvmFault{str("expected ", expected, ", found \"", printable(found), "\". ", advice)};
}

}  // namespace

std::optional<bool> LibsvmLine::has_label(std::string_view line) {
  line = without_comment(line);
  const std::string_view word = take_word(line);
  return word.empty() ? std::nullopt : std::optional(word.find(':') == std::string_view::npos);
}

bool LibsvmLine::parse(std::string_view line) {
  line = without_comment(line);
  std::string_view word = take_word(line);
  if (word.empty()) {
    return false;
  }
  const bool has_label = word.find(':') == std::string_view::npos;
  if (has_label != labelled_) {
    refuse_word(labelled_ ? "a label first" : "no label, as in the first line", word,
                "Give a label to all samples, or to none.");
  }
  long_numbers_.clear();
  if (has_label) {
    read_label(word);
    word = take_word(line);
  }
  indices_.clear();
  values_.clear();
  for (; !word.empty(); word = take_word(line)) {
    read_value(word);
  }
  return true;
}

void LibsvmLine::read_label(std::string_view word) {
  if (word.find(',') != std::string_view::npos) {
    refuse_word("one label", word, "dga trains on one label per sample; keep one of them.");
  }
  if (task_ == Task::regression) {
    if (parse_double(word, target_) != NumberError::none) {
      refuse_word("a finite number as target", word, "Correct the line.");
    }
    keep_long(-1, word);
  } else if (parse_integer(word, label_) != NumberError::none) {
    double real = 0;
    refuse_word("an integer label", word,
                parse_double(word, real) == NumberError::none
                    ? "To train on real-valued labels use --task regression."
                    : "Correct the line.");
  } else if (has_leading_zeros(word)) {
    refuse_word("an integer label without leading zeros", word, "Number the classes.");
  }
}

void LibsvmLine::read_value(std::string_view word) {
  if (word.starts_with("qid:")) {
    refuse_word("index:value", word, "dga does not rank; remove the query numbers.");
  }
  const std::size_t colon = std::min(word.find(':'), word.size());
  std::int64_t index = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + colon, index);
  double value = 0;
  if (colon == word.size() || parsed.ec != std::errc{} || parsed.ptr != word.data() + colon ||
      index < 0 || parse_double(word.substr(colon + 1), value) != NumberError::none) {
    refuse_word("index:value with a finite number", word, "Correct the line.");
  }
  if (!indices_.empty() && index <= indices_.back()) {
    refuse_word("indices that ascend", word, "Sort the values of the line, each index once.");
  }
  if (std::isinf(static_cast<float>(value))) {
    refuse_word("a number of at most 3.4e38 in size", word, "Scale the feature down.");
  }
  constexpr std::int64_t kMostIndex = std::int64_t{1} << 31;
  if (index > kMostIndex) {
    refuse_word("an index of at most 2147483648", word, "Number the features from 1.");
  }
  keep_long(std::ssize(values_), word.substr(colon + 1));
  indices_.push_back(index);
  values_.push_back(value);
}

void LibsvmLine::keep_long(std::ptrdiff_t at, std::string_view number) {
  if (MergedNumbers::may_merge(number)) {
    long_numbers_.emplace_back(at, number);
  }
}

void LibsvmLine::add_merged(std::map<std::int64_t, MergedNumbers>& numbers) const {
  for (const auto& [at, number] : long_numbers_) {
    const auto i = static_cast<std::size_t>(at);
    numbers[at < 0 ? -1 : indices_[i]].add(number, '.', at < 0 ? target_ : values_[i]);
  }
}

}  // namespace dga
