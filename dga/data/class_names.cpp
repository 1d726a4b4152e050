// SPDX-License-Identifier: Apache-2.0

#include "dga/data/class_names.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/classes.h"

namespace dga {
namespace {

constexpr std::int64_t kLargestTable = 65536;  // bytes; EMNIST's largest has 500

/// The integers of a line, or none if there is anything else in it.
std::vector<std::int64_t> integers_in(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::int64_t> integers;
  for (std::string word; words >> word;) {
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, integers.emplace_back());
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return {};
    }
  }
  return integers;
}

}  // namespace

ClassNames read_class_names(const ByteSource& file) {
  if (file.size() > kLargestTable) {
    throw DataError(str(file.name(), ": expected EMNIST's table of characters, found ", file.size(),
                        " bytes. Rename the file if it is another."));
  }
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read(0, text);
  ClassNames classes{.file = file.name(), .names = {}};
  std::set<std::string> different;
  std::istringstream lines(text);
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    const std::vector<std::int64_t> integers = integers_in(line);
    if (integers.size() < 2 || integers[1] <= ' ' || integers[1] > '~') {
      throw DataError(str(file.name(), ":", number,
                          ": expected a label and the code of a printable ASCII character, found "
                          "\"",
                          printable(line), "\". Correct the line, or rename the file if it is no ",
                          "table of characters."));
    }
    const std::string name(1, static_cast<char>(integers[1]));
    if (!different.insert(name).second || !classes.names.emplace(integers[0], name).second) {
      throw DataError(str(file.name(), ":", number,
                          ": expected each label and each character once, found ", integers[0],
                          " or ", name, " again. Correct the line."));
    }
  }
  return classes;
}

void name_labels(Samples& samples, const ClassNames& classes) {
  std::vector<std::string> texts;
  for (const std::int64_t label : distinct_labels(samples)) {
    const auto found = classes.names.find(label);
    if (found == classes.names.end()) {
      const auto* const first =
          std::find(samples.labels.get(), samples.labels.get() + samples.count, label);
      throw DataError(str(samples.place(first - samples.labels.get()),
                          ": expected a label with a name in ", classes.file, ", found ", label,
                          ". Take both files from the same place."));
    }
    texts.push_back(found->second);
  }
  std::sort(texts.begin(), texts.end());
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const std::string& name = classes.names.at(samples.labels[i]);
    samples.labels[i] = std::lower_bound(texts.begin(), texts.end(), name) - texts.begin();
  }
  samples.label_texts = std::move(texts);
}

}  // namespace dga
