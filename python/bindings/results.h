// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <nanobind/nanobind.h>

#include "dga/storage/run_results.h"

namespace dga::python {

/// As a line of metrics.jsonl says it; None for what is missing.
nanobind::object epoch_dict(const EpochResult& epoch);

}  // namespace dga::python
