// SPDX-License-Identifier: Apache-2.0

#include "dga/data/file_roles.h"

#include <algorithm>
#include <array>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

bool is_document(const std::string& name) {
  constexpr std::array<std::string_view, 6> kDocuments = {"readme", "license",  "copying",
                                                          "notice", "citation", "changelog"};
  const std::string small = lower_case(name);
  const std::string stem = small.substr(0, small.find('.'));
  return small.ends_with(".md") ||
         std::find(kDocuments.begin(), kDocuments.end(), stem) != kDocuments.end();
}

/// Whether `name` contains `word` between characters that are neither letters nor digits. Digits
/// may follow the word, as in "test2".
bool has_word(const std::string& name, std::string_view word) {
  const auto is_part = [&](std::size_t i) {
    return i < name.size() && std::isalnum(static_cast<unsigned char>(name[i])) != 0;
  };
  for (std::size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
    std::size_t end = at + word.size();
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) {
      ++end;
    }
    if ((at == 0 || !is_part(at - 1)) && !is_part(end)) {
      return true;
    }
  }
  return false;
}

struct UseWords {
  FileUse use;
  std::string_view name;
  std::array<std::string_view, 5> words;  // the last ones may be empty
};

constexpr std::array<UseWords, 3> kUseWords{
    {{FileUse::train, "training", {"train", "training"}},
     {FileUse::validation, "validation", {"val", "valid", "validation", "dev", "eval"}},
     {FileUse::test, "test", {"test", "testing", "t10k"}}}};

}  // namespace

Exclusion exclusion_of(const std::string& name) {
  constexpr std::array<std::string_view, 3> kBackups{".bak", ".orig", ".swp"};
  const std::string small = lower_case(name);
  if (name.starts_with('.')) {
    return {"hidden"};
  }
  if (name.starts_with('_')) {
    return {"a marker, by its leading underscore"};
  }
  if (is_document(name)) {
    return {"documentation"};
  }
  if (name == kManifestFile) {
    return {"the manifest of the folder"};
  }
  if (small == "coarse_label_names.txt") {
    return {"names of CIFAR-100's coarse labels"};
  }
  if (small == "thumbs.db" || small == "desktop.ini") {
    return {"a file of the desktop"};
  }
  if (name.ends_with('~') || (name.starts_with('#') && name.ends_with('#')) ||
      std::any_of(kBackups.begin(), kBackups.end(),
                  [&](std::string_view ending) { return small.ends_with(ending); })) {
    return {"an editor's backup", true};
  }
  return {};
}

bool is_character_table(const std::string& name) {
  const std::string small = lower_case(name);
  return small.starts_with("emnist-") && small.ends_with("-mapping.txt");
}

bool names_classes(const std::string& name) {
  const std::string small = lower_case(name);
  return is_character_table(name) || small == "batches.meta.txt" || small == "fine_label_names.txt";
}

std::optional<FileUse> named_use(const std::string& path) {
  const std::string name = lower_case(file_name(path));
  const UseWords* found = nullptr;
  for (const UseWords& use : kUseWords) {
    const bool named = std::any_of(use.words.begin(), use.words.end(), [&](std::string_view word) {
      return !word.empty() && has_word(name, word);
    });
    if (named && found != nullptr) {
      throw DataError(str(printable(path, 4096),
                          ": expected a name that says what the file is for, found the words of ",
                          found->name, " and ", use.name, " files. Rename the file."));
    }
    found = named ? &use : found;
  }
  return found == nullptr ? std::nullopt : std::optional(found->use);
}

FileUse use_of(const std::string& path) {
  return named_use(path).value_or(FileUse::train);
}

}  // namespace dga
