#!/usr/bin/env python3
"""Makes tests/golden/trainer/: a real checkpoint of transformers' Trainer, and what Python reads from it.

usage: make_golden_trainer.py OUTPUT_FOLDER
Made with transformers 5.12.1, torch 2.14.1, numpy (versions are in versions.json), on a CPU, with one thread.
"""
import json
import os
import shutil
import sys
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy
import torch
import transformers
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "peers"))
from check_torch_file import describe, load


class TinyConfig(PretrainedConfig):
    model_type = "tiny"


class Tiny(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.first = torch.nn.Linear(3, 4)
        self.norm = torch.nn.LayerNorm(4)
        self.last = torch.nn.Linear(4, 2)
        self.post_init()

    def forward(self, x, labels=None):
        logits = self.last(self.norm(self.first(x)))
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(1)
    transformers.set_seed(1)
    data = [{"x": torch.randn(3), "labels": i % 2} for i in range(16)]
    with tempfile.TemporaryDirectory() as work:
        args = TrainingArguments(output_dir=work, max_steps=2, per_device_train_batch_size=4, save_steps=2,
                                 logging_steps=1, eval_strategy="steps", eval_steps=1, learning_rate=0.01,
                                 weight_decay=0.1, warmup_steps=1, report_to=[], use_cpu=True, disable_tqdm=True)
        Trainer(model=Tiny(TinyConfig()), args=args, train_dataset=data, eval_dataset=data[:4]).train()
        checkpoint = os.path.join(work, "checkpoint-2")
        print(sorted(os.listdir(checkpoint)))
        expected = {}
        for name in ["optimizer.pt", "scheduler.pt", "rng_state.pth"]:
            shutil.copyfile(os.path.join(checkpoint, name), os.path.join(out, name))
            expected[name] = describe(load(os.path.join(out, name)))
        for name in ["trainer_state.json", "model.safetensors", "config.json"]:
            shutil.copyfile(os.path.join(checkpoint, name), os.path.join(out, name))
    with open(os.path.join(out, "expected.json"), "w") as f:
        json.dump(expected, f, separators=(",", ":"))
        f.write("\n")
    with open(os.path.join(out, "versions.json"), "w") as f:
        json.dump({"numpy": numpy.__version__, "torch": torch.__version__, "transformers": transformers.__version__,
                   "python": sys.version.split()[0]}, f)
        f.write("\n")


main()
