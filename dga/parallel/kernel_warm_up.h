// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace dga {

/// Calls the kernels of torch's maths library once in this process, by one thread while others that
/// ask for it wait.
///
/// MKL chooses its vector kernels at the first call of each function, and two threads that make it
/// at the same moment may compute that one call with another kernel, hence with other last bits:
/// seen in the square root of Adam's first step, in one of 75 runs of two worker threads. Called by
/// every worker before its first step.
void warm_up_kernels();

}  // namespace dga
