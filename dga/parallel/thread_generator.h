// SPDX-License-Identifier: Apache-2.0
//
// The former name of keyed_random_scope.h, for programs that include it.

#pragma once

#include "dga/parallel/keyed_random_scope.h"
