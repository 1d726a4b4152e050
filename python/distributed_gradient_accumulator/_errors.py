# SPDX-License-Identifier: Apache-2.0
"""The exceptions of dga. Each is also the built-in one that people expect in its place."""


class Error(Exception):
    """Root of the exceptions of dga. The text is one line: where, what was expected, what was found, what to do."""


class InvalidArgument(Error, ValueError):
    """An argument can never work."""


class DataError(Error, ValueError):
    """A dataset could not be read; the text starts with file:line where there is one."""


class DataNotFound(DataError, FileNotFoundError):
    """There is nothing where the data should be."""


class StorageError(Error, OSError):
    """A file or folder could not be read or written; nothing half-written is left behind."""


class WorkerFailure(Error, RuntimeError):
    """A worker failed, died or did not arrive in time."""
