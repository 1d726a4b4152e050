// SPDX-License-Identifier: Apache-2.0
//
// TableLayout: where the samples of a file are, and what each of its columns is used for.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/table/head.h"
#include "dga/storage/columns.h"

namespace dga {

struct TableLayout {
  enum class Slot : std::uint8_t {
    skip,
    number,    ///< a feature
    wide,      ///< a feature that is read as f64
    category,  ///< a feature that is a text
    label,
    index,  ///< not used, but must have different integers
  };
  struct Use {
    Slot slot = Slot::skip;
    /// number, category: in the row of features; wide, index: among those of its kind.
    std::int64_t position = 0;
  };

  TableHead head = {};
  char decimal = '.';
  Missing missing = Missing::error;
  bool text_labels = false;
  bool regression = false;
  bool optional_labels = false;  // see ReadOptions
  std::vector<Use> uses = {};    // by column
  std::int64_t label = -1;       // column of the label; -1: none
  bool quoted = false;           // there are quotes in the file, and perhaps line ends within them
};

}  // namespace dga
