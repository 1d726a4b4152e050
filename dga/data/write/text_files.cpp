// SPDX-License-Identifier: Apache-2.0

#include <charconv>
#include <cmath>
#include <string>

#include "dga/base/csv_field.h"
#include "dga/base/error.h"
#include "dga/data/write/set_files.h"

namespace dga {
namespace {

constexpr std::size_t kPieceOfText = std::size_t{1} << 20;

/// The shortest text that reads back as the same number of the set's type.
void append_value(std::string& text, double value, WrittenType type) {
  char digits[32];
  const auto end =
      type == WrittenType::f64
          ? std::to_chars(digits, digits + sizeof(digits), value).ptr
          : std::to_chars(digits, digits + sizeof(digits), static_cast<float>(value)).ptr;
  text.append(digits, end);
}

/// Writes text in large pieces.
class TextFile {
 public:
  explicit TextFile(AtomicFile& file) : file_(file) {}
  std::string& text() { return text_; }
  void end_line() {
    text_ += '\n';
    if (text_.size() >= kPieceOfText) {
      flush();
    }
  }
  void flush() {
    file_.append(text_);
    text_.clear();
  }

 private:
  AtomicFile& file_;
  std::string text_;
};

}  // namespace

void write_csv(const WrittenSet& set, const StorePath& path, UnfinishedFiles& files) {
  TextFile file(begin_file(path, files));
  for (const std::string& name : set.names) {
    file.text() += csv_field(name) + ',';
  }
  file.text() += csv_field(set.label_name);
  file.end_line();
  std::vector<std::string> labels;
  for (const std::string& name : set.data->class_names()) {
    labels.push_back(csv_field(name));
  }
  const auto width = static_cast<std::size_t>(set.data->num_features());
  for_each_block(set, [&](const WrittenBlock& block) {
    const double* value = block.features.data();
    for (std::size_t i = 0; i < static_cast<std::size_t>(block.count); ++i) {
      for (std::size_t f = 0; f < width; ++f, ++value) {
        if (!std::isnan(*value)) {
          append_value(file.text(), *value, set.type);
        }
        file.text() += ',';
      }
      if (block.classes.empty()) {
        append_value(file.text(), block.targets[i], set.target_type);
      } else {
        file.text() += labels[static_cast<std::size_t>(block.classes[i])];
      }
      file.end_line();
    }
  });
  file.flush();
}

void write_libsvm(const WrittenSet& set, const StorePath& path, UnfinishedFiles& files) {
  if (set.data->num_classes() > 0 && set.labels.empty()) {
    throw DataError(str("[data] ", printable(path.text(), 4096),
                        ": expected labels that are integers, which LIBSVM needs, found ",
                        printable(set.data->class_names().front()), ". Use --to csv."));
  }
  TextFile file(begin_file(path, files));
  const auto width = static_cast<std::size_t>(set.data->num_features());
  for_each_block(set, [&](const WrittenBlock& block) {
    const double* value = block.features.data();
    for (std::size_t i = 0; i < static_cast<std::size_t>(block.count); ++i) {
      if (block.classes.empty()) {
        append_value(file.text(), block.targets[i], set.target_type);
      } else {
        file.text() += std::to_string(set.labels[static_cast<std::size_t>(block.classes[i])]);
      }
      for (std::size_t f = 0; f < width; ++f, ++value) {
        if (std::isnan(*value)) {
          throw DataError(str("[data] ", printable(path.text(), 4096),
                              ": expected no missing values, which LIBSVM cannot hold, found one. "
                              "Use --to csv."));
        }
        // The last one is written all the same, so that the number of features is kept.
        if (*value != 0 || f + 1 == width) {
          file.text() += ' ' + std::to_string(f + 1) + ':';
          append_value(file.text(), *value, set.type);
        }
      }
      file.end_line();
    }
  });
  file.flush();
}

}  // namespace dga
