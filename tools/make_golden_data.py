#!/usr/bin/env python3
"""Makes tests/golden/data/{length_grouped,shards}.json: the orders that transformers' length-grouped
sampler gives, and the samples that accelerate deals to each process.

usage: make_golden_data.py OUTPUT_FOLDER
Made with transformers 5.12.1, torch 2.14.1, accelerate 1.14.0.
"""
import json
import random
import sys

import torch
from accelerate.data_loader import BatchSamplerShard, IterableDatasetShard
from torch.utils.data import BatchSampler, SequentialSampler
from transformers.trainer_pt_utils import get_length_grouped_indices


def length_grouped():
    """Our generator: seeded with seed + epoch. Few different lengths, so that ties are many."""
    rng = random.Random(1)
    cases = []
    for n, batch_size, most in [(1, 1, 9), (3, 8, 9), (10, 2, 3), (10, 2, 1), (33, 4, 5), (64, 3, 100), (201, 50, 4),
                                (400, 1, 1000), (500, 2, 10)]:
        lengths = [rng.randint(0, most) for _ in range(n)]
        for seed, epoch in [(42, 0), (42, 3)]:
            generator = torch.Generator().manual_seed(seed + epoch)
            cases.append({"lengths": lengths, "batch_size": batch_size, "seed": seed, "epoch": epoch,
                          "order": get_length_grouped_indices(lengths, batch_size, generator=generator)})
    return cases


def shards():
    """The batches of every rank, with the samples numbered in the order of the epoch."""
    cases = []
    for batch_size, world in [(1, 2), (2, 2), (4, 2), (3, 3), (6, 3), (1, 4), (4, 4)]:
        for n in [0, 1, 3, 5, 8, 13, 24, 25]:
            for split in [False, True]:
                if split and batch_size % world != 0:
                    continue
                for drop_last in [False, True]:
                    for even in [True, False]:
                        sampler = BatchSampler(SequentialSampler(range(n)), batch_size, drop_last)
                        # A copy of each batch: the original goes on filling the list that it gave.
                        ranks = [[list(batch) for batch in BatchSamplerShard(sampler, world, rank, split, even)]
                                 for rank in range(world)]
                        cases.append({"n": n, "batch_size": batch_size, "world_size": world, "split_batches": split,
                                      "drop_last": drop_last, "even_batches": even, "stream": False, "ranks": ranks})
                    cases.append({"n": n, "batch_size": batch_size, "world_size": world, "split_batches": split,
                                  "drop_last": drop_last, "even_batches": True, "stream": True,
                                  "ranks": [stream_batches(n, batch_size, drop_last, world, rank, split)
                                            for rank in range(world)]})
    return cases


def stream_batches(n, batch_size, drop_last, world, rank, split):
    samples = list(IterableDatasetShard(range(n), batch_size, drop_last, world, rank, split))
    size = batch_size // world if split else batch_size
    return [samples[i:i + size] for i in range(0, len(samples), size)]


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    with open(f"{sys.argv[1]}/{name}", "w", encoding="utf-8") as file:
        file.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    write("length_grouped.json", length_grouped())
    write("shards.json", shards())
