// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/operation.h"

#include "dga/comm/arena/world.h"

namespace dga {

void complete(World& world, Operation& operation) {
  const auto describe = [&] { return operation.describe(); };
  const auto missing = [&] { return operation.missing(); };
  while (!operation.test()) {
    WaitWord* word = operation.sleeps_on();
    // This worker must not sleep on one operation while others wait for it to advance another.
    bool must_poll = word == nullptr;
    for (const Operation* other : world.active()) {
      must_poll |= other != &operation && other->needs_progress();
    }
    if (!must_poll) {
      // The wait also ends when the operation has advanced and now sleeps on another word.
      world.wait(
          *word, [&] { return operation.test() || operation.sleeps_on() != word; }, describe,
          missing);
      continue;
    }
    world.wait_polling(
        [&] {
          if (operation.test()) {
            return true;
          }
          // test() may complete operations but never adds or removes entries.
          for (std::size_t i = 0; i < world.active().size(); ++i) {
            if (world.active()[i] != &operation) {
              world.active()[i]->test();
            }
          }
          return false;
        },
        describe, missing);
  }
}

}  // namespace dga
