// SPDX-License-Identifier: Apache-2.0

#include "dga/base/error.h"
#include "dga/data/formats/image.h"

namespace dga {

Samples read_images(std::span<const SourcePtr> files, const ReadOptions& /*options*/) {
  throw DataError(
      str(files.front()->name(),
          ": expected a build of dga that reads images, found one without libjpeg-turbo "
          "or libspng. Install libturbojpeg0-dev and libspng-dev and build dga again."));
}

}  // namespace dga
