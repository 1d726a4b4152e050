// SPDX-License-Identifier: Apache-2.0

#include "dga/data/class_names.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/data/classes.h"
#include "dga/data/file_roles.h"
#include "dga/storage/store_path.h"

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

/// The label and the name on a line of EMNIST's table.
std::pair<std::int64_t, std::string> character_on(const std::string& line, const std::string& file,
                                                  std::int64_t number) {
  const std::vector<std::int64_t> integers = integers_in(line);
  if (integers.size() < 2 || integers[1] <= ' ' || integers[1] > '~') {
    throw DataError(str(file, ":", number,
                        ": expected a label and the code of a printable ASCII character, found \"",
                        printable(line), "\". Correct the line, or rename the file if it is no ",
                        "table of characters."));
  }
  return {integers[0], std::string(1, static_cast<char>(integers[1]))};
}

/// The text of a line without blanks around it.
std::string name_on(const std::string& line, const std::string& file, std::int64_t number) {
  constexpr const char* kBlanksOfLine = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanksOfLine);
  std::string name = line.substr(first, line.find_last_not_of(kBlanksOfLine) + 1 - first);
  if (!is_utf8(name)) {
    throw DataError(str(file, ":", number, ": expected the name of a class in UTF-8, found \"",
                        printable(one_line(name)), "\". Save the file as UTF-8."));
  }
  return name;
}

}  // namespace

ClassNames read_class_names(const ByteSource& file) {
  if (file.size() > kLargestTable) {
    throw DataError(str(file.name(), ": expected a table of class names, found ", file.size(),
                        " bytes. Rename the file if it is another."));
  }
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read(0, text);
  ClassNames classes{.file = file.name(), .names = {}};
  std::set<std::string> different;
  std::istringstream lines(text);
  const bool table = is_character_table(file_name(file.name()));
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    auto [label, name] = table
                             ? character_on(line, file.name(), number)
                             : std::pair(std::ssize(different), name_on(line, file.name(), number));
    if (!different.insert(name).second || !classes.names.emplace(label, name).second) {
      throw DataError(str(file.name(), ":", number,
                          ": expected each label and each name once, found ", label, " or ",
                          printable(name), " again. Correct the line."));
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
