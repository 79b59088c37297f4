#!/usr/bin/env python3
"""train_bench.cpp with transformers' Trainer: the same models, data, arguments and stopwatch.

usage: train_bench.py JOB UPDATES    prints one line of JSON
"""

import json
import sys
import tempfile
import time

import peers_models
from transformers import Trainer, TrainerCallback, TrainingArguments

WARM_UP = 3


class Stopwatch(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        self.end = time.perf_counter()
        if state.global_step == WARM_UP:
            self.begin = self.end


job_name, updates = sys.argv[1], int(sys.argv[2])
model, columns, batch_size = peers_models.job(job_name, updates + WARM_UP)
stopwatch = Stopwatch()
with tempfile.TemporaryDirectory() as folder:
    args = TrainingArguments(output_dir=folder, per_device_train_batch_size=batch_size,
                             max_steps=updates + WARM_UP, disable_tqdm=True, save_strategy="no",
                             use_cpu=True, report_to="none")
    Trainer(model=model, args=args, train_dataset=peers_models.Rows(columns), callbacks=[stopwatch]).train()
print(json.dumps({"job": job_name, "updates": updates,
                  "steps_per_second": round(updates / (stopwatch.end - stopwatch.begin), 3)}))
