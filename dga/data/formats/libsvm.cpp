// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/available_memory.h"
#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/data/centring.h"
#include "dga/data/formats/number.h"

namespace dga {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

/// Takes the next word of `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::string_view without_comment(std::string_view line) {
  return line.substr(0, line.find('#'));
}

/// Whether `word` is "digits:number".
bool is_index_and_value(std::string_view word) {
  const std::size_t colon = word.find(':');
  double value = 0;
  return colon != std::string_view::npos && colon > 0 &&
         word.find_first_not_of("0123456789") == colon &&
         parse_double(word.substr(colon + 1), value) == NumberError::none;
}

/// The samples of all files in rows of index and value (CSR).
class SparseRows {
 public:
  explicit SparseRows(const ReadOptions& options) : options_(options) {}

  void read(const ByteSource& file) {
    file_ = &file;
    line_ = 0;
    std::string partial;
    files_.push_back({.file = file.name()});
    file.stream(0, file.size(), [&](std::span<const char> bytes) {
      std::string_view text(bytes.data(), bytes.size());
      for (std::size_t end = text.find('\n'); end != std::string_view::npos;
           end = text.find('\n')) {
        if (partial.empty()) {
          add_line(text.substr(0, end));
        } else {
          partial.append(text.substr(0, end));
          add_line(partial);
          partial.clear();
        }
        text.remove_prefix(end + 1);
      }
      partial.append(text);
    });
    if (!partial.empty()) {
      add_line(partial);
    }
  }

  Samples samples();

 private:
  [[noreturn]] void refuse(std::string_view expected, std::string_view found,
                           std::string_view advice) const {
    throw DataError(str(file_->name(), ":", line_, ": expected ", expected, ", found \"",
                        printable(found), "\". ", advice));
  }

  void add_line(std::string_view line) {
    ++line_;
    line = without_comment(line);
    std::string_view word = take_word(line);
    if (word.empty()) {
      return;
    }
    const bool has_label = word.find(':') == std::string_view::npos;
    if (rows_.size() == 1) {
      labelled_ = has_label || !options_.optional_labels;
    }
    if (has_label != labelled_) {
      refuse(labelled_ ? "a label first" : "no label, as in the first line", word,
             "Give a label to all samples, or to none.");
    }
    if (has_label) {
      add_label(word);
      word = take_word(line);
    }
    for (std::int64_t before = -1; !word.empty(); word = take_word(line)) {
      before = add_value(word, before);
    }
    rows_.push_back(std::ssize(indices_));
    Samples::Part& part = files_.back();
    part.first_line = part.count++ == 0 ? line_ : part.first_line;
    part.lines.push_back(line_);
  }

  void add_label(std::string_view word) {
    double label = 0;
    if (word.find(',') != std::string_view::npos) {
      refuse("one label", word, "dga trains on one label per sample; keep one of them.");
    }
    std::int64_t integer = 0;
    if (options_.task == Task::regression) {
      if (parse_double(word, label) != NumberError::none) {
        refuse("a finite number as target", word, "Correct the line.");
      }
    } else if (parse_integer(word, integer) != NumberError::none) {
      refuse("an integer label", word,
             parse_double(word, label) == NumberError::none
                 ? "To train on real-valued labels use --task regression."
                 : "Correct the line.");
    }
    targets_.push_back(label);
    labels_.push_back(integer);
  }

