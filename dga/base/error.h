// SPDX-License-Identifier: Apache-2.0
//
// The exceptions that dga throws. The library reports errors by exceptions: it never aborts or ends
// a process of the caller. See docs/errors.md.

#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace dga {

/// Base class of all exceptions of dga. `what()` is one line that says where the error is, what was
/// expected, what was found and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller passed an argument that can never work. The command line then exits with code 2.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A dataset cannot be read. The text begins with file:line if the error is in a line of a file.
class DataError : public Error {
 public:
  using Error::Error;
};

/// There is no file or folder at the location of the data.
class DataNotFound : public DataError {
 public:
  using DataError::DataError;
};

/// A file or folder cannot be read or written. No partly written file is left behind.
class StorageError : public Error {
 public:
  using Error::Error;
};

/// A worker failed, died or did not arrive before the timeout. Every worker of the world throws
/// this exception, all workers of a node with the same text.
class WorkerFailure : public Error {
 public:
  using Error::Error;
};

/// A signal stopped the run.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// A signal stopped the run, which has saved a checkpoint.
class Preempted : public Interrupted {
 public:
  using Interrupted::Interrupted;
};

/// Concatenates its arguments, each formatted with `operator<<`.
template <typename... Args>
std::string str(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return out.str();
}

}  // namespace dga

/// Throws InvalidArgument unless `cond` is true. The other arguments are the parts of the text,
/// which says what was expected, what was found and what to do:
///
///     DGA_CHECK(k > 0, "[mesh] axis size: expected 1 or more, found ", k, ". Raise it.");
#define DGA_CHECK(cond, ...)                                 \
  do {                                                       \
    if (!(cond)) {                                           \
      throw ::dga::InvalidArgument(::dga::str(__VA_ARGS__)); \
    }                                                        \
  } while (false)
