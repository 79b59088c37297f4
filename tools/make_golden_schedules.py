#!/usr/bin/env python3
"""Makes tests/golden/schedules/: learning rates that transformers and torch give, and states of their schedulers.

usage: make_golden_schedules.py OUTPUT_FOLDER
Made with transformers 5.12.1 and torch 2.14.1.
"""
import json
import os
import sys
import warnings

import torch
from transformers.optimization import get_scheduler

LR = 0.1
SPANS = [(3, 10), (0, 7), (5, 5), (1, 24), (8, 6)]  # updates of warm-up, updates in all
KWARGS = {
    "linear": [{}],
    "cosine": [{}, {"num_cycles": 1.25}],
    "cosine_with_restarts": [{}, {"num_cycles": 2}, {"num_cycles": 3}],
    "polynomial": [{}, {"lr_end": 0.01, "power": 2}, {"power": 0.5}],
    "constant": [{}, {"ignored": 1}],
    "constant_with_warmup": [{}],
    "inverse_sqrt": [{}, {"timescale": 5}],
    "cosine_with_min_lr": [{"min_lr_rate": 0.1}, {"min_lr": 0.02, "num_cycles": 1.5}],
    "cosine_warmup_with_min_lr": [{"min_lr_rate": 0.1}, {"min_lr_rate": 0.1, "warmup_lr_rate": 0.2},
                                  {"min_lr": 0.03, "num_cycles": 0.75}],
    "warmup_stable_decay": [{"num_decay_steps": 4}, {"num_decay_steps": 0},
                            {"num_decay_steps": 4, "min_lr_ratio": 0.1, "warmup_type": "cosine", "decay_type": "1-sqrt"},
                            {"num_decay_steps": 3, "num_stable_steps": 2, "warmup_type": "1-sqrt",
                             "decay_type": "linear"},
                            {"num_decay_steps": 5, "num_cycles": 1.5}],
}
FALLING = [5.0, 4.0, 3.0, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0, 1.9]
FLAT = [1.0, 1.0, 0.99995, 1.1, 1.2, 1.0, 1.0, 1.3, 1.0, 1.0, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
MIXED = FALLING + FLAT + FALLING + [0.1 * (i % 4) for i in range(30)]
METRIC_KWARGS = {
    "reduce_lr_on_plateau": [{}, {"patience": 1, "factor": 0.5}, {"patience": 0, "cooldown": 2, "min_lr": 0.02},
                             {"mode": "max", "patience": 1, "threshold": 0.2, "threshold_mode": "abs"},
                             {"mode": "max", "patience": 2, "threshold": 0.05, "factor": 0.3, "eps": 0.01}],
    "greedy": [{}, {"patience": 1}, {"patience": 0, "cooldown": 1, "warmup": 2, "factor": 0.7, "max_lr": 0.3},
               {"patience": 1, "mode": "max", "threshold_mode": "rel", "threshold": 0.1},
               {"patience": 0, "min_lr": 0.09, "factor": 0.5, "reset_start": 3},
               {"patience": 1, "smooth": True, "window_size": 3}],
}


def optimizer():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    return torch.optim.SGD(groups, lr=LR)


def lambda_rates(name, warmup, total, kwargs):
    with_rates = optimizer()
    scheduler = get_scheduler(name, with_rates, warmup, total, kwargs)
    rates = []
    for _ in range(total + 3):
        rates.append(scheduler.get_last_lr()[0])
        with_rates.step()
        scheduler.step()
    return rates


def metric_rates(name, kwargs):
    with_rates = optimizer()
    scheduler = get_scheduler(name, with_rates, 0, 10, kwargs)
    rates = []
    for metric in MIXED:
        scheduler.step(metric)
        rates.append(with_rates.param_groups[1]["lr"])
    return rates


def save_states(out):
    for name, kwargs in [("constant", {}), ("reduce_lr_on_plateau", {"patience": 1, "factor": 0.5}),
                         ("greedy", {"patience": 1, "smooth": True, "window_size": 3})]:
        with_rates = optimizer()
        scheduler = get_scheduler(name, with_rates, 0, 10, kwargs)
        for metric in MIXED[:14]:
            if name == "constant":
                with_rates.step()
                scheduler.step()
            else:
                scheduler.step(metric)
        torch.save(scheduler.state_dict(), os.path.join(out, name + ".pt"))


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    warnings.simplefilter("ignore")
    by_step = []
    for name, choices in KWARGS.items():
        for kwargs in choices:
            for warmup, total in SPANS:
                try:
                    rates = lambda_rates(name, warmup, total, kwargs)
                except ZeroDivisionError:  # polynomial with nothing after the warm-up
                    continue
                by_step.append({"name": name, "kwargs": kwargs, "warmup": warmup, "total": total, "rates": rates})
    by_metric = [{"name": name, "kwargs": kwargs, "rates": metric_rates(name, kwargs)}
                 for name, choices in METRIC_KWARGS.items() for kwargs in choices]
    with open(os.path.join(out, "rates.json"), "w") as f:
        f.write('{"lr": %r, "by_step": [\n' % LR)
        f.write(",\n".join(json.dumps(case) for case in by_step))
        f.write('\n], "metrics": %s, "by_metric": [\n' % json.dumps(MIXED))
        f.write(",\n".join(json.dumps(case) for case in by_metric))
        f.write("\n]}\n")
    save_states(out)


main()
