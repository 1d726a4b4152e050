// SPDX-License-Identifier: Apache-2.0

#include "dga/models/model.h"

#include <array>
#include <string>

#include "dga/base/error.h"
#include "dga/models/mlp.h"
#include "dga/parallel/seeded_module.h"

namespace dga {
namespace {

struct Entry {
  const char* name;
  Model (*make)(const ModelCard& card, std::uint64_t seed);
};

constexpr std::array kModels{Entry{"mlp", make_mlp}};

}  // namespace

Model make_model(const ModelCard& card, std::uint64_t seed, const ModelFactory& factory) {
  const SeededConstruction construction(seed);
  if (factory) {
    Model model = factory(card);
    DGA_CHECK(model.module != nullptr && model.forward != nullptr,
              "[models] model factory: expected a model, found null.");
    return model;
  }
  std::string names;
  for (const Entry& entry : kModels) {
    if (card.model == entry.name) {
      return entry.make(card, seed);
    }
    names += str(names.empty() ? "" : ", ", entry.name);
  }
  throw InvalidArgument(str("[models] model: expected one of ", names, ", found '", card.model,
                            "'. Choose one of them."));
}

}  // namespace dga
