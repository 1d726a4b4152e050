// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/pickled_values.h"

#include <torch/csrc/jit/serialization/pickle.h>

#include <cstdint>
#include <numeric>

namespace dga {

std::string pickled(const std::vector<c10::IValue>& values) {
  const std::vector<char> bytes = torch::jit::pickle_save(c10::ivalue::Tuple::create(values));
  return {bytes.begin(), bytes.end()};
}

std::vector<c10::IValue> unpickled(const std::string& bytes) {
  const c10::IValue value = torch::jit::pickle_load({bytes.begin(), bytes.end()});
  return value.toTupleRef().elements().vec();
}

std::vector<std::string> gather_texts(const Communicator& workers, const std::string& mine) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(workers.size()));
  const auto size = static_cast<std::int64_t>(mine.size());
  workers.all_gather({&size, 1}, {sizes.data(), workers.size()}, {}, "sizes of state");
  std::string all;
  const bool receives = workers.rank() == 0;
  all.resize(receives ? std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) : 0);
  workers.gather({static_cast<const void*>(mine.data()), size, DType::u8},
                 {static_cast<void*>(all.data()), static_cast<std::int64_t>(all.size()), DType::u8},
                 0, sizes, "state");
  std::vector<std::string> texts;
  for (std::size_t at = 0, rank = 0; receives && rank < sizes.size(); ++rank) {
    texts.push_back(all.substr(at, static_cast<std::size_t>(sizes[rank])));
    at += static_cast<std::size_t>(sizes[rank]);
  }
  return texts;
}

}  // namespace dga
