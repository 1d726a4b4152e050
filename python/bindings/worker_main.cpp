// SPDX-License-Identifier: Apache-2.0
//
// dga-worker: what the worker processes of a Python program are.

#include <exception>
#include <iostream>

#include "dga/base/descriptor.h"
#include "dga/base/exception_text.h"
#include "dga/train/train_run.h"

int main() {
  dga::open_standard_descriptors();
  try {
    dga::train_as_worker();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dga-worker: " << dga::exception_text(error) << '\n';
    return 1;
  }
}
