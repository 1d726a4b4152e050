// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/pickled_values.h"

#include <torch/csrc/jit/serialization/pickle.h>

namespace dga {

std::string pickled(const std::vector<c10::IValue>& values) {
  const std::vector<char> bytes = torch::jit::pickle_save(c10::ivalue::Tuple::create(values));
  return {bytes.begin(), bytes.end()};
}

std::vector<c10::IValue> unpickled(const std::string& bytes) {
  const c10::IValue value = torch::jit::pickle_load({bytes.begin(), bytes.end()});
  return value.toTupleRef().elements().vec();
}

}  // namespace dga
