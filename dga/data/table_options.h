// SPDX-License-Identifier: Apache-2.0
//
// TableOptions: how tables (CSV) are read: a group of options of its own, which RunOptions holds.

#pragma once

#include <string>

#include "dga/base/named_values.h"
#include "dga/storage/columns.h"

namespace dga {

/// Whether the first line of a CSV file is a header; `automatic`: see docs/data.md.
enum class HeaderRow { automatic, yes, no };

inline constexpr NamedValues<HeaderRow, 3> kHeaderNames{
    {{"auto", HeaderRow::automatic}, {"yes", HeaderRow::yes}, {"no", HeaderRow::no}}};

/// The decimal mark of the numbers of a CSV file.
enum class Decimal { point, comma };

inline constexpr NamedValues<Decimal, 2> kDecimalNames{
    {{".", Decimal::point}, {",", Decimal::comma}}};

/// docs/data.md has the rules. `names` are those of columns, separated
/// by commas, with quotes as in CSV; a column's number, counted from 0, or from the end if
/// negative, does as well.
struct TableOptions {
  std::string label = {};  // empty: see docs/data.md
  HeaderRow header = HeaderRow::automatic;
  Decimal decimal = Decimal::point;
  std::string drop = {};     // names: not used
  std::string only = {};     // names: the only features
  std::string one_hot = {};  // names: categories
  Missing missing = Missing::error;

  bool operator==(const TableOptions&) const = default;
};

/// All options, for keys of what was read with them.
std::string key_of(const TableOptions& table);

}  // namespace dga
