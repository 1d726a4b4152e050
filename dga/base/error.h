// SPDX-License-Identifier: Apache-2.0
//
// The errors dga throws. Policy in docs/errors.md: the library throws, it never exits or aborts.

#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace dga {

/// Root of every exception thrown by dga. `what()` is one line: where, what was expected, what was
/// found, what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller passed something that can never work. The command line answers it with exit code 2.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A dataset could not be read; the text starts with file:line where there is one.
class DataError : public Error {
 public:
  using Error::Error;
};

/// There is nothing where the data should be.
class DataNotFound : public DataError {
 public:
  using DataError::DataError;
};

/// A file or folder could not be read or written; nothing half-written is left behind.
class StorageError : public Error {
 public:
  using Error::Error;
};

/// A worker failed, died or did not arrive in time. Every worker of the world throws the same text.
class WorkerFailure : public Error {
 public:
  using Error::Error;
};

/// The run was stopped by a signal.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// Joins its arguments with `operator<<`.
template <typename... Args>
std::string str(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return out.str();
}

}  // namespace dga

/// Throws InvalidArgument unless `cond` holds. Say what was expected and what was given:
///
///     DGA_CHECK(k > 0, "[mesh] axis size must be >= 1, got ", k);
#define DGA_CHECK(cond, ...)                                 \
  do {                                                       \
    if (!(cond)) {                                           \
      throw ::dga::InvalidArgument(::dga::str(__VA_ARGS__)); \
    }                                                        \
  } while (false)
