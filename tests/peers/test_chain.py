"""A run that Python begins, torchhub goes on with, and Python ends, and the other way round: step for
step the losses, learning rates, gradient norms and evaluations, what decides about the best model and
an early stop, and at last the weights of a run that never changed hands. Dropout included: both draw
from the same generator of LibTorch. chain.py and peers_chain.cpp are the two programs."""

import json
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import chain
from ranks import run_ranks
from tensor_half import needs_program

pytestmark = needs_program("peers_chain")

STEPS = 12
SAMPLES = 26  # in batches of 4, two an update: 4 updates an epoch of one process, the last ones short


class World:
    """The same arguments, data and first weights for both languages."""

    def __init__(self, folder, find_program, ranks=1, **more):
        self.folder, self.find_program, self.ranks = folder, find_program, ranks
        arguments = dict(per_device_train_batch_size=4, gradient_accumulation_steps=2, max_steps=STEPS,
                         learning_rate=0.01, weight_decay=0.1, warmup_steps=3, logging_steps=1, seed=7,
                         disable_tqdm=True, use_cpu=True)
        if ranks > 1:
            arguments["ddp_backend"] = "gloo"
        (folder / "args.json").write_text(json.dumps({**arguments, "save_strategy": "no", **more}))
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(SAMPLES, 3, generator=generator)
        save_file({"x": x, "labels": (x[:, 0] > 0).long()}, folder / "data.safetensors")
        torch.manual_seed(2)
        chain.Chain(chain.ChainConfig()).save_pretrained(folder / "start")

    def python(self, name, until, checkpoint=None):
        if self.ranks == 1:
            chain.train(self.folder, name, until, checkpoint)
            return self.last_checkpoint(name)
        return self.run([sys.executable, chain.__file__], name, until, checkpoint)

    def ours(self, name, until, checkpoint=None):
        return self.run([self.find_program("peers_chain")], name, until, checkpoint)

    def run(self, program, name, until, checkpoint):
        run_ranks(self.ranks, [*program, self.folder, name, until, *([checkpoint] if checkpoint else [])])
        return self.last_checkpoint(name)

    def last_checkpoint(self, name):
        return max(self.folder.joinpath(name).glob("checkpoint-*"), key=lambda path: int(path.name[11:]))


def expect_same(one, other):
    """Of two checkpoints at the ends of their runs."""
    left, right = (json.loads((path / "trainer_state.json").read_text()) for path in (one, other))
    assert left["global_step"] == right["global_step"]
    assert [row["step"] for row in left["log_history"]] == [row["step"] for row in right["log_history"]]
    compared = 0
    for a, b in zip(left["log_history"], right["log_history"]):
        for key in ("loss", "grad_norm", "learning_rate", "epoch", "eval_loss"):
            assert (key in a) == (key in b), (a, b)
            if key in a:
                assert a[key] == pytest.approx(b[key], rel=1e-5, abs=1e-7), (a["step"], key)
                compared += 1
    assert compared >= 4 * left["global_step"]
    assert left["best_metric"] == pytest.approx(right["best_metric"], rel=1e-5)
    assert left["best_global_step"] == right["best_global_step"]
    assert early_stopping(left) == early_stopping(right)
    weights, others = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    assert weights.keys() == others.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, others[name], rtol=1e-5, atol=1e-6)


def early_stopping(state):
    return state["stateful_callbacks"].get("EarlyStoppingCallback")


EVALUATIONS = {"eval_strategy": "steps", "eval_steps": 2}
EARLY_STOPPING = {**EVALUATIONS, "save_strategy": "steps", "save_steps": 2, "load_best_model_at_end": True,
                  "metric_for_best_model": "eval_loss", "greater_is_better": False,
                  "restore_callback_states_from_checkpoint": True}
KINDS = {
    "adamw": {},
    "betas": {"adam_beta1": 0.8, "adam_beta2": 0.95, "adam_epsilon": 1e-6},
    "sgd": {"optim": "sgd", "optim_args": "momentum=0.9"},
    "adafactor": {"optim": "adafactor"},
    "cosine": {"lr_scheduler_type": "cosine"},
    "plateau": {**EVALUATIONS, "lr_scheduler_type": "reduce_lr_on_plateau",
                "lr_scheduler_kwargs": {"patience": 0, "threshold": 0.25}},
}


# The places: the middle of the first epoch, and the end of one.
@pytest.mark.parametrize("first, second", [(3, 7), (4, 8)])
@pytest.mark.parametrize("more", KINDS.values(), ids=KINDS.keys())
def test_a_run_changes_hands_twice(tmp_path, find_program, first, second, more):
    world = World(tmp_path, find_program, **more)
    straight = world.python("straight", STEPS)
    one = world.python("one", first)
    two = world.ours("two", second, one)
    expect_same(world.python("three", STEPS, two), straight)


def test_a_run_begun_by_us_is_ended_by_python_and_by_us(tmp_path, find_program):
    world = World(tmp_path, find_program)
    straight = world.python("straight", STEPS)
    ours = world.ours("ours", 5)
    expect_same(world.python("theirs", STEPS, ours), straight)
    expect_same(world.ours("again", STEPS, ours), straight)


def test_what_led_to_the_best_model_and_to_an_early_stop_changes_hands_too(tmp_path, find_program):
    world = World(tmp_path, find_program, **EARLY_STOPPING)
    straight = world.python("straight", STEPS)
    one = world.python("one", 6)
    two = world.ours("two", 8, one)
    expect_same(world.python("three", STEPS, two), straight)
    expect_same(world.ours("ours", STEPS, two), straight)
    states = [json.loads((path / "trainer_state.json").read_text()) for path in (one, two, straight)]
    counters = [early_stopping(state)["attributes"]["early_stopping_patience_counter"] for state in states]
    assert counters == [1, 2, 3]
    assert states[-1]["global_step"] == 10, "it stopped early"


# Python trains on with no checkpoint that lacks the state of a callback of its own: KeyError.
def test_the_state_of_a_callback_that_we_do_not_have_comes_back_to_python(tmp_path, find_program):
    world = World(tmp_path, find_program, **EARLY_STOPPING)
    one = world.python("one", 6)
    arguments = tmp_path / "args.json"
    text = arguments.read_text()
    arguments.write_text(json.dumps({**json.loads(text), "load_best_model_at_end": False}))
    two = world.ours("two", 8, one)  # without an EarlyStoppingCallback
    arguments.write_text(text)
    world.python("three", STEPS, two)
    kept, carried, gone_on = (json.loads((path / "trainer_state.json").read_text())
                              for path in (one, two, tmp_path / "three" / "checkpoint-10"))
    assert early_stopping(carried) == early_stopping(kept)
    assert early_stopping(kept)["attributes"]["early_stopping_patience_counter"] == 1
    assert early_stopping(gone_on)["attributes"]["early_stopping_patience_counter"] == 2


def test_two_processes_change_hands_each_with_its_own_random_state(tmp_path, find_program):
    world = World(tmp_path, find_program, ranks=2)
    straight = world.python("straight", STEPS)
    one = world.python("one", 3)
    two = world.ours("two", 7, one)
    expect_same(world.python("three", STEPS, two), straight)
    expect_same(world.ours("ours", STEPS), straight)
    for checkpoint in (one, two):
        assert {path.name for path in checkpoint.glob("rng_state*")} == {"rng_state_0.pth", "rng_state_1.pth"}
