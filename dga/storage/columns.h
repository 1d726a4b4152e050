// SPDX-License-Identifier: Apache-2.0
//
// Columns: what the columns of a table are used for. A model card keeps those of the training set,
// so that later files can be matched with them by name.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dga/base/named_values.h"

namespace dga {

enum class ColumnUse {
  feature,   ///< a number: one input of the model
  category,  ///< one-hot: one input for each category, 1 for that of the sample and 0 otherwise
  label,
  dropped,
};

inline constexpr NamedValues<ColumnUse, 4> kColumnUseNames{{{"feature", ColumnUse::feature},
                                                            {"category", ColumnUse::category},
                                                            {"label", ColumnUse::label},
                                                            {"dropped", ColumnUse::dropped}}};

/// A column with more different texts is rather an identifier than a category.
inline constexpr std::size_t kMostCategories = 10'000;

/// What happens to a sample with a missing value: an empty field, NA, nan, ? and the like.
enum class Missing {
  error,  ///< the file is refused
  mean,   ///< the value is replaced by the mean of its column over the training samples
  drop,   ///< the sample is left out
};

inline constexpr NamedValues<Missing, 3> kMissingNames{
    {{"error", Missing::error}, {"mean", Missing::mean}, {"drop", Missing::drop}}};

struct Column {
  std::string name = {};  // "" if the file has no header
  ColumnUse use = ColumnUse::feature;
  std::vector<std::string> categories = {};  // ascending; empty before they are known

  bool operator==(const Column&) const = default;
};

struct Columns {
  std::vector<Column> all = {};  // in the order of the first training file; empty: not a table
  Missing missing = Missing::error;
  bool text_labels = false;  // whether the labels are texts: the class names

  /// Whether the columns have names: all of them or none.
  bool named() const noexcept { return !all.empty() && !all.front().name.empty(); }
  /// The position of the label column, or -1.
  std::int64_t label() const noexcept {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].use == ColumnUse::label) {
        return static_cast<std::int64_t>(i);
      }
    }
    return -1;
  }

  bool operator==(const Columns&) const = default;
};

/// The number of features that a sample has when its categories are encoded.
inline std::int64_t num_inputs(const Columns& columns) noexcept {
  std::int64_t count = 0;
  for (const Column& column : columns.all) {
    if (column.use == ColumnUse::feature) {
      ++count;
    } else if (column.use == ColumnUse::category) {
      count += static_cast<std::int64_t>(column.categories.size());
    }
  }
  return count;
}

}  // namespace dga
