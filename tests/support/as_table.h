// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "dga/data/table.h"

namespace dga::test {

/// A set of LoadedData that is in memory.
inline const Table& as_table(const Dataset& set) {
  return dynamic_cast<const Table&>(set);
}
inline const Table& as_table(const std::shared_ptr<const Dataset>& set) {
  return as_table(*set);
}

}  // namespace dga::test
