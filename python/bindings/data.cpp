// SPDX-License-Identifier: Apache-2.0
//
// Datasets from folders and from NumPy arrays.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dga/data/arrays.h"
#include "dga/problem/problem.h"
#include "python/bindings/bindings.h"
#include "python/bindings/held_object.h"
#include "python/bindings/options.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

using Features = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Targets = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// The array's memory, kept alive by the pointer, whichever thread drops it last.
template <typename T, typename Array>
std::shared_ptr<const T[]> shared_memory(const Array& array) {
  auto* owner = new Array(array);
  return {array.data(), [owner](const T*) { drop(owner); }};
}

SampleArrays arrays_of(const Features& x, const std::optional<Labels>& labels,
                       const std::optional<Targets>& targets) {
  SampleArrays arrays;
  arrays.count = static_cast<std::int64_t>(x.shape(0));
  for (std::size_t dim = 1; dim < x.ndim(); ++dim) {
    arrays.shape.push_back(static_cast<std::int64_t>(x.shape(dim)));
  }
  arrays.features = shared_memory<float>(x);
  if (labels) {
    arrays.labels = shared_memory<std::int64_t>(*labels);
  }
  if (targets) {
    arrays.targets = shared_memory<float>(*targets);
  }
  return arrays;
}

ClientDataset from_arrays(
    const Features& x, const std::optional<Labels>& labels, const std::optional<Targets>& targets,
    const std::optional<Features>& test_x, const std::optional<Labels>& test_labels,
    const std::optional<Targets>& test_targets, const std::optional<Features>& val_x,
    const std::optional<Labels>& val_labels, const std::optional<Targets>& val_targets) {
  const SampleArrays train = arrays_of(x, labels, targets);
  const SampleArrays test = test_x ? arrays_of(*test_x, test_labels, test_targets) : SampleArrays{};
  const SampleArrays validation =
      val_x ? arrays_of(*val_x, val_labels, val_targets) : SampleArrays{};
  const nb::gil_scoped_release release;
  return create_dataset(data_from_arrays(train, test, validation));
}

ClientDataset from_folder(const nb::dict& options, int num_client_items) {
  const RunOptions run = run_options_of(options);
  const nb::gil_scoped_release release;
  return create_dataset({.num_client_items = num_client_items, .data = run.data});
}

}  // namespace

void bind_data(nb::module_& module) {
  nb::class_<ClientDataset>(module, "ClientDataset")
      .def_prop_ro("num_samples", &ClientDataset::num_samples)
      .def_prop_ro("num_features", &ClientDataset::num_features)
      .def_prop_ro("num_classes", &ClientDataset::num_classes)
      .def_prop_ro("num_test_samples",
                   [](const ClientDataset& dataset) {
                     const auto& test = dataset.data().test;
                     return test == nullptr ? 0 : test->size();
                   })
      .def_prop_ro("num_validation_samples",
                   [](const ClientDataset& dataset) {
                     const auto& validation = dataset.data().validation;
                     return validation == nullptr ? 0 : validation->size();
                   })
      .def_prop_ro(
          "summary",
          [](const ClientDataset& dataset) {
            return nb::module_::import_("json").attr("loads")(to_json(summary_of(dataset.data())));
          })
      .def_prop_ro(
          "sample_shape",
          [](const ClientDataset& dataset) { return dataset.data().train->sample_shape(); })
      .def_prop_ro("class_names",
                   [](const ClientDataset& dataset) { return dataset.data().train->class_names(); })
      .def_prop_ro("features_address", [](const ClientDataset& dataset) {
        return reinterpret_cast<std::uintptr_t>(dataset.data().train->features());
      });
  module.def("dataset_from_folder", from_folder, nb::arg("options"), nb::arg("num_client_items"));
  module.def("dataset_from_arrays", from_arrays, nb::arg("x"), nb::arg("labels").none(),
             nb::arg("targets").none(), nb::arg("test_x").none(), nb::arg("test_labels").none(),
             nb::arg("test_targets").none(), nb::arg("val_x").none(), nb::arg("val_labels").none(),
             nb::arg("val_targets").none());
}

}  // namespace dga::python
