#!/usr/bin/env python3
"""How long transformers' Trainer stands still in a save: save_bench.cpp's model and data.

usage: save_bench.py JOB UPDATES SAVE_EVERY    prints one line of JSON
"""

import json
import statistics
import sys
import tempfile
import time

import peers_models
from transformers import Trainer, TrainingArguments


class TimedTrainer(Trainer):
    seconds = []

    def _save_checkpoint(self, *args, **kwargs):
        begin = time.perf_counter()
        super()._save_checkpoint(*args, **kwargs)
        self.seconds.append(time.perf_counter() - begin)


job_name, updates, save_every = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model, columns, batch_size = peers_models.job(job_name, updates)
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(output_dir=folder, per_device_train_batch_size=batch_size,
                             max_steps=updates, disable_tqdm=True, save_steps=save_every,
                             save_total_limit=2, use_cpu=True, report_to="none",
                             logging_strategy="no")
    trainer = TimedTrainer(model=model, args=args, train_dataset=peers_models.Rows(columns))
    trainer.train()
print(json.dumps({"job": job_name, "saves": len(trainer.seconds),
                  "save_ms_median": round(1e3 * statistics.median(trainer.seconds), 1),
                  "all_ms": [round(1e3 * s, 1) for s in trainer.seconds]}))
