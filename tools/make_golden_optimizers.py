#!/usr/bin/env python3
"""Makes tests/golden/optimizers/: weights that torch's and transformers' optimizers come to, and their states.

usage: make_golden_optimizers.py OUTPUT_FOLDER
Made with transformers 5.12.1 and torch 2.14.1, on a CPU, with one thread. tests/training/optimizer_cases.h has the
same weights and gradients.
"""
import json
import os
import sys

import torch
from transformers.optimization import Adafactor

SHAPES = [[4, 3], [2, 2, 3], [2, 3, 2, 2], [4], [2]]  # the first three decay
DECAY = 3
UNUSED, LATE = 4, 1  # the parameter that never has a gradient, and the one that has none in the first update
STEPS, SAVED_AFTER = 5, 3

ADAMW = {"betas": (0.9, 0.999), "eps": 1e-8}
TRAINERS_ADAFACTOR = {"scale_parameter": False, "relative_step": False}
CASES = [  # name, class, what Python is given, what OptimizerOptions or AdafactorOptions are given, weight decay
    ("adamw", torch.optim.AdamW, ADAMW, {"name": "adamw_torch"}, 0.1),
    ("adamw-fused", torch.optim.AdamW, {**ADAMW, "fused": True}, {"name": "adamw_torch_fused"}, 0.1),
    ("adamw-amsgrad", torch.optim.AdamW, {**ADAMW, "amsgrad": True, "fused": True},
     {"name": "adamw_torch_fused", "optim_args": "amsgrad=true"}, 0),
    ("adamw-other-betas", torch.optim.AdamW, {"betas": (0.5, 0.75), "eps": 0.125},
     {"name": "adamw_torch", "adam_beta1": 0.5, "adam_beta2": 0.75, "adam_epsilon": 0.125}, 0),
    ("sgd", torch.optim.SGD, {}, {"name": "sgd"}, 0.1),
    ("sgd-momentum", torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1},
     {"name": "sgd", "optim_args": "momentum=0.9, dampening=0.1"}, 0.1),
    ("sgd-nesterov", torch.optim.SGD, {"momentum": 0.9, "nesterov": True},
     {"name": "sgd", "optim_args": "momentum=0.9,nesterov=True"}, 0),
    ("adagrad", torch.optim.Adagrad, {"lr_decay": 0.1, "eps": 1e-6},
     {"name": "adagrad", "optim_args": "lr_decay=0.1,eps=1e-6"}, 0.1),
    ("rmsprop", torch.optim.RMSprop, {}, {"name": "rmsprop"}, 0),
    ("rmsprop-all", torch.optim.RMSprop, {"momentum": 0.9, "alpha": 0.9, "eps": 1e-4, "centered": True},
     {"name": "rmsprop", "optim_args": "momentum=0.9,alpha=0.9,eps=1e-4,centered=yes"}, 0.1),
    ("adafactor", Adafactor, TRAINERS_ADAFACTOR, {"name": "adafactor"}, 0.1),
    ("adafactor-beta1", Adafactor, {**TRAINERS_ADAFACTOR, "beta1": 0.9}, {"adafactor": {"beta1": 0.9}}, 0),
    ("adafactor-scale", Adafactor, {"scale_parameter": True, "relative_step": False},
     {"adafactor": {"scale_parameter": True}}, 0.1),
    ("adafactor-relative", Adafactor, {"scale_parameter": False, "relative_step": True},
     {"adafactor": {"relative_step": True}}, 0.1),
    ("adafactor-warmup", Adafactor,
     {"scale_parameter": True, "relative_step": True, "warmup_init": True, "beta1": 0.5, "clip_threshold": 0.25},
     {"adafactor": {"scale_parameter": True, "relative_step": True, "warmup_init": True, "beta1": 0.5,
                    "clip_threshold": 0.25}}, 0.1),
]


def weights(dtype):
    """Weights that floats hold exactly."""
    return [torch.nn.Parameter(torch.tensor([((7 * i + 3 * t) % 11 - 5) / 8 for i in range(torch.Size(shape).numel())],
                                            dtype=dtype).reshape(shape)) for t, shape in enumerate(SHAPES)]


def set_gradients(parameters, step):
    for t, parameter in enumerate(parameters):
        parameter.grad = None
        if t == UNUSED or (t == LATE and step == 0):
            continue
        numbers = [((5 * i + 3 * step + t) % 13 - 6) / 16 for i in range(parameter.numel())]
        parameter.grad = torch.tensor(numbers, dtype=parameter.dtype).reshape(parameter.shape)


def rate(step):
    return 0.125 / (step + 1)


def groups(parameters, weight_decay):
    return [{"params": parameters[:DECAY], "weight_decay": weight_decay},
            {"params": parameters[DECAY:], "weight_decay": 0.0}]


def numbers(parameters):
    return [parameter.detach().flatten().tolist() for parameter in parameters]


def run(case, dtype, file=None):
    name, kind, kwargs, ours, decay = case
    parameters = weights(dtype)
    relative = kwargs.get("relative_step", False)
    optimizer = kind(groups(parameters, decay), **kwargs, **({} if relative else {"lr": 0.125}))
    if not relative:  # as a scheduler does
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.125
    result = {"case": name, "dtype": str(dtype)[6:], "weight_decay": decay, **ours}
    for step in range(STEPS):
        set_gradients(parameters, step)
        if not relative:
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
        optimizer.step()
        if step + 1 == SAVED_AFTER:
            result["saved"] = numbers(parameters)
            if file:
                torch.save(optimizer.state_dict(), file)
    result["end"] = numbers(parameters)
    return result


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(1)
    results = []
    for case in CASES:
        results.append(run(case, torch.float32, os.path.join(out, case[0] + ".pt")))
        results.append(run(case, torch.float64))
    with open(os.path.join(out, "weights.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(result, separators=(",", ":")) for result in results) + "\n]\n")
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scales = []
    for gradient in [1.0, 1.0, float("inf"), 1.0, 1.0, 1.0, 1.0, float("nan"), float("-inf"), 1.0]:
        scaler.scale(parameter.sum())
        parameter.grad = torch.tensor([gradient])
        scaler.step(optimizer)
        scaler.update()
        scales.append([gradient, scaler.get_scale(), parameter.item()])
    torch.save(scaler.state_dict(), os.path.join(out, "scaler.pt"))
    with open(os.path.join(out, "scaler.json"), "w") as f:
        json.dump([[str(g), s, w] for g, s, w in scales], f)
        f.write("\n")


if __name__ == "__main__":
    main()
