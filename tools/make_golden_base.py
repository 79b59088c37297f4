#!/usr/bin/env python3
"""Makes tests/golden/base/*.json: what Python's repr, json, fnmatch and huggingface_hub say.

usage: make_golden_base.py OUTPUT_FOLDER
Made with Python 3.14.8 and huggingface_hub 1.23.0.
"""
import fnmatch
import json
import os
import random
import struct
import sys

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import filter_repo_objects, validate_repo_id


def bits(value):
    return struct.pack(">d", value).hex()


def doubles():
    rng = random.Random(1)
    values = [0.0, -0.0, 1.0, 0.1, 1 / 3, 5e-05, 2e-05, 1e-4, 9.999e-5, 1e15, 1e16, 1e17, 123456789012345678.0, 2.0**53,
              2.0**53 + 2, 9999999999999998.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 1e23, 0.5,
              float("nan"), float("inf"), float("-inf")]
    for _ in range(1500):
        values.append(struct.unpack(">d", rng.randbytes(8))[0])
    for _ in range(1000):
        values.append(rng.uniform(-10, 10) * 10.0**rng.randint(-8, 20))
    for _ in range(500):
        values.append(float(f"{rng.randint(1, 9999)}e{rng.randint(-25, 25)}"))
    for _ in range(300):
        values.append(float(rng.randint(2**52, 10**16)))
    return [[bits(v), repr(v)] for v in values if v == v or str(v) == "nan"]


def any_json(rng, depth=0):
    kind = rng.randrange(6 if depth > 3 else 9)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice([0, 1, -1, 2**31, -2**63, 2**63 - 1, 2**64 - 1, rng.randint(-1000, 1000)])
    if kind == 3:
        return rng.choice([0.5, 1e-7, 1e16, 5e-05, -0.0, rng.uniform(-1, 1), float("nan"), float("inf"), -float("inf")])
    if kind in (4, 5):
        return "".join(rng.choice('ab"\\/\b\f\n\r\t\x00\x1f\x7f\u00e9\u20ac\U0001f600\u2028 NaN') for _ in range(rng.randrange(6)))
    if kind in (6, 7):
        return {any_key(rng): any_json(rng, depth + 1) for _ in range(rng.randrange(5))}
    return [any_json(rng, depth + 1) for _ in range(rng.randrange(5))]


def any_key(rng):
    return "".join(rng.choice("abcAB_.\u00e9\U0001f600 ") for _ in range(rng.randrange(1, 5)))


def dumps():
    rng = random.Random(2)
    cases = []
    for _ in range(150):
        value = any_json(rng)
        cases.append({
            "text": json.dumps(value),
            "config": json.dumps(value, indent=2, sort_keys=True),
            "line": json.dumps(value),
            "unicode": json.dumps(value, indent=4, ensure_ascii=False),
        })
    return cases


def globs():
    rng = random.Random(3)
    cases = []
    for _ in range(4000):
        pattern = "".join(rng.choice("aab*?[]!-^c\u00e9./\\") for _ in range(rng.randrange(8)))
        text = "".join(rng.choice("aab]-[!^c\u00e9./\\") for _ in range(rng.randrange(7)))
        cases.append([pattern, text, fnmatch.fnmatchcase(text, pattern)])
    for pattern, text in [("*.safetensors", "a/b/model.safetensors"), ("*", ""), ("", ""), ("", "a"), ("a*b*c", "aXbXbXc"),
                          ("[!a]", "\u00e9"), ("?", "\U0001f600"), ("[\u00e0-\u00ff]", "\u00e9"), ("*" * 30 + "b", "a" * 60),
                          ("a\nb", "a\nb"), ("*", "a\nb"), ("[a-c]*[!x-z]", "b/y"), ("[]-a]", "^"), ("[z-a]", "m"), ("[!z-a]", "m")]:
        cases.append([pattern, text, fnmatch.fnmatchcase(text, pattern)])
    return cases


def filters():
    rng = random.Random(4)
    names = ["config.json", "model.safetensors", "checkpoint-5/optimizer.pt", "checkpoint-5/a/b.bin", "README.md", "a.b/c", "logs/"]
    patterns = ["*.json", "*", "checkpoint-*/", "checkpoint-5/*", "*.bin", "a.b/", "README.md", "logs/", "[!a]*", "checkpoint-5"]
    cases = []
    for _ in range(300):
        allow = rng.choice([None, rng.sample(patterns, rng.randrange(0, 3))])
        ignore = rng.choice([None, rng.sample(patterns, rng.randrange(0, 3))])
        taken = list(filter_repo_objects(names, allow_patterns=allow, ignore_patterns=ignore))
        cases.append({"allow": allow, "ignore": ignore, "taken": taken})
    return {"names": names, "cases": cases}


def repo_ids():
    rng = random.Random(5)
    words = ["bert", "ana/bert", "ana/bert.git", "bert.git", "a--b", "a..b", "-a", "a-", ".a", "a.", "_a_", "a/b/c", "/a", "a/", "",
             "a b", "a/b c", "a" * 96, "a" * 97, "o/" + "a" * 96, "o" * 96 + "/a", "a@b", "A.b-c_d", "a/..", "./a", "a\n", "1/2", "x/-y",
             "x/y-", "-x/y", "x-/y", "x./y", ".x/y", "a--b/c", "a..b/c", "a/b.git/", "a.git/b", "a/b--c", "%41", "a:b"]
    for _ in range(600):
        words.append("".join(rng.choice("ab0_-./") for _ in range(rng.randrange(1, 7))))
    cases = []
    for word in words:
        try:
            validate_repo_id(word)
            cases.append([word, True])
        except HFValidationError:
            cases.append([word, False])
    return cases


def main():
    for name, make in [("doubles", doubles), ("dumps", dumps), ("globs", globs), ("filters", filters), ("repo_ids", repo_ids)]:
        with open(os.path.join(sys.argv[1], name + ".json"), "w") as f:
            text = json.dumps(make(), separators=(",", ":"))
            f.write(text + "\n")


main()
