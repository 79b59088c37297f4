#!/usr/bin/env python3
"""Writes tests/golden/callbacks/tensorboard.events: an event file by torch's own SummaryWriter.

usage: make_golden_tensorboard.py tests/golden/callbacks     (needs torch and tensorboard)
The clock stands still at the time of tests/support/fake_clock.h, so that the file can be compared byte for byte.
"""

import sys
import time
from pathlib import Path

import tensorboard
import torch

time.time = lambda: 1790000000.25

from torch.utils.tensorboard import SummaryWriter  # noqa: E402  (it must see our clock)

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
scratch = folder / "scratch"
writer = SummaryWriter(log_dir=str(scratch))
writer.add_text("args", '{\n  "learning_rate": 5e-05\n}')
writer.add_text("model_config", "{}")
for step in (0, 1, 300, 2**40):
    writer.add_scalar("train/loss", 1.5, step)
    writer.add_scalar("eval/accuracy", 0.1, step)
writer.add_scalar("train/loss", 0.0, 7)
writer.add_scalar("train/loss", float("inf"), 8)
writer.add_scalar("train/loss", float("nan"), 9)
writer.add_scalar("train/total_flos", 1e300, 10)
writer.add_text("train/note", "Käse " + "x" * 300, 300)
writer.close()
[events] = scratch.iterdir()
events.rename(folder / "tensorboard.events")
scratch.rmdir()
print(f"torch {torch.__version__}, tensorboard {tensorboard.__version__}")
