#!/usr/bin/env python3
"""Writes cards.jsonl: what transformers' TrainingSummary makes of a training, one case a line.

Run with transformers 5.12: tools/make_golden_cards.py tests/golden/card/cards.jsonl
"""

import json
import os
import re
import sys
from types import SimpleNamespace

os.environ["HF_HUB_OFFLINE"] = "1"

from transformers.modelcard import (TrainingSummary, extract_hyperparameters_from_trainer,  # noqa: E402
                                    parse_log_history)
from transformers.training_args import ParallelMode  # noqa: E402

VERSIONS = [["Transformers", "5.12.1"], ["Pytorch", "2.14.1"], ["Datasets", "4.4.1"], ["Tokenizers", "0.23.1"]]
SUMMARY = {"train_runtime": 12.5, "train_samples_per_second": 880.0, "train_steps_per_second": 27.6,
           "total_flos": 1.5e12, "train_loss": 0.37, "epoch": 3.0, "step": 345}
ARGS = {"learning_rate": 5e-05, "train_batch_size": 8, "eval_batch_size": 8, "seed": 42,
        "world_size": 1, "gradient_accumulation_steps": 1, "optim": "adamw_torch_fused",
        "optim_args": None, "adam_beta1": 0.9, "adam_beta2": 0.999, "adam_epsilon": 1e-08,
        "lr_scheduler_type": "linear", "warmup_steps": 0, "max_steps": -1, "num_train_epochs": 3.0,
        "fp16": False, "label_smoothing_factor": 0.0}


def train_log(step, epoch, loss):
    return {"loss": loss, "grad_norm": 1.1, "learning_rate": 1e-05, "epoch": epoch, "step": step}


def eval_log(step, epoch, **metrics):
    return {"eval_loss": metrics.pop("loss"), **{f"eval_{k}": v for k, v in metrics.items()},
            "eval_runtime": 1.2, "eval_samples_per_second": 340.0, "eval_steps_per_second": 42.5,
            "epoch": epoch, "step": step}


MRPC_LOG = [
    train_log(100, 0.8695652173913043, 0.5891),
    eval_log(115, 1.0, loss=0.41273, accuracy=0.8210784313725490, f1=0.8741379310344828),
    train_log(200, 1.7391304347826086, 0.3642),
    eval_log(230, 2.0, loss=0.38, accuracy=0.85539215686, f1=0.8986),
    train_log(300, 2.608695652173913, 0.2317),
    eval_log(345, 3.0, loss=0.40116, accuracy=0.8602941176470589, f1=0.9018932874354562),
    SUMMARY,
]
MRPC = {"model_name": "bert-base-mrpc", "language": "en", "license": "apache-2.0",
        "finetuned_from": "google-bert/bert-base-cased", "tasks": "text-classification",
        "dataset": "GLUE MRPC", "dataset_tags": "glue", "dataset_args": "mrpc",
        "dataset_metadata": [{"config": "mrpc", "split": "validation"}]}

CASES = [
    ("the example of the specification", MRPC,
     {"learning_rate": 2e-05, "train_batch_size": 16, "gradient_accumulation_steps": 2,
      "warmup_steps": 0.1, "num_train_epochs": 3, "fp16": True}, MRPC_LOG),
    ("from scratch, nothing known", {"model_name": "x"}, {}, [train_log(5, 1.0, 1.5), SUMMARY]),
    ("no evaluation but a dataset", {"model_name": "x", "dataset": "a", "dataset_tags": "b/a",
                                     "tasks": "text-generation"}, {}, [train_log(5, 1.0, 1.5), SUMMARY]),
    ("two datasets and two tasks",
     {"model_name": "x", "dataset": ["A", "B"], "dataset_tags": ["o/a", "o/b"],
      "tasks": ["fill-mask", "text2text-generation", "text-generation"], "tags": ["one", "two"],
      "language": ["de", "no"]}, {}, MRPC_LOG),
    ("three datasets, tag given already",
     {"model_name": "x", "dataset": ["A", "B", "C"], "dataset_tags": ["a", "b", "c"],
      "tags": ["generated_from_trainer", "z"], "dataset_args": ["u"]}, {}, MRPC_LOG),
    ("task without dataset", {"model_name": "x", "tasks": "fill-mask"}, {}, MRPC_LOG),
    ("dataset without task", {"model_name": "x", "dataset": "a", "dataset_tags": "b/a"}, {}, MRPC_LOG),
    ("evaluation before the first log, odd values",
     {"model_name": "x"}, {"max_steps": 600, "warmup_steps": 50},
     [{"epoch": 0, "step": 0}, eval_log(0, 0, loss=2.5, wer=1), train_log(10, 0.5, 12.0),
      eval_log(10, 0.5, loss=1234567.0, wer=100), train_log(20, 1.0, 0.00125),
      eval_log(20, 1.0, loss=0.12345678, wer=0), SUMMARY]),
    ("metrics of many names", {"model_name": "x"}, {"label_smoothing_factor": 0.1},
     [train_log(1, 1.0, 1.0), eval_log(1, 1.0, loss=1.0, matthews_correlation=0.5, rouge1=40.25,
                                       rougeL=30.125, Top5_Acc=0.25, bleu="20.0 ± 1.2"), SUMMARY]),
    ("two processes, sgd", {"model_name": "x", "finetuned_from": "gpt2"},
     {"world_size": 2, "gradient_accumulation_steps": 4, "optim": "sgd", "eval_batch_size": 32,
      "lr_scheduler_type": "cosine", "learning_rate": 0.1}, MRPC_LOG),
    ("optimizer arguments", {"model_name": "a long name: with a colon"},
     {"optim": "adamw_torch", "optim_args": "foreach=True", "adam_beta1": 0.85, "adam_epsilon": 1e-06},
     [train_log(1, 1.0, 1.0), SUMMARY]),
    ("evaluation only", {"model_name": "x"}, {},
     [eval_log(0, 0, loss=0.71828182845, accuracy=0.5)]),
    ("nothing at all", {"model_name": "x"}, {}, []),
]


def trainer_of(args):
    values = SimpleNamespace(**{**ARGS, **args})
    values.lr_scheduler_type = SimpleNamespace(value=values.lr_scheduler_type)
    values.parallel_mode = ParallelMode.DISTRIBUTED if values.world_size > 1 else ParallelMode.NOT_DISTRIBUTED
    return SimpleNamespace(args=values)


def main(output):
    for name, card, args, log in CASES:
        _, lines, results = parse_log_history(log) if log else (None, None, None)
        tags = card.get("tags", [])  # from_trainer() adds the tag; the rest of it needs a Trainer
        if "generated_from_trainer" not in tags:
            tags = [*tags, "generated_from_trainer"]
        summary = TrainingSummary(**{**card, "tags": tags}, eval_results=results, eval_lines=lines,
                                  hyperparameters=extract_hyperparameters_from_trainer(trainer_of(args)))
        text = summary.to_model_card()
        versions = "".join(f"- {framework} {version}\n" for framework, version in VERSIONS)
        text = re.sub(r"(### Framework versions\n\n).*", lambda m: m.group(1) + versions, text, flags=re.S)
        print(json.dumps({"name": name, "card": card, "args": {**ARGS, **args}, "log_history": log,
                          "versions": VERSIONS, "text": text}), file=output)


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as output:  # LibTorch writes to standard output
        main(output)
