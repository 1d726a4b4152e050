// SPDX-License-Identifier: Apache-2.0

#include "dga/data/normalisation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

/// Calls `visit(row)` for the features of every sample, in order. Gathers a few samples at a time.
template <typename Visit>
void for_each_row(const Dataset& dataset, Visit visit) {
  const auto width = static_cast<std::size_t>(dataset.num_features());
  // About a megabyte: little memory, and enough work for each call of gather.
  const std::size_t rows =
      std::max<std::size_t>(1, (std::size_t{1} << 18) / std::max<std::size_t>(1, width));
  std::vector<float> values(rows * width);
  std::vector<std::int64_t> indices(rows);
  for (std::int64_t first = 0; first < dataset.size();) {
    const auto count = std::min(static_cast<std::int64_t>(rows), dataset.size() - first);
    indices.resize(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), first);
    dataset.gather_centred(indices,
                           BufferView(values.data(), count * static_cast<std::int64_t>(width)), {});
    for (std::size_t r = 0; r < static_cast<std::size_t>(count); ++r) {
      visit(values.data() + r * width);
    }
    first += count;
  }
}

}  // namespace

void Normalisation::apply(float* samples, std::int64_t count) const noexcept {
  const std::size_t width = mean.size();
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::size_t f = 0; f < width; ++f) {
      samples[f] = (samples[f] - mean[f]) / scale[f];
    }
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
  const auto width = static_cast<std::size_t>(training.num_features());
  std::vector<double> mean(width, 0.0);
  std::vector<double> squares(width, 0.0);
  std::vector<std::int64_t> num_missing(width, 0);
  // A constant feature is recognised by its values, because its variance may round to more than 0.
  std::vector<float> lowest(width, INFINITY);
  std::vector<float> highest(width, -INFINITY);
  for_each_row(training, [&](const float* row) {
    for (std::size_t f = 0; f < width; ++f) {
      if (std::isnan(row[f])) {
        ++num_missing[f];
        continue;
      }
      mean[f] += static_cast<double>(row[f]);
      lowest[f] = std::min(lowest[f], row[f]);
      highest[f] = std::max(highest[f], row[f]);
    }
  });
  std::vector<double> samples;
  for (std::size_t f = 0; f < width; ++f) {
    samples.push_back(
        static_cast<double>(std::max<std::int64_t>(1, training.size() - num_missing[f])));
    mean[f] /= samples[f];
  }
  for_each_row(training, [&](const float* row) {
    for (std::size_t f = 0; f < width; ++f) {
      const double off = static_cast<double>(row[f]) - mean[f];
      squares[f] += std::isnan(row[f]) ? 0 : off * off;
    }
  });
  Normalisation result{.fill = missing == Missing::mean};
  for (std::size_t f = 0; f < width; ++f) {
    const auto deviation = static_cast<float>(std::sqrt(squares[f] / samples[f]));
    const bool constant = lowest[f] >= highest[f] || deviation == 0.0F;
    const bool known = num_missing[f] < training.size();
    result.mean.push_back(!known ? 0.0F : constant ? lowest[f] : static_cast<float>(mean[f]));
    result.scale.push_back(constant ? 1.0F : deviation);
    result.fill = result.fill || num_missing[f] > 0;
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
