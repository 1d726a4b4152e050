// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/index.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/formats/table/explain_cell.h"
#include "dga/data/formats/table/reading.h"

namespace dga {

void IntegerRuns::add(std::int64_t integer) {
  if (!runs_.empty() && runs_.back().last != std::numeric_limits<std::int64_t>::max() &&
      runs_.back().last + 1 == integer) {
    runs_.back().last = integer;
  } else {
    runs_.push_back({integer, integer});
  }
}

void IntegerRuns::add(const IntegerRuns& other) {
  runs_.insert(runs_.end(), other.runs_.begin(), other.runs_.end());
}

bool IntegerRuns::repeat() {
  std::sort(runs_.begin(), runs_.end(), [](Run a, Run b) { return a.first < b.first; });
  return std::adjacent_find(runs_.begin(), runs_.end(),
                            [](Run a, Run b) { return b.first <= a.last; }) != runs_.end();
}

namespace {

/// Throws for the first sample of a file with an integer that one before it has.
[[noreturn]] void refuse_repeated(TableReading& reading, std::size_t file, std::size_t which) {
  const TableLayout& layout = reading.layouts[file];
  const auto use =
      std::find_if(layout.uses.begin(), layout.uses.end(), [&](const TableLayout::Use& each) {
        return each.slot == TableLayout::Slot::index &&
               each.position == static_cast<std::int64_t>(which);
      });
  const std::int64_t column = use - layout.uses.begin();
  const std::string& name = reading.files[file]->name();
  std::map<std::int64_t, std::int64_t> lines;  // of each integer
  reading.parser.index(reading, file, [&](std::int64_t line, const std::int64_t* index) {
    const auto [before, is_new] = lines.emplace(index[which], line);
    if (!is_new) {
      throw DataError(str(layout.head.place(name, line), ": expected another integer in ",
                          layout.head.describe(column), ", which is left out as an index, found ",
                          index[which], " as in line ", before->second, ". ",
                          remedy_of_index(layout.head, column)));
    }
  });
  throw DataError(str(name, ": expected different integers in ", layout.head.describe(column),
                      ", which is left out as an index, found some twice. ",
                      remedy_of_index(layout.head, column)));
}

}  // namespace

void check_index(TableReading& reading) {
  for (std::size_t file = 0; file < reading.files.size(); ++file) {
    for (std::size_t which = 0; which < reading.index_columns.size(); ++which) {
      IntegerRuns runs;
      for (std::size_t i = 0; i < reading.pieces.size(); ++i) {
        if (reading.pieces[i].file == file && !reading.results[i].index.empty()) {
          runs.add(std::exchange(reading.results[i].index[which], {}));
        }
      }
      if (runs.repeat()) {
        refuse_repeated(reading, file, which);
      }
    }
  }
}

}  // namespace dga
