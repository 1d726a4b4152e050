// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/world_rank.h"

#include <regex>
#include <set>
#include <string>

namespace dga {
namespace {

/// All numbers in what the first group of `pattern` finds in `text`.
std::set<int> ranks_in(const std::string& text, const char* pattern) {
  std::set<int> ranks;
  std::smatch found;
  if (std::regex_search(text, found, std::regex(pattern))) {
    const std::string list = found[1];
    const std::regex number("[0-9]{1,9}");
    for (std::sregex_iterator it(list.begin(), list.end(), number), end; it != end; ++it) {
      ranks.insert(std::stoi(it->str()));
    }
  }
  return ranks;
}

}  // namespace

int speaker_for(std::string_view error) {
  const std::string text(error.substr(0, 4096));  // longer ones list no workers at their end
  std::set<int> silent = ranks_in(text, "worker ([0-9]+) \\(process [0-9]+\\) ended");
  silent.merge(ranks_in(text, " waited [^ ]+ s for workers? ([0-9]+(, [0-9]+)*)"));
  int rank = 0;
  while (silent.count(rank) > 0) {
    ++rank;
  }
  return rank;
}

}  // namespace dga
