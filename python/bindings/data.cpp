// SPDX-License-Identifier: Apache-2.0
//
// Datasets from folders and from NumPy arrays.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/arrays.h"
#include "dga/data/formats/table/column_names.h"
#include "dga/options/option_table.h"
#include "dga/problem/problem.h"
#include "python/bindings/bindings.h"
#include "python/bindings/columns.h"
#include "python/bindings/held_object.h"
#include "python/bindings/options.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

/// The array's memory, kept alive by the pointer, whichever thread drops it last. Null if its
/// elements have another type.
template <typename T>
std::shared_ptr<const T[]> memory_of(const Array& array) {
  if (array.dtype() != nb::dtype<T>()) {
    return nullptr;
  }
  auto* owner = new Array(array);
  return {static_cast<const T*>(array.data()), [owner](const T*) { drop(owner); }};
}

SampleArrays arrays_of(const Array& x, const Array& y, std::vector<std::string> label_texts) {
  SampleArrays arrays;
  arrays.count = static_cast<std::int64_t>(x.shape(0));
  for (std::size_t dim = 1; dim < x.ndim(); ++dim) {
    arrays.shape.push_back(static_cast<std::int64_t>(x.shape(dim)));
  }
  arrays.features = memory_of<float>(x);
  arrays.wide_features = memory_of<double>(x);
  arrays.labels = memory_of<std::int64_t>(y);
  arrays.targets = memory_of<float>(y);
  arrays.wide_targets = memory_of<double>(y);
  arrays.label_texts = std::move(label_texts);
  return arrays;
}

/// (x, y, texts of the labels)
using SetEntry = std::tuple<Array, Array, std::vector<std::string>>;

SampleArrays arrays_of(const std::optional<SetEntry>& entry) {
  return entry ? arrays_of(std::get<0>(*entry), std::get<1>(*entry), std::get<2>(*entry))
               : SampleArrays{};
}

ClientDataset from_arrays(const SetEntry& train, const std::optional<SetEntry>& test,
                          const std::optional<SetEntry>& validation,
                          const std::vector<ColumnEntry>& columns, const std::string& missing) {
  SampleArrays train_arrays = arrays_of(std::optional(train));
  train_arrays.columns = columns_of(columns, missing);
  const SampleArrays test_arrays = arrays_of(test);
  const SampleArrays validation_arrays = arrays_of(validation);
  const nb::gil_scoped_release release;
  return create_dataset(data_from_arrays(train_arrays, test_arrays, validation_arrays));
}

/// What the options of create_dataset choose from arrays: the names of columns to leave out, of the
/// only features, and of categories, and what to do about missing values. Throws InvalidArgument
/// for options that only files have.
nb::tuple choice_of(const nb::dict& options) {
  const RunOptions run = run_options_of(options);
  RunOptions others = run;
  others.data.task = {};
  others.data.table.drop.clear();
  others.data.table.only.clear();
  others.data.table.one_hot.clear();
  others.data.table.missing = {};
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    DGA_CHECK(row.get(others) == row.get(defaults), "[python] ", row.argument,
              ": expected it beside data_dir, found arrays. Leave one out.");
  }
  const TableOptions& table = run.data.table;
  return nb::make_tuple(names_in(table.drop), names_in(table.only), names_in(table.one_hot),
                        std::string(name_in(kMissingNames, table.missing)));
}

ClientDataset from_folder(const nb::dict& options, int num_client_items) {
  const RunOptions run = run_options_of(options);
  const nb::gil_scoped_release release;
  return create_dataset({.num_client_items = num_client_items, .data = run.data});
}

}  // namespace

void bind_data(nb::module_& module) {
  module.attr("MOST_CATEGORIES") = kMostCategories;
  nb::enum_<ColumnUse>(module, "ColumnUse")
      .value("feature", ColumnUse::feature)
      .value("category", ColumnUse::category)
      .value("label", ColumnUse::label)
      .value("dropped", ColumnUse::dropped);
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
        return reinterpret_cast<std::uintptr_t>(dataset.data().train->features_in_memory().data);
      });
  module.def("dataset_from_folder", from_folder, nb::arg("options"), nb::arg("num_client_items"));
  module.def("dataset_from_arrays", from_arrays, nb::arg("train"), nb::arg("test").none(),
             nb::arg("validation").none(), nb::arg("columns"), nb::arg("missing"));
  module.def("choice_of", choice_of, nb::arg("options"));
}

}  // namespace dga::python
