// SPDX-License-Identifier: Apache-2.0

#include "dga/data/table_options.h"

#include "dga/base/error.h"

namespace dga {

std::string key_of(const TableOptions& table) {
  return str(table.label, '\n', name_in(kHeaderNames, table.header), '\n',
             name_in(kDecimalNames, table.decimal), '\n', table.drop, '\n', table.only, '\n',
             table.one_hot, '\n', name_in(kMissingNames, table.missing));
}

}  // namespace dga
