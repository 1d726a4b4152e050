#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Options are in the one table: no other source lists their names, copies them member by member, or repeats defaults.

The table is read from dga/options/option_table.cpp and dga/options/run_options.h.
"""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
#: What is written from the table.
GENERATED = {"docs/cli.md", "python/distributed_gradient_accumulator/_option_types.pyi"}
#: This number of option names that one file declares or copies is a second list of options (a launch has five)...
MANY = 6
#: ... and this number where the calls that take options are, which must name them only through the table.
FEW = 3
#: Whole groups may be copied.
GROUPS = {"data", "workers", "model", "training", "output"}
#: Groups of options that a lower room declares, because it takes them whole.
LOWER_GROUPS = {"dga/data/table_options.h", "dga/data/sample_options.h"}
CALLS = ("dga/problem/", "python/")


def table():
    """(names as people type them, members of the groups)."""
    rows = (SOURCE / "dga" / "options" / "option_table.cpp").read_text(encoding="utf-8")
    found = re.findall(r'\b(?:option|choice)\(\s*"([a-z-]+)",(?:\s*"[^"]*",)?\s*&\w+::(\w+)', rows)
    return {name for name, _ in found}, {member for _, member in found}


NAMES, MEMBERS = table()
COMPOUND = {name for name in NAMES if "-" in name}


def sources():
    """(path, text) of each hand-written source of the library, the program and the package."""
    for folder, pattern in (("dga", "*.cpp"), ("dga", "*.h"), ("python/bindings", "*.cpp"), ("python/bindings", "*.h"),
                            ("python/distributed_gradient_accumulator", "*.py*")):
        for path in sorted((SOURCE / folder).rglob(pattern)):
            name = path.relative_to(SOURCE).as_posix()
            # Optimisers in dga/parallel have options of their own, by torch's names.
            if path.suffix in (".cpp", ".h", ".py", ".pyi") and name not in GENERATED | LOWER_GROUPS and not name.startswith(
                    ("dga/options/", "dga/parallel/")):
                yield name, path.read_text(encoding="utf-8")


def violations(name, text):
    """What is wrong in one source, a line each."""
    spelt = {name.replace("-", "_") for name in NAMES} | MEMBERS
    code = re.sub(r"//.*|^\s*#.*", "", text, flags=re.MULTILINE)
    wrong = []
    # Two ways to name an option of the table: to ask a saved run for it, and to add its row to a command.
    for asked in re.findall(r'\boption\("([^"]+)"\)|add_to\(\*?app, \{([^}]*)\}', code):
        for option in [asked[0]] if asked[0] else re.findall(r'"([^"]+)"', asked[1]):
            if option not in NAMES:
                wrong.append(f"{name}: asks for the option {option!r}, which the table does not have")
    code = re.sub(r'\boption\("[^"]+"\)|add_to\(\*?app, \{[^}]*\}', "", code)
    for quoted in sorted(set(re.findall(r'["\'](?:--)?([a-z]+(?:[-_][a-z]+)+)["\']', code))):
        if quoted.replace("_", "-") in COMPOUND:
            wrong.append(f"{name}: spells the option {quoted!r} in quotes")
    # Commands other than train have options of their own, some by the same name (the file of predict --output).
    for quoted in sorted(set(re.findall(r'["\']--([a-z-]+)["\']', code))):
        if quoted in NAMES - COMPOUND and not name.startswith("dga/cli/"):
            wrong.append(f"{name}: takes the option --{quoted} by itself")
    if name.endswith((".py", ".pyi")):
        declared = set(re.findall(r"\b([a-z_]+)\s*:\s*(?:Optional\[|Union\[|int\b|float\b|str\b|bool\b)", code))
    else:
        own = re.sub(r"= \w+Options\{\}\.\w+;", "= (taken over);", code)  # its default is that of the option
        declared = set(re.findall(r"^\s+[\w:<>]+\s+([a-z_]+)(?:\s*=\s*[^;=()]+|\s*\{[^;]*\})?;", own, flags=re.MULTILINE))
    most = FEW if name.startswith(CALLS) else MANY
    if len(declared & spelt) >= most:
        wrong.append(f"{name}: declares a list of options: {', '.join(sorted(declared & spelt))}")
    copied = {left for left, right in re.findall(r"\.([a-z_]+) = [\w.>-]+[.>]([a-z_]+)[;,]", code) if left == right}
    copied -= GROUPS
    if len(copied & spelt) >= most:
        wrong.append(f"{name}: copies options one by one: {', '.join(sorted(copied & spelt))}")
    if name.endswith((".cpp", ".h")) and re.search(r"\bRunOptions\{\}\.", code):
        wrong.append(f"{name}: repeats the default of an option as RunOptions{{}}.…")
    return wrong


class OptionsTest(unittest.TestCase):
    def test_the_table_is_understood(self):
        self.assertGreater(len(NAMES), 30)
        self.assertIn("weight-decay", COMPOUND)
        self.assertTrue({"path", "count", "folder", "micro_steps"} <= MEMBERS)

    def test_no_source_has_options_of_its_own(self):
        seen, wrong = 0, []
        for name, text in sources():
            seen += 1
            wrong += violations(name, text)
        self.assertGreater(seen, 150)
        self.assertEqual(wrong, [], "An option belongs in dga/options/run_options.h and option_table.cpp alone.")

    def test_what_is_wrong_is_found(self):
        members = "".join(f"  double {name} = 0;\n" for name in ("epochs", "batch", "lr", "momentum", "seed", "dropout"))
        copies = "".join(f"  options.{name} = problem.{name};\n" for name in
                         ("epochs", "batch", "lr", "ema", "seed", "patience"))
        arguments = ", ".join(f"{name}: Optional[int] = None" for name in
                              ("epochs", "batch", "lr", "momentum", "seed", "dropout"))
        for name, text, found in (
                ("a.h", f"struct Options {{\n{members}}};\n", "declares a list of options"),
                ("a.cpp", f"void f() {{\n{copies}}}\n", "copies options one by one"),
                ("a.py", f"def create({arguments}): ...\n", "declares a list of options"),
                ("python/a.py", "def create(epochs: int = 40, lr: float = 0, seed: int = 42): ...\n", "declares a list"),
                ("dga/problem/a.cpp", "".join(copies.splitlines(True)[:3]), "copies options one by one"),
                ("a.cpp", 'app.add("--weight-decay");', "spells the option 'weight-decay'"),
                ("dga/launch/a.cpp", 'value_at("--workers", i)', "takes the option --workers by itself"),
                ("a.py", "arguments['weight_decay'] = 0", "spells the option 'weight_decay'"),
                ("a.cpp", 'run.option("weight-decoy")', "asks for the option 'weight-decoy'"),
                ("a.cpp", 'OptionArguments::add_to(app, {"engine", "worker"})', "asks for the option 'worker'"),
                ("a.h", "double lr = RunOptions{}.training.lr;", "repeats the default")):
            self.assertEqual(len(violations(name, text)), 1, text)
            self.assertIn(found, violations(name, text)[0])


if __name__ == "__main__":
    unittest.main()
