// SPDX-License-Identifier: Apache-2.0
//
// Columns that are left out as an index: whether their integers are different, as those of an index
// are.

#pragma once

#include <cstdint>
#include <vector>

namespace dga {

struct TableReading;

/// Integers in the order in which they come, as runs of consecutive ones. An index that counts
/// takes one run, a shuffled one a run for each sample.
class IntegerRuns {
 public:
  void add(std::int64_t integer);
  void add(const IntegerRuns& other);
  /// Whether an integer occurs twice. Sorts the runs.
  bool repeat();

 private:
  struct Run {
    std::int64_t first;
    std::int64_t last;
  };
  std::vector<Run> runs_ = {};
};

/// Throws DataError for a file in which a column that is left out as an index has an integer twice,
/// and so is none.
void check_index(TableReading& reading);

}  // namespace dga
