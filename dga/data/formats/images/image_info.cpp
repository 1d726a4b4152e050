// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/image_info.h"

#include "dga/base/error.h"
#include "dga/base/one_line.h"

namespace dga {

void refuse_image(const std::string& name, std::string_view kind, std::string_view problem) {
  throw DataError(str(name, ": expected a whole ", kind, " image, found one that cannot be read (",
                      one_line(problem),
                      "). It seems cut off or damaged; copy or save it again, or remove it."));
}

}  // namespace dga
