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

std::string first_text(const Communicator& workers, std::string text) {
  const std::int64_t none = workers.size();
  std::int64_t first = text.empty() ? none : workers.rank();
  workers.all_reduce({&first, 1}, ReduceOp::min, "first rank with a text");
  if (first == none) {
    return {};
  }
  broadcast_text(workers, text, static_cast<int>(first));
  return text;
}

}  // namespace dga
