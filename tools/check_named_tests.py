#!/usr/bin/env python3
"""Checks that the tests that documents name as `Suite.Test` are there.

usage: check_named_tests.py [ROOT]
Looks into docs/pushing.md. Prints one line a fault, `path: what is wrong`, and exits with 1; with 0
when there is none.
"""

import re
import sys
from pathlib import Path

DOCUMENTS = ["docs/pushing.md"]
TABLE = "| tests |"
NAMED = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)`")
DEFINED = re.compile(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")


def tests_of(root):
    return {test for file in (root / "tests").rglob("*.cpp")
            for test in DEFINED.findall(file.read_text())}


def named_in(document):
    """By its tables that have a column of tests."""
    table = document[document.find(TABLE):].split("\n\n")[0] if TABLE in document else ""
    return NAMED.findall(table)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    there = tests_of(root)
    faults = []
    for path in DOCUMENTS:
        named = named_in((root / path).read_text())
        if not named:
            faults.append(f"{path}: names no tests")
        faults += [f"{path}: there is no test {suite}.{name}"
                   for suite, name in named if (suite, name) not in there]
    print("\n".join(faults) or "named tests: all are there")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
