#!/usr/bin/env python3
"""The table of routes in docs/wire-api.md, made from the router's own list.

usage: wire_api.py PRINT_ROUTES [--write]

PRINT_ROUTES is the program tests/server/print_routes.cpp. Without --write the table must be what it
would be, and every route must have its sentence. With --write the table is made anew: a route keeps
the sentence that it has; a new one gets none, which the next check complains about.
A row says "no" for what is known but not built: its sentence begins with 404 or 501.
"""
import pathlib
import re
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parent.parent / "docs" / "wire-api.md"
BEGIN, END = "<!-- routes: made by tools/wire_api.py -->", "<!-- end of routes -->"
HEAD = ["| done | route | says |", "|---|---|---|"]


def routes(program):
    """Pattern -> methods, in the router's order; what one pattern takes stands in one row."""
    found = {}
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        method, pattern = line.split(" ", 1)
        methods = found.setdefault(pattern, [])
        if method not in methods:
            methods.append(method)
    return found


def row(methods, pattern, says):
    words = "any method" if len(methods) > 3 else ", ".join(methods)
    done = "no" if re.match(r"(404|501)\b", says) else "yes"
    return f"| {done} | `{words} {pattern}` | {says} |"


def main():
    text = DOC.read_text()
    before, rest = text.split(BEGIN, 1)
    table, after = rest.split(END, 1)
    says = {match[1]: match[2] for match in
            re.finditer(r"^\| \w+ \| `[A-Za-z, ]+? (/\S*)` \| (.*) \|$", table, re.MULTILINE)}
    found = routes(sys.argv[1])
    rows = [row(methods, pattern, says.get(pattern, "")) for pattern, methods in found.items()]
    made = "\n" + "\n".join(HEAD + rows) + "\n"
    if sys.argv[2:] == ["--write"]:
        DOC.write_text(before + BEGIN + made + END + after)
        return
    silent = [pattern for pattern in found if not says.get(pattern)]
    if silent:
        sys.exit(f"docs/wire-api.md: no sentence about {', '.join(silent)}")
    if made != table:
        sys.exit("docs/wire-api.md is not what the router says: run tools/wire_api.py with --write")
    print(f"wire-api.md: {len(found)} routes, as the router has them")


if __name__ == "__main__":
    main()
