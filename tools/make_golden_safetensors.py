#!/usr/bin/env python3
"""Makes tests/golden/safetensors/{written.safetensors,shard_plans.json} from the originals.

Usage: make_golden_safetensors.py OUTPUT_FOLDER
Made with safetensors 0.8.0, torch 2.14.1, huggingface_hub 1.23 (versions are in shard_plans.json).
The other files of that folder were made by hand-crafted headers; index.json holds safetensors'
verdict on each.
"""
import json
import random
import sys

import huggingface_hub
import safetensors
import torch
from huggingface_hub.serialization._base import parse_size_to_int, split_state_dict_into_shards_factory
from safetensors.torch import save_file

DTYPES = "bool uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz int16 uint16 " \
         "float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64".split()


def written_file(path):
    """One metadata key only: with more, the original's order is random."""
    tensors = {}
    for i, name in enumerate(DTYPES):
        dtype = getattr(torch, name)
        size = torch.empty(0, dtype=dtype).element_size()
        raw = torch.arange(i, i + 6 * size, dtype=torch.uint8)
        if name == "bool":
            raw = raw % 2
        tensors[f"layer.{len(DTYPES) - i}.{name}"] = raw.view(dtype).reshape(2, 3)
    tensors["scalar"] = torch.tensor(3.5)
    tensors["empty"] = torch.zeros(0, 2)
    tensors['odd "name"\\ \t\x01\x7f\u00e9\U0001f600/'] = torch.arange(5, dtype=torch.uint8)
    tensors["b"] = torch.ones(1)
    tensors["B"] = torch.ones(1)
    save_file(tensors, path, metadata={"format": "pt"})


def shard_plans():
    rng = random.Random(7)
    cases = []
    for _ in range(40):
        count = rng.choice([0, 1, 2, 5, 12])
        limit = rng.choice([1, 10, 25, 100])
        tensors = [[f"t{i}", rng.choice([0, 1, 5, 9, 10, 11, 30]), rng.choice([None, None, 1, 2])]
                   for i in range(count)]
        sizes = {}  # equal storages have equal sizes
        for t in tensors:
            if t[2] is not None:
                t[1] = sizes.setdefault(t[2], t[1])
        by_name = {t[0]: t for t in tensors}
        plan = split_state_dict_into_shards_factory(
            {name: by_name[name] for name in by_name},
            get_storage_size=lambda t: t[1], get_storage_id=lambda t: t[2],
            filename_pattern="model{suffix}.safetensors", max_shard_size=limit)
        cases.append({"limit": limit, "tensors": tensors, "total_size": plan.metadata["total_size"],
                      "files": {k: sorted(v) for k, v in plan.filename_to_tensors.items()}})
    return cases


def sizes():
    words = ["5GB", "10KB", "1TB", "500MB", "1.5GB", "0.1GB", " 2 GB ", "5gB", "0.0000001KB", "12.3456789MB", "0KB"]
    return {word: parse_size_to_int(word) for word in words}


def main():
    folder = sys.argv[1]
    written_file(folder + "/written.safetensors")
    out = {"versions": {"huggingface_hub": huggingface_hub.__version__, "safetensors": safetensors.__version__,
                        "torch": torch.__version__},
           "plans": shard_plans(), "sizes": sizes()}
    with open(folder + "/shard_plans.json", "w") as f:
        f.write(json.dumps(out, separators=(",", ":")).replace('{"limit"', '\n{"limit"') + "\n")


main()
