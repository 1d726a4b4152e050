// SPDX-License-Identifier: Apache-2.0
//
// HeldObject: a Python object that C++ holds for longer than a call.

#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <utility>

namespace dga::python {

/// Deletes what holds on to Python objects, on whichever thread, with or without the GIL. After the
/// interpreter's end nothing is left to let go of.
template <typename T>
void drop(T* held) {
  if (Py_IsInitialized() != 0) {
    const nanobind::gil_scoped_acquire gil;
    delete held;
  }
}

/// Any thread may drop it, with or without the GIL; everything else needs the GIL. Whoever hands
/// one to an object of Python's own must let the garbage collector see it there: functions refer to
/// their module, and so, often, back to what holds them.
using HeldObject = std::shared_ptr<nanobind::object>;

inline HeldObject hold(nanobind::object object) {
  return {new nanobind::object(std::move(object)), drop<nanobind::object>};
}

}  // namespace dga::python