  /// Returns the index, which must be above `before`.
  std::int64_t add_value(std::string_view word, std::int64_t before) {
    if (word.starts_with("qid:")) {
      refuse("index:value", word, "dga does not rank; remove the query numbers.");
    }
    const std::size_t colon = std::min(word.find(':'), word.size());
    std::int64_t index = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + colon, index);
    double value = 0;
    if (colon == word.size() || parsed.ec != std::errc{} || parsed.ptr != word.data() + colon ||
        index < 0 || parse_double(word.substr(colon + 1), value) != NumberError::none) {
      refuse("index:value with a finite number", word, "Correct the line.");
    }
    if (index <= before) {
      refuse("indices that ascend", word, "Sort the values of the line, each index once.");
    }
    if (std::isinf(static_cast<float>(value))) {
      refuse("a number of at most 3.4e38 in size", word, "Scale the feature down.");
    }
    constexpr std::int64_t kMostIndex = std::int64_t{1} << 31;
    if (index > kMostIndex) {
      refuse("an index of at most 2147483648", word, "Number the features from 1.");
    }
    least_ = std::min(least_, index);
    most_ = std::max(most_, index);
    indices_.push_back(index);
    values_.push_back(value);
    return index;
  }

  void choose_features(Samples& samples);
  void check_range() const;
  void check_memory() const;
  std::vector<std::vector<double>> columns(const std::vector<std::int64_t>& wanted, bool target,
                                           std::int64_t rows) const;

  const ReadOptions& options_;
  const ByteSource* file_ = nullptr;
  std::int64_t line_ = 0;
  std::vector<Samples::Part> files_;
  std::vector<std::int64_t> rows_{0};  // where each sample begins
  std::vector<std::int64_t> indices_;
  std::vector<double> values_;
  bool labelled_ = true;
  std::vector<std::int64_t> labels_;
  std::vector<double> targets_;
  std::int64_t least_ = INT64_MAX;  // of all indices
  std::int64_t most_ = -1;
  std::int64_t first_ = 1;  // index of feature 0
  std::int64_t width_ = 0;
};

/// Sets the first index and the number of features: those of the training, if there was one.
void SparseRows::choose_features(Samples& samples) {
  if (options_.columns != nullptr) {
    const std::vector<Column>& all = options_.columns->all;
    first_ = !all.empty() && all.front().name == "0" ? 0 : 1;
    width_ = num_inputs(*options_.columns);
    samples.columns = *options_.columns;
    check_memory();
    return;
  }
  first_ = least_ == 0 ? 0 : 1;
  width_ = most_ - first_ + 1;
  check_memory();
  for (std::int64_t f = 0; f < width_; ++f) {
    samples.columns.all.push_back({.name = std::to_string(first_ + f)});
  }
  samples.columns.all.push_back({.name = "label", .use = ColumnUse::label});
  samples.columns.missing = options_.table.missing;
}

/// Names the first line with an index outside of the features.
void SparseRows::check_range() const {
  if (most_ < first_ + width_ && least_ >= first_) {
    return;
  }
  std::int64_t row = 0;
  for (const Samples::Part& part : files_) {
    for (const std::int64_t line : part.lines) {
      for (std::int64_t i = rows_[static_cast<std::size_t>(row)];
           i < rows_[static_cast<std::size_t>(row + 1)]; ++i) {
        const std::int64_t index = indices_[static_cast<std::size_t>(i)];
        if (index < first_ || index >= first_ + width_) {
          throw DataError(str(part.file, ":", line, ": expected indices from ", first_, " to ",
                              first_ + width_ - 1, " as in the training data, found ", index,
                              ". Remove the feature, or train with it."));
        }
      }
      ++row;
    }
  }
}

void SparseRows::check_memory() const {
  constexpr double kColumnBytes = sizeof(Column);  // a feature has a name
  const double bytes =
      static_cast<double>(width_) * (static_cast<double>(rows_.size() - 1) * 4 + kColumnBytes);
  const auto free = static_cast<double>(available_memory().machine);
  if (bytes > free) {
    throw DataError(str(files_.front().file, ": expected samples that fit into memory, found ",
                        rows_.size() - 1, " of ", width_, " features, which need ",
                        memory_text(bytes), " with their zeros, where ", memory_text(free),
                        " are free. Keep fewer features, for example by hashing them."));
  }
}

