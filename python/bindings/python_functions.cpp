// SPDX-License-Identifier: Apache-2.0

#include "python/bindings/python_functions.h"

#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

namespace nb = nanobind;

namespace dga::python {
namespace {

/// A copy that belongs to Python: a function may keep its arguments for longer than the call.
template <typename T>
nb::object array_of(const T* values, std::initializer_list<std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t size : shape) {
    count *= size;
  }
  auto memory = std::make_unique<T[]>(count);
  std::copy_n(values, count, memory.get());
  T* data = memory.get();
  const nb::capsule owner(data, [](void* held) noexcept { delete[] static_cast<T*>(held); });
  static_cast<void>(memory.release());
  return nb::cast(nb::ndarray<nb::numpy, T>(data, shape, owner));
}

nb::object output_of(const PlainBatch& batch) {
  return array_of(batch.output, {static_cast<std::size_t>(batch.samples),
                                 static_cast<std::size_t>(batch.outputs)});
}

nb::object target_of(const PlainBatch& batch) {
  const auto samples = static_cast<std::size_t>(batch.samples);
  return batch.classes != nullptr ? array_of(batch.classes, {samples})
                                  : array_of(batch.targets, {samples, 1});
}

}  // namespace

PlainLoss python_loss(HeldObject function, std::shared_ptr<CallbackError> error) {
  return [function = std::move(function), error = std::move(error)](const PlainBatch& batch,
                                                                    float* gradient) {
    const nb::gil_scoped_acquire gil;
    return error->guard([&] {
      const nb::tuple answer = nb::cast<nb::tuple>((*function)(output_of(batch), target_of(batch)));
      const auto values = nb::cast<nb::ndarray<const float, nb::ndim<2>, nb::c_contig>>(answer[1]);
      std::copy_n(values.data(), values.size(), gradient);
      return nb::cast<double>(answer[0]);
    });
  };
}

PlainMetric python_metric(HeldObject function, std::shared_ptr<CallbackError> error) {
  return [function = std::move(function), error = std::move(error)](const PlainBatch& batch) {
    const nb::gil_scoped_acquire gil;
    return error->guard(
        [&] { return nb::cast<double>((*function)(output_of(batch), target_of(batch))); });
  };
}

}  // namespace dga::python
