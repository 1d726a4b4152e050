// SPDX-License-Identifier: Apache-2.0

#include "dga/models/model.h"

#include <array>
#include <mutex>
#include <string>

#include "dga/base/error.h"
#include "dga/models/mlp.h"
#include "dga/parallel/keyed_random_scope.h"

namespace dga {
namespace {

struct Entry {
  const char* name;
  std::shared_ptr<Model> (*make)(const ModelCard&);
};

constexpr std::array kModels{Entry{"mlp", make_mlp}};

}  // namespace

std::shared_ptr<Model> make_model(const ModelCard& card) {
  return make_model(card, {});
}

std::shared_ptr<Model> make_model(const ModelCard& card, const ModelFactory& factory) {
  // One at a time: constructors may touch what all threads share. torch's modules initialise
  // themselves when they are made; what they draw is thrown away, and not taken from the user's
  // generator.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  const KeyedRandomScope random(0);
  if (factory) {
    std::shared_ptr<Model> model = factory(card);
    DGA_CHECK(model != nullptr, "[models] model factory: expected a model, found null.");
    return model;
  }
  std::string names;
  for (const Entry& entry : kModels) {
    if (card.model == entry.name) {
      return entry.make(card);
    }
    names += str(names.empty() ? "" : ", ", entry.name);
  }
  throw InvalidArgument(str("[models] model: expected one of ", names, ", found '", card.model,
                            "'. Choose one of them."));
}

}  // namespace dga
