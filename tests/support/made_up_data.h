// SPDX-License-Identifier: Apache-2.0
//
// Small synthetic datasets in memory, the same on every worker.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/load.h"

namespace dga::test {

/// Points in `features` dimensions around `classes` centres.
inline LoadedData made_up_classes(std::int64_t samples, std::int64_t features = 6,
                                  std::int64_t classes = 3) {
  auto values = std::make_shared<float[]>(static_cast<std::size_t>(samples * features));
  auto labels = std::make_shared<std::int64_t[]>(static_cast<std::size_t>(samples));
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < classes; ++c) {
    names.push_back(std::to_string(c));
  }
  RandomStream stream(stream_key(1, "made-up classes"));
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::int64_t label = i % classes;
    labels[i] = label;
    for (std::int64_t f = 0; f < features; ++f) {
      const double centre = f % classes == label ? 2.0 : 0.0;
      values[i * features + f] = static_cast<float>(centre + 3 * stream.uniform());
    }
  }
  LoadedData data;
  data.train =
      std::make_shared<Table>(samples, std::vector<std::int64_t>{features}, values, labels, names);
  return data;
}

/// y = 5 x0 - 3 x1 + 100
inline LoadedData made_up_line(std::int64_t samples) {
  auto values = std::make_shared<float[]>(static_cast<std::size_t>(samples * 2));
  auto targets = std::make_shared<float[]>(static_cast<std::size_t>(samples));
  RandomStream stream(stream_key(1, "made-up line"));
  for (std::int64_t i = 0; i < samples; ++i) {
    const double x = stream.uniform();
    const double y = stream.uniform();
    values[2 * i] = static_cast<float>(x);
    values[2 * i + 1] = static_cast<float>(y);
    targets[i] = static_cast<float>(5 * x - 3 * y + 100);
  }
  LoadedData data;
  data.train = std::make_shared<Table>(samples, std::vector<std::int64_t>{2}, values, targets);
  return data;
}

}  // namespace dga::test
