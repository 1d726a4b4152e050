// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace dga {

/// Whether this process has one thread only, so that it may fork. false if the system does not say.
bool single_threaded();

}  // namespace dga
