// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/broadcast_text.h"

#include <cstdint>

namespace dga {

void broadcast_text(const Communicator& workers, std::string& text, int root) {
  auto size = static_cast<std::int64_t>(text.size());
  workers.broadcast({&size, 1}, root, "length of a text");
  text.resize(static_cast<std::size_t>(size));
  if (size > 0) {
    workers.broadcast({static_cast<void*>(text.data()), size, DType::u8}, root, "text");
  }
}

}  // namespace dga
