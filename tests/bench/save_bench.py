#!/usr/bin/env python3
"""How long transformers' Trainer stands still in a save: save_bench.cpp's model and data.

usage: save_bench.py JOB UPDATES SAVE_EVERY    prints one line of JSON
"""

import json
import os
import resource
import statistics
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when PyTorch is loaded

import peers_models
from transformers import Trainer, TrainerCallback, TrainingArguments

WARM_UP = 2


class TimedTrainer(Trainer):
    seconds = []
    bytes = 0  # of the newest checkpoint

    def _save_checkpoint(self, *args, **kwargs):
        begin = time.perf_counter()
        super()._save_checkpoint(*args, **kwargs)
        self.seconds.append(time.perf_counter() - begin)
        checkpoint = os.path.join(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        self.bytes = sum(entry.stat().st_size for entry in os.scandir(checkpoint))


class Stopwatch(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        self.end = time.perf_counter()
        if state.global_step == WARM_UP:
            self.begin = self.end


job_name, updates, save_every = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model, columns, batch_size = peers_models.job(job_name, updates + WARM_UP)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(output_dir=folder, per_device_train_batch_size=batch_size,
                             max_steps=updates + WARM_UP, disable_tqdm=True, save_steps=save_every,
                             save_total_limit=2, use_cpu=True, report_to="none",
                             logging_strategy="no")
    stopwatch = Stopwatch()
    trainer = TimedTrainer(model=model, args=args, train_dataset=peers_models.Rows(columns),
                           callbacks=[stopwatch])
    trainer.train()
in_ms = [round(1e3 * seconds, 1) for seconds in trainer.seconds]
print(json.dumps({"job": job_name, "how": "transformers", "saves": len(in_ms),
                  "checkpoint_mb": round(trainer.bytes / 1e6, 1),
                  "stall_ms_median": statistics.median(in_ms), "stalls_ms": in_ms,
                  "updates_per_second": round(updates / (stopwatch.end - stopwatch.begin), 4),
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
