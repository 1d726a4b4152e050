// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/operation.h"

#include "dga/comm/arena/world.h"

namespace dga {

void advance_all(World& world) {
  // test() may complete operations but never adds or removes entries.
  for (std::size_t i = 0; i < world.active().size(); ++i) {
    world.active()[i]->test();
  }
}

void complete(World& world, Operation& operation) {
  const auto describe = [&] { return operation.describe(); };
  const auto missing = [&] { return operation.missing(); };
  const auto inquire = [&] { return operation.inquiry(); };
  while (!operation.test()) {
    WaitWord* word = operation.sleeps_on();
    // This worker must not sleep on one operation while others wait for it to advance another, for
    // instance to use its slot again.
    if (word != nullptr && world.active().size() <= 1) {
      // The wait also ends when the operation has advanced and now sleeps on another word.
      world.wait(
          *word, [&] { return operation.test() || operation.sleeps_on() != word; }, describe,
          missing, inquire);
      continue;
    }
    world.wait_polling(
        [&] {
          advance_all(world);
          return operation.test();
        },
        describe, missing, inquire);
  }
}

}  // namespace dga
