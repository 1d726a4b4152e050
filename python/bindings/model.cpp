// SPDX-License-Identifier: Apache-2.0
//
// Saved models, for predicting.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dga/predict/predictor.h"
#include "python/bindings/bindings.h"
#include "python/bindings/columns.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

template <typename T>
using Rows = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/// A vector as a NumPy array that owns it.
template <typename T>
nb::object array_of(std::vector<T> values, std::vector<std::size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept,
                          [](void* data) noexcept { delete static_cast<std::vector<T>*>(data); });
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), shape.size(), shape.data(), owner));
}

/// One call at a time: the model's buffers are its own.
class Model {
 public:
  explicit Model(const std::string& folder) : predictor_(load_model(folder)) {}

  const ModelCard& card() const noexcept { return predictor_.card(); }
  std::int64_t num_features() const noexcept { return predictor_.num_features(); }

  template <typename T>
  nb::dict predict(const Rows<T>& rows) {
    Predictions predictions;
    {
      const nb::gil_scoped_release release;
      const std::lock_guard lock(mutex_);
      predictions = predictor_.predict(std::span<const T>(rows.data(), rows.size()));
    }
    const auto count = static_cast<std::size_t>(predictions.count);
    nb::dict result;
    if (card().task == "regression") {
      result["values"] = array_of(std::move(predictions.values), {count});
    } else {
      result["classes"] = array_of(std::move(predictions.classes), {count});
      result["scores"] = array_of(std::move(predictions.scores),
                                  {count, static_cast<std::size_t>(predictions.outputs)});
    }
    return result;
  }

 private:
  std::mutex mutex_;
  Predictor predictor_;
};

}  // namespace

void bind_model(nb::module_& module) {
  nb::class_<Model>(module, "Model")
      .def(nb::init<const std::string&>(), nb::arg("folder"))
      .def_prop_ro("num_features", &Model::num_features)
      .def_prop_ro("task", [](const Model& model) { return model.card().task; })
      .def_prop_ro("class_names", [](const Model& model) { return model.card().class_names; })
      .def_prop_ro("text_labels",
                   [](const Model& model) { return model.card().columns.text_labels; })
      .def_prop_ro("columns", [](const Model& model) { return entries_of(model.card().columns); })
      .def_prop_ro("missing",
                   [](const Model& model) {
                     return std::string(name_in(kMissingNames, model.card().columns.missing));
                   })
      .def("predict", &Model::predict<float>, nb::arg("rows").noconvert())
      .def("predict", &Model::predict<double>, nb::arg("rows").noconvert());
}

}  // namespace dga::python
