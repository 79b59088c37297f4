"""The run that test_chain.py hands from one language to the other, as transformers has it. What it
reads is in a folder: args.json, data.safetensors, start/. peers_chain.cpp does the same with torchhub.

usage: chain.py FOLDER NAME UNTIL [CHECKPOINT]
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import (EarlyStoppingCallback, PretrainedConfig, PreTrainedModel, Trainer, TrainerCallback,
                          TrainingArguments)

# Where there are several processes transformers loads the optimizer onto "cpu:0", which PyTorch 2.14 does
# not know as a place of storages.
torch.serialization.register_package(
    5, lambda storage: None, lambda storage, location: storage if location == "cpu:0" else None)

EVALUATED = 10  # of the rows, where the arguments ask for evaluations


class ChainConfig(PretrainedConfig):
    model_type = "chain"


class Chain(PreTrainedModel):
    config_class = ChainConfig

    def __init__(self, config):
        super().__init__(config)
        self.first = torch.nn.Linear(3, 8)
        self.norm = torch.nn.LayerNorm(8)
        self.last = torch.nn.Linear(8, 2)
        self.post_init()

    def forward(self, x, labels=None):
        x = torch.nn.functional.dropout(self.norm(self.first(x)), 0.25, self.training)
        logits = self.last(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


class StopAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step >= self.step:
            control.should_training_stop = True
            control.should_save = True


class Rows(torch.utils.data.Dataset):
    def __init__(self, columns, size=None):
        self.columns = columns
        self.size = size or len(columns["labels"])

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return {name: column[index] for name, column in self.columns.items()}


def train(folder, name, until, checkpoint=None):
    """To update `until` of the schedule; there it stops and saves."""
    model = Chain(ChainConfig())
    model.load_state_dict(load_file(folder / "start" / "model.safetensors"))
    args = TrainingArguments(output_dir=str(folder / name), report_to="none",
                             **json.loads((folder / "args.json").read_text()))
    columns = load_file(folder / "data.safetensors")
    callbacks = [StopAt(until)]
    if args.load_best_model_at_end:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=3, early_stopping_threshold=0.078))
    Trainer(model=model, args=args, train_dataset=Rows(columns), eval_dataset=Rows(columns, EVALUATED),
            callbacks=callbacks).train(resume_from_checkpoint=checkpoint and str(checkpoint))


if __name__ == "__main__":
    train(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
