// SPDX-License-Identifier: Apache-2.0

#include "dga/base/error.h"
#include "dga/data/formats/parquet.h"

namespace dga {

Samples read_parquet(std::span<const SourcePtr> files, const ReadOptions& /*options*/) {
  throw DataError(str(files.front()->name(),
                      ": expected a build of dga that reads Parquet, found one without Arrow. Run "
                      "scripts/setup parquet and build dga again, or write the table as CSV."));
}

}  // namespace dga
