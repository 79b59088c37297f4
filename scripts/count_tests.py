#!/usr/bin/env python3
"""Sums up JUnit reports of ctest and pytest: skipped tests by name, then `N passed, N failed`.

usage: count_tests.py [--no-skips] REPORT...
Exits with 1 if a test failed, or if a report is missing or has none that passed; with --no-skips, also if one was skipped.
"""

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    status = case.get("status")  # ctest only
    if case.find("failure") is not None or case.find("error") is not None or status == "fail":
        return "failed"
    if case.find("skipped") is not None or status in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main():
    arguments = sys.argv[1:]
    no_skips = "--no-skips" in arguments
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for report in (a for a in arguments if a != "--no-skips"):
        try:
            cases = list(ElementTree.parse(report).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            print(f"{report}: no report: {error}")
            counts["failed"] += 1
            continue
        if not any(outcome(case) == "passed" for case in cases):
            print(f"{report}: not one test passed")
            counts["failed"] += 1
        for case in cases:
            result = outcome(case)
            counts[result] += 1
            if result != "passed":
                print(f"{result.upper()}: {case.get('name')}")
    if counts["skipped"]:
        print(f"{counts['skipped']} SKIPPED: named above; they prove nothing here")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    bad = counts["failed"] or not arguments or (no_skips and counts["skipped"])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
