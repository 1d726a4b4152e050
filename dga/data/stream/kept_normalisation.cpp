// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/kept_normalisation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

constexpr std::string_view kFills = "fill";

Normalisation normalisation_from(const IndexRecord& record, std::int64_t features) {
  const auto mean = record.array<float>("mean", features).first;
  const auto scale = record.array<float>("scale", features).first;
  Normalisation found{.mean = {mean.get(), mean.get() + features},
                      .scale = {scale.get(), scale.get() + features},
                      .fill = record.text == kFills};
  if (!std::all_of(found.mean.begin(), found.mean.end(),
                   [](float x) { return std::isfinite(x); }) ||
      !std::all_of(found.scale.begin(), found.scale.end(),
                   [](float x) { return std::isfinite(x) && x != 0; })) {
    throw StorageError("expected a normalisation, found values that are none");
  }
  return found;
}

}  // namespace

Normalisation find_or_measure_normalisation(const TrainingIndex* index, const Dataset& training,
                                            Missing missing, double test_fraction,
                                            std::uint64_t seed) {
  if (index == nullptr) {
    return measure_normalisation(training, missing);
  }
  const IndexKey key =
      index->key.with(str("normalisation ", name_in(kMissingNames, missing), ' ', training.size(),
                          ' ', std::to_string(test_fraction), ' ', seed));
  if (const auto record = index->folder.find(key)) {
    try {
      return normalisation_from(*record, training.num_features());
    } catch (const StorageError& error) {
      log_warning("[data] ", printable(index->folder.path(), 4096),
                  ": expected an index of streamed data, found a damaged one (", error.what(),
                  "). The data is read again instead.");
    }
  }
  Normalisation measured = measure_normalisation(training, missing);
  const std::array arrays{
      TensorView{"mean", DType::f32, {std::ssize(measured.mean)}, measured.mean.data()},
      TensorView{"scale", DType::f32, {std::ssize(measured.scale)}, measured.scale.data()}};
  index->folder.save(key, measured.fill ? kFills : "", arrays);
  return measured;
}

}  // namespace dga
