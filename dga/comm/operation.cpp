// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/operation.h"

#include "dga/comm/group.h"

namespace dga {

void complete(Group& group, Operation& operation) {
  World& world = group.world();
  const auto describe = [&] { return operation.describe(); };
  const auto missing = [&] { return operation.missing(); };
  while (!operation.test()) {
    WaitWord* word = operation.sleeps_on();
    // An operation that crosses nodes, or streams a message, moves only when its worker moves it.
    // With one of those under way nobody may sleep on something else.
    bool must_poll = word == nullptr;
    for (const Operation* other : group.active()) {
      must_poll |= other != &operation && (group.wire() != nullptr || other->streams());
    }
    if (must_poll) {
      world.wait_polling(
          [&] {
            if (operation.test()) {
              return true;
            }
            // By index: a test may complete operations, never add or remove entries.
            for (std::size_t i = 0; i < group.active().size(); ++i) {
              if (group.active()[i] != &operation) {
                group.active()[i]->test();
              }
            }
            return false;
          },
          describe, missing);
    } else {
      // Back here as well when the operation has moved on and now sleeps on another word.
      world.wait(
          *word, [&] { return operation.test() || operation.sleeps_on() != word; }, describe,
          missing);
    }
  }
}

}  // namespace dga
