// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/operation.h"

#include "dga/comm/arena/world.h"

namespace dga {

void complete(World& world, Operation& operation) {
  const auto describe = [&] { return operation.describe(); };
  const auto missing = [&] { return operation.missing(); };
  while (!operation.test()) {
    WaitWord* word = operation.sleeps_on();
    // Nobody may sleep on one operation while others wait for him to move a second one.
    bool must_poll = word == nullptr;
    for (const Operation* other : world.active()) {
      must_poll |= other != &operation && other->needs_progress();
    }
    if (!must_poll) {
      // Back here as well when the operation has moved on and now sleeps on another word.
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
          // By index: a test may complete operations, never add or remove entries.
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
