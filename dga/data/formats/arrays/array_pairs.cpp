// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/array_pairs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/file_roles.h"

namespace dga {
namespace {

enum class Role { samples, labels, unknown };

constexpr std::array<std::string_view, 9> kSampleWords{
    "x", "features", "feature", "data", "images", "image", "inputs", "input", "samples"};
constexpr std::array<std::string_view, 7> kLabelWords{"y",      "labels",  "label", "targets",
                                                      "target", "classes", "class"};
// Say nothing about a pair: endings of IDX and of NumPy.
constexpr std::array<std::string_view, 5> kNoise{"idx", "ubyte", "npy", "gz", "zst"};

template <std::size_t N>
bool contains_word(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The words of a name, in lower case.
std::vector<std::string> words_in(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) {
    words.pop_back();
  }
  return words;
}

struct Named {
  StoredArray array;
  Role role = Role::unknown;
  std::string key = {};  // the words that do not tell the role; digits of a word of a role stay
};

Named named(StoredArray array) {
  Named result{.array = std::move(array)};
  bool other = false;  // such as "names" in label_names: not the labels themselves
  for (const std::string& whole : words_in(result.array.title)) {
    const std::size_t letters = whole.find_last_not_of("0123456789") + 1;
    const std::string word = whole.substr(0, letters);
    const Role role = contains_word(kSampleWords, word)  ? Role::samples
                      : contains_word(kLabelWords, word) ? Role::labels
                                                         : Role::unknown;
    other = other || word == "name" || word == "names";
    if (role != Role::unknown && (result.role == Role::unknown || result.role == role)) {
      result.role = role;
      result.key += letters < whole.size() ? " " + whole.substr(letters) : "";
    } else if (role != Role::unknown) {
      other = true;  // words of both
    } else if (!contains_word(kNoise, word)) {
      result.key += " " + whole;
    }
  }
  if (other) {
    result.role = Role::unknown;
  }
  return result;
}

/// Gives roles to arrays whose names tell none, by their dimensions. If names tell both roles,
/// other arrays are something else.
void judge_by_dimensions(std::vector<Named>& arrays) {
  const auto has = [&](Role role) {
    return std::any_of(arrays.begin(), arrays.end(),
                       [&](const Named& each) { return each.role == role; });
  };
  if (has(Role::samples) && has(Role::labels)) {
    return;
  }
  for (Named& each : arrays) {
    if (each.role == Role::unknown) {
      each.role = each.array.dims.size() == 1 ? Role::labels : Role::samples;
      each.key.clear();
    }
  }
}

/// The one array of each key. Throws DataError for two.
std::map<std::string, const Named*> by_key(const std::vector<Named>& arrays, Role role,
                                           std::string_view kind) {
  std::map<std::string, const Named*> result;
  for (const Named& each : arrays) {
    if (each.role != role) {
      continue;
    }
    const auto [found, added] = result.emplace(each.key, &each);
    if (!added) {
      throw DataError(str(each.array.place, ": expected ", kind, " of samples and one of ",
                          "labels, found a second of ", role == Role::labels ? "labels" : "samples",
                          " beside ", found->second->array.place,
                          ". Keep one of them, or name the pairs, such as x_1 and y_1."));
    }
  }
  return result;
}

void pair_group(std::vector<StoredArray> arrays, std::string_view kind, const ReadOptions& options,
                ArrayPairs& pairs) {
  std::vector<Named> all;
  all.reserve(arrays.size());
  for (StoredArray& array : arrays) {
    all.push_back(named(std::move(array)));
  }
  judge_by_dimensions(all);
  const auto samples = by_key(all, Role::samples, kind);
  const auto labels = by_key(all, Role::labels, kind);
  const std::string& place = all.front().array.place;
  if (samples.empty() || (labels.empty() && !options.optional_labels)) {
    throw DataError(str(place, ": expected ", kind, " of ",
                        samples.empty() ? "samples (2 dimensions or more)" : "labels (1 dimension)",
                        " beside it, found none. Put both into one folder and give the folder."));
  }
  std::set<const Named*> used;
  const bool single = samples.size() == 1 && labels.size() == 1;
  for (const auto& [key, each] : samples) {
    const auto partner = single ? labels.begin() : labels.find(key);
    LabelledArrays part{.features = each->array};
    if (partner != labels.end()) {
      part.labels = partner->second->array;
      used.insert(partner->second);
    } else if (!labels.empty()) {
      throw DataError(str(each->array.place, ": expected ", kind,
                          " of labels whose name differs only in the word for labels, found none. "
                          "Name the pairs, such as x_1 and y_1."));
    }
    pairs.parts.push_back(std::move(part));
  }
  for (const auto& [key, each] : labels) {
    if (!used.contains(each)) {
      throw DataError(str(each->array.place, ": expected ", kind,
                          " of samples whose name differs only in the word for samples, found "
                          "none. Name the pairs, such as x_1 and y_1."));
    }
  }
  for (const Named& each : all) {
    if (each.role == Role::unknown) {
      pairs.notices.push_back(str(each.array.place, ": not used, because its name says neither ",
                                  "samples (x) nor labels (y)."));
    }
  }
}

}  // namespace

ArrayPairs pair_arrays(std::vector<std::vector<StoredArray>> groups, std::string_view kind,
                       const ReadOptions& options) {
  ArrayPairs pairs;
  for (std::vector<StoredArray>& group : groups) {
    pair_group(std::move(group), kind, options, pairs);
  }
  return pairs;
}

bool has_set(const std::vector<std::string>& titles, FileUse set) {
  return std::any_of(titles.begin(), titles.end(),
                     [&](const std::string& title) { return use_of(title) == set; });
}

std::vector<std::string> titles_of_set(const std::vector<std::string>& titles,
                                       const std::string& file, const ReadOptions& options) {
  std::set<FileUse> sets;
  for (const std::string& title : titles) {
    sets.insert(use_of(title));
  }
  if (!options.set || sets.size() < 2) {
    return titles;
  }
  if (!sets.contains(*options.set)) {
    throw DataError(str(file, ": expected arrays of one set, or some that are named as ",
                        options.set == FileUse::test         ? "a test"
                        : options.set == FileUse::validation ? "a validation"
                                                             : "a training",
                        " set, found those of other sets. Give a file with this set."));
  }
  std::vector<std::string> chosen;
  std::copy_if(titles.begin(), titles.end(), std::back_inserter(chosen),
               [&](const std::string& title) { return use_of(title) == *options.set; });
  return chosen;
}

}  // namespace dga
