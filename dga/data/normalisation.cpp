// SPDX-License-Identifier: Apache-2.0

#include "dga/data/normalisation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/feature_statistics.h"

namespace dga {

namespace {

/// values = (values - mean) / scale, for `count` features. The compiler vectorises blocks of
/// constant length, a division of several values takes as long as one.
void normalise(float* values, const float* mean, const float* scale, std::size_t count) noexcept {
  constexpr std::size_t kBlock = 16;
  std::size_t f = 0;
  for (; f + kBlock <= count; f += kBlock) {
    std::array<float, kBlock> block;
    for (std::size_t k = 0; k < kBlock; ++k) {
      block[k] = (values[f + k] - mean[f + k]) / scale[f + k];
    }
    std::copy(block.begin(), block.end(), values + f);
  }
  for (; f < count; ++f) {
    values[f] = (values[f] - mean[f]) / scale[f];
  }
}

}  // namespace

void Normalisation::apply(float* samples, std::int64_t count) const noexcept {
  const std::size_t width = mean.size();
  for (std::int64_t i = 0; i < count; ++i) {
    normalise(samples, mean.data(), scale.data(), width);
    if (fill) {
      std::replace_if(
          samples, samples + width, [](float value) { return std::isnan(value); }, 0.0F);
    }
    samples += width;
  }
}

Normalisation measure_normalisation(const Dataset& training, Missing missing) {
  DGA_CHECK(training.size() > 0,
            "[data] normalisation: expected at least one training sample, found none. Lower the "
            "test fraction or provide more data.");
  DGA_CHECK(training.feature_type() == DType::f32,
            "[data] normalisation: expected f32 features, found ", name_of(training.feature_type()),
            ". Convert them, or train without normalisation.");
  const FeatureStatistics features = measure_features(training);
  Normalisation result{.fill = missing == Missing::mean};
  for (std::size_t f = 0; f < features.means.size(); ++f) {
    const bool known = features.counts[f] > 0;
    const auto deviation =
        known ? static_cast<float>(std::sqrt(features.squares[f] / features.counts[f])) : 0.0F;
    // The variance of a constant feature may round to more than 0, its values do not.
    const bool constant = features.lowest[f] >= features.highest[f] || deviation == 0.0F;
    result.mean.push_back(!known     ? 0.0F
                          : constant ? features.lowest[f]
                                     : static_cast<float>(features.means[f]));
    result.scale.push_back(constant ? 1.0F : deviation);
    result.fill = result.fill || features.counts[f] < static_cast<double>(training.size());
  }
  return result;
}

void TargetNormalisation::apply(float* targets, std::int64_t count) const noexcept {
  for (std::int64_t i = 0; i < count; ++i) {
    targets[i] = static_cast<float>((static_cast<double>(targets[i]) - mean) / scale);
  }
}

TargetNormalisation measure_target_normalisation(const Dataset& training) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(training.size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  std::vector<float> targets(all.size());
  training.gather_centred(all, {}, BufferView(targets.data(), training.size()));
  const auto samples = static_cast<double>(targets.size());
  TargetNormalisation result;
  for (const float target : targets) {
    result.mean += static_cast<double>(target);
  }
  result.mean /= samples;
  double squares = 0;
  for (const float target : targets) {
    const double off = static_cast<double>(target) - result.mean;
    squares += off * off;
  }
  const double deviation = std::sqrt(squares / samples);
  result.scale = deviation > 0 ? deviation : 1;
  return result;
}

Normalised::Normalised(std::shared_ptr<const Dataset> base, Normalisation normalisation,
                       std::optional<TargetNormalisation> targets)
    : base_(std::move(base)), normalisation_(std::move(normalisation)), targets_(targets) {
  DGA_CHECK(base_ != nullptr, "[data] Normalised: expected a dataset, found none. Pass a base.");
  const auto measured = static_cast<std::int64_t>(normalisation_.mean.size());
  DGA_CHECK(measured == base_->num_features() &&
                normalisation_.scale.size() == normalisation_.mean.size(),
            "[data] Normalised: expected the normalisation of ", base_->num_features(),
            " features, found that of ", measured, ". Measure it on data of the same shape.");
}

void Normalised::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                              BufferView labels) const {
  base_->gather_centred(indices, features, labels);
  if (targets_ && labels.data != nullptr) {
    targets_->apply(static_cast<float*>(labels.data), labels.count);
  }
  if (features.data != nullptr) {
    normalisation_.apply(static_cast<float*>(features.data),
                         static_cast<std::int64_t>(indices.size()));
  }
}

}  // namespace dga
