// SPDX-License-Identifier: Apache-2.0

#include "dga/data/classes.h"

#include <algorithm>
#include <iterator>

#include "dga/base/error.h"
#include "dga/data/source.h"

namespace dga {

std::vector<std::int64_t> distinct_labels(const Samples& samples) {
  // Works in blocks, so that memory grows with the number of classes instead of samples.
  constexpr std::int64_t kBlock = std::int64_t{1} << 16;
  std::vector<std::int64_t> classes;
  for (std::int64_t first = 0; first < samples.count; first += kBlock) {
    const auto last = std::min(first + kBlock, samples.count);
    std::vector<std::int64_t> block(samples.labels.get() + first, samples.labels.get() + last);
    std::sort(block.begin(), block.end());
    block.erase(std::unique(block.begin(), block.end()), block.end());
    std::vector<std::int64_t> both;
    std::set_union(classes.begin(), classes.end(), block.begin(), block.end(),
                   std::back_inserter(both));
    classes = std::move(both);
  }
  return classes;
}

void map_labels(Samples& samples, const std::vector<std::int64_t>& classes) {
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const std::int64_t label = samples.labels[i];
    const auto found = std::lower_bound(classes.begin(), classes.end(), label);
    if (found == classes.end() || *found != label) {
      throw DataError(str(samples.place(i), ": expected a label of the training set (",
                          classes.size(), " from ", classes.front(), " to ", classes.back(),
                          "), found ", label,
                          ". Remove the sample, or add samples like it to the training set."));
    }
    samples.labels[i] = found - classes.begin();
  }
}

void map_text_labels(Samples& samples, const std::vector<std::string>& classes) {
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const std::string& text = samples.label_texts[static_cast<std::size_t>(samples.labels[i])];
    const auto found = std::lower_bound(classes.begin(), classes.end(), text);
    if (found == classes.end() || *found != text) {
      throw DataError(str(samples.place(i), ": expected a label of the training set (",
                          classes.size(), " from ", printable(classes.front()), " to ",
                          printable(classes.back()), "), found ", printable(text),
                          ". Remove the sample, or add samples like it to the training set."));
    }
    samples.labels[i] = found - classes.begin();
  }
  samples.label_texts = classes;
}

}  // namespace dga
