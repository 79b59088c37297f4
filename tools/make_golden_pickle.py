#!/usr/bin/env python3
"""Makes tests/golden/pickle/{more.pt,more-protocol4.pt,described.json} from PyTorch.

usage: make_golden_pickle.py FOLDER
FOLDER holds the other files of torch.save; described.json says what torch.load(weights_only=True) makes of each
that it loads. Made with torch 2.14.1 and the NumPy of versions.json.
"""
import collections
import json
import os
import random
import sys

import numpy
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "peers"))
from check_torch_file import describe, load


def values():
    random.seed(3)
    numpy.random.seed(3)
    base = torch.arange(12, dtype=torch.float64)
    ordered = collections.OrderedDict(x=1)
    ordered.note = "kept"
    return {
        "python": random.getstate(), "numpy": numpy.random.get_state(), "scalar": numpy.float64(0.1),
        "int32": numpy.int32(-5), "wide": [2**31, -2**31 - 1, 2**63 - 1, -2**63, 2**63, 2**64, -2**70, 10**40, 255, 256, -1],
        "floats": [0.0, -0.0, 1e300, float("inf"), float("nan"), 5e-324], "none": None, "flags": (True, False),
        "empty": [{}, [], (), ""], "bytes": b"\x00\x7f\x80\xff", "text": "caf\u00e9 \U0001f600 \n",
        "size": torch.Size([2, 3]), "device": torch.device("cuda:1"), "dtype": torch.bfloat16, "set": {1, 2},
        "counter": collections.Counter({"a": 2}), "ordered": ordered, "keys": {1: "int", (1, 2): "tuple", None: 0, 1.5: 0},
        "new dtypes": [torch.arange(6, dtype=torch.uint8).view(torch.uint16), torch.ones(2).to(torch.float8_e5m2),
                       torch.ones(2, dtype=torch.uint64)],
        "complex": torch.tensor([1 + 2j]), "views": [base[3:], base.reshape(3, 4).t(), base[2], base[:0], base.expand(2, 12)],
        "parameter": torch.nn.Parameter(torch.ones(2)), "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "grad": torch.ones(2, requires_grad=True), "many": list(range(2500)), "lots": {str(i): i for i in range(1001)},
    }


def main():
    folder = sys.argv[1]
    torch.save(values(), folder + "/more.pt")
    described = {"more.pt": describe(load(folder + "/more.pt")), "versions": {
        "torch": torch.__version__, "numpy": numpy.__version__, "python": sys.version.split()[0]}}
    # weights_only does not read protocol 4, so only its contents are known: the same, but for NumPy's
    plain = {k: v for k, v in values().items() if k not in ("numpy", "scalar", "int32", "set")}
    torch.save(plain, folder + "/more-protocol4.pt", pickle_protocol=4)
    for name in ["zip.bin", "legacy.bin", "zip-plain-dict.bin", "zip-nested.bin", "tiny-bert-state.bin"]:
        described[name] = describe(load(f"{folder}/{name}"))
    with open(folder + "/described.json", "w") as f:
        json.dump(described, f, separators=(",", ":"))
        f.write("\n")


main()
