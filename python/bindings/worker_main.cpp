// SPDX-License-Identifier: Apache-2.0
//
// dga-worker: what the worker processes of a Python program are.

#include <exception>
#include <iostream>

#include "dga/train/train_run.h"

int main() {
  try {
    dga::train_as_worker();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dga-worker: " << error.what() << '\n';
    return 1;
  }
}
