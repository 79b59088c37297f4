#!/usr/bin/env python3
"""Makes tests/golden/trainer/token_rows.json: rows that transformers' Trainer logs while it counts input tokens.

usage: make_golden_token_rows.py OUTPUT_FILE
Made with transformers 5.12.1, torch 2.14.1, on a CPU. Each case trains two updates with two rows of tokens each, and
evaluates after the second. A row is given as its keys in their order, and the tokens that it says were seen.
"""
import json
import os
import sys
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import torch
import transformers
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments, default_data_collator

IDS = [[1, 2, 0, 0], [1, 2, 3, 0], [1, 0, 0, 0], [4, 4, 4, 4]]


class TinyConfig(PretrainedConfig):
    model_type = "tiny"


class Tiny(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.embedding = torch.nn.Embedding(5, 4)
        self.linear = torch.nn.Linear(4, 3)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, labels=None):
        logits = self.linear(self.embedding(input_ids))
        return {"loss": torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), "logits": logits}


class Padding:
    """As much of a tokenizer as the Trainer needs to know what fills up."""

    pad_token_id = 0

    def save_pretrained(self, *_):
        pass


def rows(which, masked, padding):
    data = [{"input_ids": row, "labels": [i % 3 for i in row]} for row in IDS]
    if masked:
        for sample in data:
            sample["attention_mask"] = [1, 1, 1, 0]
    with tempfile.TemporaryDirectory() as work:
        args = TrainingArguments(output_dir=work, max_steps=2, per_device_train_batch_size=2, logging_steps=1,
                                 eval_strategy="steps", eval_steps=2, save_strategy="no", report_to=[], use_cpu=True,
                                 include_num_input_tokens_seen=which, disable_tqdm=True,
                                 train_sampling_strategy="sequential")
        trainer = Trainer(model=Tiny(TinyConfig()), args=args, train_dataset=data, eval_dataset=data,
                          data_collator=default_data_collator, processing_class=Padding() if padding else None)
        trainer.train()
        return [{"keys": list(row), "seen": row.get("num_input_tokens_seen")} for row in trainer.state.log_history]


def main():
    cases = [{"which": which, "masked": masked, "padding": padding, "rows": rows(which, masked, padding)}
             for which in ("no", "all", "non_padding") for masked in (False, True) for padding in (False, True)]
    with open(sys.argv[1], "w") as f:
        json.dump({"transformers": transformers.__version__, "torch": torch.__version__, "ids": IDS, "cases": cases}, f,
                  indent=1)
        f.write("\n")


main()
