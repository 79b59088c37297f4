#!/usr/bin/env python3
"""Writes tests/golden/training/losses.json: losses of transformers' LabelSmoother, with inputs that a
test can make again (logits = sin of a running number).

usage: make_golden_losses.py > tests/golden/training/losses.json
"""

import json

import torch
import transformers
from transformers.trainer_pt_utils import LabelSmoother


def case(shape, labels, epsilon, shift):
    count = int(torch.tensor(shape).prod())
    logits = torch.sin(torch.arange(count, dtype=torch.float32)).reshape(shape) * 3
    loss = LabelSmoother(epsilon)({"logits": logits}, torch.tensor(labels), shift_labels=shift)
    return {"shape": shape, "labels": labels, "epsilon": epsilon, "shift": shift, "loss": loss.item()}


cases = [
    case([4, 3], [0, 2, 1, 1], 0.1, False),
    case([4, 3], [0, -100, 1, 1], 0.3, False),
    case([2, 5, 4], [[0, 1, 2, 3, 0], [1, -100, -100, 2, 3]], 0.1, False),
    case([2, 5, 4], [[0, 1, 2, 3, 0], [1, -100, -100, 2, 3]], 0.2, True),
]
print(json.dumps({"transformers": transformers.__version__, "cases": cases}, indent=1))
