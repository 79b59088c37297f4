"""PyTorch's optimizers, schedulers and scaler go on from the states that ours wrote."""

import pathlib
import sys

import pytest
import torch
from tensor_half import needs_program
from transformers.optimization import get_scheduler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
import make_golden_optimizers as originals

pytestmark = needs_program("write_optimizer_files")


@pytest.fixture(scope="module")
def folder(run_program, tmp_path_factory):
    out = tmp_path_factory.mktemp("optimizers")
    run_program("write_optimizer_files", out)
    return out


def load(file):
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("case", originals.CASES, ids=lambda case: case[0])
def test_python_goes_on_from_our_optimizer(folder, case):
    name, kind, kwargs, _, weight_decay = case
    ours = load(folder / f"{name}-weights.pt")
    parameters = [torch.nn.Parameter(weight) for weight in ours["saved"]]
    # Other settings than those of the file, which must win.
    optimizer = kind(originals.groups(parameters, 0.9), **({"lr": None} if kwargs.get("relative_step") else {"lr": 7.0}),
                     **{key: value for key, value in kwargs.items() if key in ("scale_parameter", "relative_step")})
    optimizer.load_state_dict(load(folder / f"{name}.pt"))
    assert optimizer.param_groups[0]["weight_decay"] == weight_decay
    for step in range(originals.SAVED_AFTER, originals.STEPS):
        originals.set_gradients(parameters, step)
        if not kwargs.get("relative_step"):
            assert optimizer.param_groups[1]["lr"] == originals.rate(step - 1)
            for group in optimizer.param_groups:
                group["lr"] = originals.rate(step)
        optimizer.step()
    for parameter, right in zip(parameters, ours["end"], strict=True):
        torch.testing.assert_close(parameter.detach(), right, rtol=0, atol=3e-7)


@pytest.mark.parametrize("case", originals.CASES, ids=lambda case: case[0])
def test_our_file_has_pythons_keys_in_pythons_order(folder, case):
    ours, pythons = load(folder / f"{case[0]}.pt"), load(
        pathlib.Path(__file__).parent.parent / "golden" / "optimizers" / f"{case[0]}.pt")
    keys = lambda state: ({number: list(each) for number, each in state["state"].items()},
                          [list(group) for group in state["param_groups"]])
    if case[2].get("relative_step"):  # a schedule makes no sense there; ours was told of one
        for group in ours["param_groups"]:
            del group["initial_lr"]
    assert keys(ours) == keys(pythons)


@pytest.mark.parametrize("name, kwargs", [("linear", {}), ("constant", {}), ("reduce_lr_on_plateau", {"patience": 1}),
                                          ("greedy", {"patience": 1, "smooth": True})])
def test_python_goes_on_from_our_schedule(folder, name, kwargs):
    def scheduled(steps):
        optimizer = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)], lr=0.1)
        scheduler = get_scheduler(name, optimizer, 0, 10, kwargs)
        for metric in steps:
            optimizer.step()
            scheduler.step(metric) if name in ("reduce_lr_on_plateau", "greedy") else scheduler.step()
        return scheduler

    scheduler, right = scheduled([]), scheduled([3.0, 2.0, 2.0, 2.0])
    state = load(folder / f"{name}.pt")
    assert state == right.state_dict() and list(state) == list(right.state_dict())
    scheduler.load_state_dict(state)
    assert scheduler.get_last_lr() == right.get_last_lr()


def test_python_takes_our_scaler(folder):
    scaler = torch.amp.GradScaler("cpu")
    scaler.load_state_dict(load(folder / "scaler.pt"))
    assert scaler.get_scale() == 512
    assert scaler.state_dict() == load(folder / "scaler.pt")
