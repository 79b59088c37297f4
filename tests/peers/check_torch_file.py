#!/usr/bin/env python3
"""Says what torch.load(weights_only=True) makes of a file, as JSON, and compares it with a JSON of expectations.

usage: check_torch_file.py FILE [EXPECTED.json]
Without expectations: prints the description. With them: exits 1 and prints both where they differ.
tests/pickle/describe.cpp describes what our reader makes of a file in the same words.
"""
import collections
import hashlib
import json
import struct
import sys

import numpy
import torch

MAX_BYTES = 4096  # longer contents are described by their SHA-256


def contents(data):
    if len(data) <= MAX_BYTES:
        return data.hex()
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tensor(value):
    untyped = value.untyped_storage()
    size = value.element_size()
    first = value.storage_offset() * size
    reach = sum((n - 1) * s for n, s in zip(value.shape, value.stride())) + 1 if value.numel() else 0
    raw = bytes(torch.tensor([], dtype=torch.uint8).set_(untyped).numpy().tobytes()[first:first + reach * size])
    return {"tensor": str(value.dtype)[6:], "shape": list(value.shape), "stride": list(value.stride()),
            "offset": value.storage_offset(), "storage_bytes": untyped.nbytes(),
            "requires_grad": value.requires_grad, "parameter": isinstance(value, torch.nn.Parameter),
            "bytes": contents(raw)}


def pairs(items):
    return [[describe(k), describe(v)] for k, v in items]


def describe(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (numpy.integer, int)):
        return {"int": str(int(value))}
    if isinstance(value, (numpy.floating, float)):
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, bytes):
        return {"bytes": contents(value)}
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, torch.dtype):
        return {"dtype": str(value)[6:]}
    if isinstance(value, numpy.ndarray):
        return {"numpy": value.dtype.str.lstrip("<|"), "shape": list(value.shape), "bytes": contents(value.tobytes())}
    if isinstance(value, collections.OrderedDict):
        out = {"ordered_dict": pairs(value.items())}
        if vars(value):
            out["attributes"] = pairs(vars(value).items())
        return out
    if isinstance(value, dict):
        return {"dict": pairs(value.items())}
    if isinstance(value, tuple):
        return {"tuple": [describe(v) for v in value]}
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, (list, set)):  # our reader makes lists of sets
        return {"list": [describe(v) for v in value]}
    raise TypeError(f"cannot describe {type(value)}")


def load(path):
    """As transformers' Trainer loads rng_state.pth: NumPy's names are allowed besides torch's own."""
    multiarray = getattr(numpy, "_core", None) or numpy.core
    names = [multiarray.multiarray._reconstruct, multiarray.multiarray.scalar, numpy.ndarray, numpy.dtype]
    names += [type(numpy.dtype(word)) for word in ("u4", "i4", "f8")]
    with torch.serialization.safe_globals(names):
        return torch.load(path, weights_only=True, map_location="cpu")


def main():
    found = describe(load(sys.argv[1]))
    if len(sys.argv) == 2:
        print(json.dumps(found))
        return
    with open(sys.argv[2]) as f:
        expected = json.load(f)
    if found != expected:
        print("found:    " + json.dumps(found)[:4000], "expected: " + json.dumps(expected)[:4000], sep="\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
