// SPDX-License-Identifier: Apache-2.0
//
// C++ exceptions as the Python classes of _errors.py, with the same text but for the names of
// options.

#include <nanobind/nanobind.h>

#include <exception>

#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/one_line.h"
#include "python/bindings/bindings.h"
#include "python/bindings/keywords.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

void raise_as(const char* name, const char* text) {
  const nb::object type =
      nb::module_::import_("distributed_gradient_accumulator._errors").attr(name);
  PyErr_SetString(type.ptr(), with_keywords(one_line(text)).c_str());
}

}  // namespace

void bind_errors(nb::module_&) {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    // Derived classes first.
    try {
      std::rethrow_exception(pointer);
    } catch (const InvalidArgument& error) {
      raise_as("InvalidArgument", error.what());
    } catch (const DataNotFound& error) {
      raise_as("DataNotFound", error.what());
    } catch (const DataError& error) {
      raise_as("DataError", error.what());
    } catch (const StorageError& error) {
      raise_as("StorageError", error.what());
    } catch (const WorkerFailure& error) {
      raise_as("WorkerFailure", error.what());
    } catch (const Interrupted& error) {
      PyErr_SetString(PyExc_KeyboardInterrupt, error.what());
    } catch (const Error& error) {
      raise_as("Error", error.what());
    } catch (const std::exception& error) {
      if (!is_torch_exception(error)) {
        throw;  // nanobind's own translation
      }
      raise_as("Error", exception_text(error).c_str());
    }
  });
}

}  // namespace dga::python
