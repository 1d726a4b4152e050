// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/exported_weights.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"

namespace dga {
namespace {

struct Choice {
  const char* prefix;
  const char* expected;
  const char* advice;
};

Choice description_of(WeightChoice choice) {
  switch (choice) {
    case WeightChoice::average:
      return {kAverageTensors, "a moving average of the weights",
              "Runs with --ema have one; leave out --average."};
    case WeightChoice::kept:
      return {kKeptTensors, "kept weights",
              "Runs with --keep-best or --ema have them; leave out --kept."};
    case WeightChoice::model:
      break;
  }
  return {kModelTensors, "the weights of a model", "Use the checkpoint of a run of dga."};
}

/// What is written, and from where.
struct Pick {
  TensorView view;  // without data
  const CheckpointTensor* tensor;
};

std::vector<Pick> picks_of(const CheckpointTensors& from, WeightChoice choice) {
  const Choice chosen = description_of(choice);
  if (!from.has_any(chosen.prefix)) {
    throw StorageError(str("[storage] ", from.path(), ": expected ", chosen.expected,
                           ", found none. ", chosen.advice));
  }
  const std::string_view model = kModelTensors;
  std::vector<Pick> picks;
  for (const std::string& full_name : from.model_order()) {
    const CheckpointTensor& own = from.at(full_name);
    const std::string name = own.name.substr(std::min(own.name.size(), model.size()));
    const CheckpointTensor* picked = from.find(chosen.prefix + name);
    if (picked == nullptr && choice == WeightChoice::average) {
      picked = &own;  // a buffer, or a parameter that is not trained
    } else if (picked == nullptr) {
      picked = &from.at(chosen.prefix + name);  // says that it is missing
    }
    picks.push_back({{.name = name, .type = picked->type, .shape = picked->shape}, picked});
  }
  return picks;
}

}  // namespace

ExportedWeights export_weights(const CheckpointTensors& from, WeightChoice choice,
                               const std::string& to, const std::function<void()>& progress) {
  const std::vector<Pick> picks = picks_of(from, choice);
  std::vector<TensorView> views;
  views.reserve(picks.size());
  for (const Pick& pick : picks) {
    views.push_back(pick.view);
  }
  AtomicFile file(to);
  append_safetensors_header(file, views);
  for (const Pick& pick : picks) {
    from.for_each_block(*pick.tensor, [&](std::span<const std::byte> block) {
      if (progress) {
        progress();
      }
      file.append(block);
    });
  }
  file.commit();
  return {.tensors = std::ssize(picks), .bytes = file.written().bytes};
}

}  // namespace dga
