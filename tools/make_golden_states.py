#!/usr/bin/env python3
"""Makes tests/golden/trainer/states/: trainer_state.json with all that Python may put there.

usage: make_golden_states.py OUTPUT_FOLDER
Made with transformers 5.12.1 (tests/golden/trainer/versions.json).
"""
import os
import sys
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import torch
import transformers
from transformers import EarlyStoppingCallback, Trainer, TrainerControl, TrainingArguments
from transformers.trainer_callback import ExportableState, TrainerCallback, TrainerState


class Recorder(TrainerCallback, ExportableState):
    """A user's callback whose state is more than numbers."""

    def __init__(self, milestones=(1, 2.5, "x")):
        self.milestones = milestones

    def state(self):
        return {"args": {"milestones": self.milestones},
                "attributes": {"seen": [1, 2.0, None, {"deep": [True, "\u00e4"]}], "empty": {}, "none": None}}


def early_stopping():
    """A run of the Trainer that stops early, on a metric that is an int."""
    transformers.set_seed(1)

    class Tiny(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(3, 2)

        def forward(self, x, labels=None):
            logits = self.linear(x)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    data = [{"x": torch.randn(3), "labels": i % 2} for i in range(16)]
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(output_dir=folder, max_steps=20, per_device_train_batch_size=4, save_steps=0.1,
                                 logging_steps=1.0, eval_strategy="steps", eval_steps=0.1, report_to=[],
                                 use_cpu=True, disable_tqdm=True, load_best_model_at_end=True,
                                 metric_for_best_model="hits", greater_is_better=True)
        trainer = Trainer(model=Tiny(), args=args, train_dataset=data, eval_dataset=data[:4],
                          compute_metrics=lambda p: {"hits": 3},
                          callbacks=[EarlyStoppingCallback(early_stopping_patience=2)])
        trainer.train()
        newest = max((n for n in os.listdir(folder) if n.startswith("checkpoint-")), key=lambda n: int(n[11:]))
        with open(os.path.join(folder, newest, "trainer_state.json"), encoding="utf-8") as file:
            return file.read().replace(folder, "out")


def written(state):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trainer_state.json")
        state.save_to_json(path)
        with open(path, encoding="utf-8") as file:
            return file.read()


def main():
    nan, inf = float("nan"), float("inf")
    row = {"loss": 1e-05, "learning_rate": 1.6666666666666667e-05, "epoch": 1.0, "step": 1}
    texts = {
        "early_stopping": early_stopping(),
        "fresh": written(TrainerState()),
        "nested": written(TrainerState(
            epoch=1.0, global_step=1, max_steps=3, num_train_epochs=3, train_batch_size=8, total_flos=1e16,
            log_history=[{**row, "per_class": [0.5, 1, nan], "by_name": {"b": 1, "a": (2, 3.0)}, "note": "\u00fc\n\u2603",
                          "flag": True, "nothing": None}],
            stateful_callbacks=[TrainerControl(should_save=True), Recorder(), Recorder(milestones=[])])),
        "not_finite": written(TrainerState(
            epoch=0.5, global_step=1, best_metric=-inf, best_global_step=1, best_model_checkpoint="out/checkpoint-1",
            log_history=[{**row, "loss": nan, "grad_norm": inf, "per_class": [1.0, nan]}])),
        "trial": written(TrainerState(
            epoch=2.0, global_step=4, logging_steps=1.0, eval_steps=500.0, save_steps=7, best_metric=3,
            is_hyper_param_search=True, is_local_process_zero=False, trial_name="run-\u00e9",
            trial_params={"learning_rate": 3e-05, "num_train_epochs": 2, "optim": "sgd", "warm": True})),
    }
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, text in texts.items():
        with open(os.path.join(sys.argv[1], name + ".json"), "w", encoding="utf-8") as file:
            file.write(text)


main()
