// SPDX-License-Identifier: Apache-2.0
//
// dga-worker: what the worker processes of a Python program are.

#include <exception>
#include <iostream>

#include "dga/train/worker_job.h"

int main() {
  try {
    dga::run_worker_job();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dga-worker: " << error.what() << '\n';
    return 1;
  }
}
