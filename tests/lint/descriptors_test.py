#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No source makes a descriptor that could be 0, 1 or 2: each such call stands in above_standard (dga/base/descriptor.h)."""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ONE = ("open|open64|openat|creat|memfd_create|memfd_secret|eventfd|epoll_create1?|socket|accept4?|dup|signalfd|"
       "timerfd_create|inotify_init1?|fanotify_init|shm_open|mkstemps?|mkostemps?|userfaultfd|perf_event_open")
MAKES_ONE = re.compile(rf"(?<![\w.>:])(?:::)?(?:{ONE})\s*\(|\bSYS_(?:{ONE}|pidfd_open)\b")
MAKES_TWO = re.compile(r"(?<![\w.>:])(?:::)?(?:pipe2?|socketpair)\s*\(")
NEVER = re.compile(r"\b(?:fopen|freopen|fdopen|popen|tmpfile|dup2|dup3|opendir)\s*\(|\bstd::(?:w?o?fstream|basic_fstream)\b")


def violations(name, text):
    """What is wrong in one source, a line each."""
    code = re.sub(r"//.*", "", text)
    wrong = []
    for match in MAKES_ONE.finditer(code):
        before = code[:match.start()]
        statement = before[max(before.rfind(";"), before.rfind("{"), before.rfind("}")) + 1:]
        if re.search(r"\b(?:static|unique_ptr<\w+>|SourcePtr)\s*$", statement):
            continue  # a declaration
        if "above_standard(" not in statement:
            wrong.append(f"{name}: {match[0].strip()} outside above_standard()")
    for match in MAKES_TWO.finditer(code):
        if "move_above_standard(" not in code[match.end():match.end() + 200]:
            wrong.append(f"{name}: {match[0].strip()} without move_above_standard()")
    wrong += [f"{name}: {match[0].strip()}, whose descriptor cannot be moved" for match in NEVER.finditer(code)]
    return wrong


class DescriptorsTest(unittest.TestCase):
    def test_every_descriptor_is_above_the_standard_ones(self):
        seen, wrong = 0, []
        for folder in ("dga", "python/bindings"):
            for path in sorted((SOURCE / folder).rglob("*")):
                name = path.relative_to(SOURCE).as_posix()
                if path.suffix in (".cpp", ".h") and not name.startswith("dga/base/descriptor."):
                    seen += 1
                    wrong += violations(name, path.read_text(encoding="utf-8"))
        self.assertGreater(seen, 200)
        self.assertEqual(wrong, [])

    def test_what_is_wrong_is_found_and_what_is_right_is_not(self):
        for text in ("int fd = open(path, O_RDONLY);", "int fd = ::open(path, O_RDONLY);", "memfd_create(\"x\", 0);",
                     "stop_(eventfd(0, 0)) {", "if (socketpair(AF_UNIX, 0, 0, ends) != 0) {}", "pipe2(ends, 0);",
                     "syscall(SYS_pidfd_open, pid, 0)", "std::ofstream file(path);", "FILE* f = std::fopen(p, \"w\");",
                     "above_standard(a); int b = dup(a);", "f = ::socket(AF_INET, SOCK_STREAM, 0);"):
            self.assertEqual(len(violations("a.cpp", text)), 1, text)
        for text in ("int fd = above_standard(::open(path, O_RDONLY));", "file.open(path);", "std::ifstream file(path);",
                     "stop_(above_standard(eventfd(0, 0)))", "ByteChannel::open(comm, options)", "reopen(path);",
                     "above_standard(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)))",
                     "static std::unique_ptr<ByteChannel> open(const Communicator& comm);",
                     "if (socketpair(AF_UNIX, 0, 0, ends.data()) != 0 || !move_above_standard(ends)) {}"):
            self.assertEqual(violations("a.cpp", text), [], text)


if __name__ == "__main__":
    unittest.main()
