// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/texts.h"

#include <cstdint>
#include <numeric>

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

std::vector<std::string> gather_texts(const Communicator& workers, const std::string& mine) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(workers.size()));
  const auto size = static_cast<std::int64_t>(mine.size());
  workers.all_gather({&size, 1}, {sizes.data(), workers.size()}, {}, "lengths of texts");
  std::string all;
  const bool receives = workers.rank() == 0;
  all.resize(receives ? static_cast<std::size_t>(
                            std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}))
                      : 0);
  workers.gather({static_cast<const void*>(mine.data()), size, DType::u8},
                 {static_cast<void*>(all.data()), static_cast<std::int64_t>(all.size()), DType::u8},
                 0, sizes, "texts");
  std::vector<std::string> texts;
  for (std::size_t at = 0, rank = 0; receives && rank < sizes.size(); ++rank) {
    texts.push_back(all.substr(at, static_cast<std::size_t>(sizes[rank])));
    at += static_cast<std::size_t>(sizes[rank]);
  }
  return texts;
}

}  // namespace dga
