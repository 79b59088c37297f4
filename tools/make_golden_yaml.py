#!/usr/bin/env python3
"""Writes yaml.jsonl: what PyYAML makes of values, one case a line: {"data": ..., "yaml": ...}.

Run with PyYAML 6.0 (Debian testing): tools/make_golden_yaml.py > tests/golden/card/yaml.jsonl
"""

import json
import random

import yaml

WORDS = """
empty: |
y n Y N yes No ON off true False TRUE null Null NULL ~ nUll 1 0 -1 +3 007 08 0o17 0x1F 0b101 1_000
1__0 0_ 0b 12:30 1:90 190:20:30 190:20:30.15 1.0 1. .5 -.5 +.5 1e5 1e-5 1.5e-5 1.5e5 1.5E+5 .e5 .
.. ... .... --- --a -- - -d -1a : :x x: a:b a: ? ?x ! !x & &a * *a # #a a#b | |x > >x % %a @ @a ` `a
, a,b ,a [ [a] a[b] { {a} a{b} " 'a' it's "say" back\\slash <a> << <<a = == = None .inf -.inf +.inf
.Inf .nan .NaN .nAn 2024-01-01 2024-1-1 2024-01-01T10:00:00Z 2024-13-45 12345678901234567890
é ü 日本語 \U0001F600 a\U0001F600 apache-2.0 mit cc-by-4.0 google-bert/bert-base-cased 1.10 3.14.15
""".split()

PHRASES = [
    "", " ", "a ", " a", "a b", "a: b", "a :b", "a #b", "a# b", "a\tb", "\t", "a\nb", "a\n", "\na",
    "a\n\nb", "a \nb", "a\n b", "a\n\n\nb\n", "a\rb", "a\r\nb", "x\0y", "bell\a", "esc\x1b[0m",
    "\u2028", "a\u2028b", "\u00a0", "a\u00a0b", "\ufeff", "a\ufeffb", "\x7f", "\x85", "a\x85b",
    "2024-01-01 10:00:00", "2024-01-01 10:00:00.5 +01:30", "2024-01-01  1:00:00", "it's: here",
    "quote ' and \" both: yes", "- a", "-  a", "? a", ": a", "a:", "a: ", "no", "key: [1, 2]",
    "GLUE MRPC", "Masked Language Modeling", "100% sure", "@user", "e" * 200, "word " * 40,
    "it's: " + "word " * 40, "'" * 100, "tab\t" + "word " * 40, "tab\t" + "x" * 200, "é\t" * 60,
    "a" * 79 + " b", "a" * 80 + " b", "a" * 77 + "  b c", "a" * 81 + "  b  c d",
    ": " + "word  two " * 20, "line one is here\n" + "word " * 30 + "\nend",
]

NUMBERS = [0, 1, -1, 2**53, -(2**63), 0.0, -0.0, 1.0, 0.1, 1e-05, 2.5e-07, 1e16, 1e22, 1.5e300,
           123456.789, 0.8602941176470589, 5e-324, 1.7976931348623157e308, True, False, None]

TREES = [
    {"library_name": "torchhub", "tags": ["a", "b"], "model-index": [{"name": "x", "results": []}]},
    {"a": {}, "b": [], "c": {"d": {}, "e": []}, "f": [[], {}], "g": [[1, [2, 3]], {"h": [4]}]},
    {"l": [["a", "b"], ["c"]], "m": {"n": {"o": {"p": "deep " * 30}}}, "q": [{"r": "x " * 50}]},
    {"no": 1, "yes": 2, "1": 3, "": 4, "a b": 5, "a: b": 6, "null": 7, "-": 8, "é": 9},
    {"q": [{"a": {"b": 1}, "c": [1, 2]}, {"d": None}]},
]


def random_tree(rng, depth):
    kind = rng.random()
    if depth > 0 and kind < 0.3:
        return [random_tree(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth > 0 and kind < 0.7:
        return {f"k{i}": random_tree(rng, depth - 1) for i in range(rng.randrange(4))}
    if kind < 0.8:
        return rng.choice(NUMBERS)
    if kind < 0.9:
        return "".join(rng.choice("ab :-#'\"\\\n,[]{}é ") for _ in range(rng.randrange(12)))
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 30)))


def main():
    rng = random.Random(7)
    cases = [{"key": text} for text in WORDS + PHRASES]
    cases += [{"list": [text]} for text in PHRASES]
    cases += [{"value": number} for number in NUMBERS]
    cases += TREES
    cases += [{"tree": random_tree(rng, 4)} for _ in range(400)]
    for data in cases:
        text = yaml.dump(data, sort_keys=False, allow_unicode=True)
        print(json.dumps({"data": data, "yaml": text}))


if __name__ == "__main__":
    main()
