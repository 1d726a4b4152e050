// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/text.h"
#include "dga/data/formats/parquet.h"

namespace dga {

bool is_parquet(const ByteSource& file, std::string_view head) {
  const std::string_view magic = head.substr(0, 4);
  if (magic != "PAR1" && magic != "PARE") {  // PARE: encrypted
    return false;
  }
  char end[4] = {};
  if (file.size() >= 8) {
    file.read(file.size() - 4, end);
  }
  // A name of a CSV column may be PAR1; a Parquet file that is cut off is still no text.
  return std::string_view(end, 4) == magic || !is_csv(file, head);
}

}  // namespace dga