std::vector<std::vector<double>> SparseRows::columns(const std::vector<std::int64_t>& wanted,
                                                     bool target, std::int64_t rows) const {
  std::vector<std::vector<double>> result(wanted.size() + (target ? 1 : 0));
  for (auto& column : result) {
    column.resize(static_cast<std::size_t>(rows));
  }
  std::vector<std::int64_t> place_of(static_cast<std::size_t>(width_), -1);
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    place_of[static_cast<std::size_t>(wanted[c])] = static_cast<std::int64_t>(c);
  }
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    for (auto i = static_cast<std::size_t>(rows_[row]);
         i < static_cast<std::size_t>(rows_[row + 1]); ++i) {
      const std::int64_t place = place_of[static_cast<std::size_t>(indices_[i] - first_)];
      if (place >= 0) {
        result[static_cast<std::size_t>(place)][row] = values_[i];
      }
    }
    if (target) {
      result.back()[row] = targets_[row];
    }
  }
  return result;
}

Samples SparseRows::samples() {
  Samples samples;
  samples.count = std::ssize(rows_) - 1;
  if (samples.count == 0 || (most_ < 0 && options_.columns == nullptr)) {
    throw DataError(str(files_.front().file, ": expected samples with index:value pairs, found ",
                        "none. Give a file that has some."));
  }
  choose_features(samples);
  check_range();
  samples.shape = {width_};
  samples.label = "the first value of each line";
  samples.features = allocate_aligned<float>(samples.count * width_);
  FeatureRanges ranges(static_cast<std::size_t>(width_));
  for (std::int64_t row = 0; row < samples.count; ++row) {
    float* const out = samples.features.get() + row * width_;
    std::fill_n(out, width_, 0.0F);
    for (auto i = static_cast<std::size_t>(rows_[static_cast<std::size_t>(row)]);
         i < static_cast<std::size_t>(rows_[static_cast<std::size_t>(row) + 1]); ++i) {
      out[indices_[i] - first_] = static_cast<float>(values_[i]);
    }
    ranges.add(out);
  }
  const bool labelled = labelled_ && options_.table.drop != "label";
  if (labelled && options_.task == Task::regression) {
    samples.targets = allocate_aligned<float>(samples.count);
    std::transform(targets_.begin(), targets_.end(), samples.targets.get(),
                   [](double target) { return static_cast<float>(target); });
  } else if (labelled) {
    samples.labels = allocate_aligned<std::int64_t>(samples.count);
    std::copy(labels_.begin(), labels_.end(), samples.labels.get());
  }
  samples.parts = std::move(files_);
  std::erase_if(samples.parts, [](const Samples::Part& part) { return part.count == 0; });
  const WideValues values{
      .read = [this](const std::vector<std::int64_t>& wanted, bool target,
                     std::int64_t rows) { return columns(wanted, target, rows); },
      .name = [this](std::int64_t feature) { return str("feature ", first_ + feature); }};
  if (options_.origins != nullptr) {
    centre(samples, *options_.origins, values);
  } else {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(width_));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    centre(samples, numbers, ranges, values);
  }
  return samples;
}

}  // namespace

bool is_libsvm(const ByteSource&, std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = without_comment(head.substr(0, end));
    head.remove_prefix(std::min(end + 1, head.size()));
    const std::string_view label = take_word(line);
    const std::string_view first = take_word(line);
    if (first.empty() && !is_index_and_value(label)) {
      continue;  // no value that is not zero, or no sample
    }
    return is_index_and_value(label) ||
           (label.find_first_not_of("+-.,0123456789eE") == std::string_view::npos &&
            (is_index_and_value(first) || first.starts_with("qid:")));
  }
  return false;
}

Samples read_libsvm(std::span<const SourcePtr> files, const ReadOptions& options) {
  SparseRows rows(options);
  for (const SourcePtr& file : files) {
    rows.read(*file);
  }
  return rows.samples();
}

}  // namespace dga
