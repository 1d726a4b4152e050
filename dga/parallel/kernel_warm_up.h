// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace dga {

/// Calls the vector kernels of torch's maths library once in this process. One thread makes the
/// calls; other threads that call this function meanwhile wait for it.
///
/// MKL chooses a kernel at the first call of each function. If two threads make that call at the
/// same moment, one of them may run another kernel and get other last bits. This happened in the
/// square root of Adam's first step, in 1 of 75 runs with two worker threads. Each worker calls
/// this function before its first step.
void warm_up_kernels();

}  // namespace dga
