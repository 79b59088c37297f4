"""Python reads what our Trainer saved and pushed: its own loaders, unchanged, on our files."""

import hashlib
import os
import random
import subprocess
from pathlib import Path

import numpy
import pytest
import torch
from huggingface_hub import HfApi, ModelCard, snapshot_download
from safetensors.torch import load_file
from tensor_half import needs_program
from transformers import TrainerState

pytestmark = needs_program("killable_run")

STEPS = 60


@pytest.fixture(scope="module")
def run(run_program, tmp_path_factory):
    """A run of the tiny model with each save pushed: its output folder."""
    folder = tmp_path_factory.mktemp("trainer")
    run_program("killable_run", folder / "tiny", os.environ["HF_ENDPOINT"], os.environ["HF_TOKEN"],
                folder / "cache", "-", 0)
    return folder / "tiny"


@pytest.fixture(scope="module")
def checkpoint(run):
    return run / f"checkpoint-{STEPS}"


@pytest.fixture(scope="module")
def repo_id(run):
    return HfApi().whoami()["name"] + "/tiny"


def hashes(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.parts}


def groups_of(weights):
    """The two parameter groups that Python's Trainer would make of the tiny model."""
    decay = [name for name in ("first.weight", "second.weight")]
    rest = [name for name in ("first.bias", "norm.weight", "norm.bias", "second.bias")]
    return [[torch.nn.Parameter(weights[name]) for name in names] for names in (decay, rest)]


def test_optimizer_state_loads_into_adamw(checkpoint):
    state = torch.load(checkpoint / "optimizer.pt", weights_only=True)
    decay, rest = groups_of(load_file(checkpoint / "model.safetensors"))
    optimizer = torch.optim.AdamW([{"params": decay}, {"params": rest, "weight_decay": 0.0}], lr=1.0)
    optimizer.load_state_dict(state)  # checks the number of parameters in each group
    for parameter in decay + rest:
        moments = optimizer.state[parameter]
        assert moments["step"].item() == STEPS and moments["step"].dtype == torch.float32
        assert moments["exp_avg"].shape == parameter.shape
        assert moments["exp_avg_sq"].min() >= 0
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert optimizer.param_groups[0]["initial_lr"] == 0.01


def test_scheduler_state_loads_into_lambda_lr(checkpoint):
    state = torch.load(checkpoint / "scheduler.pt", weights_only=True)
    optimizer = torch.optim.AdamW([{"params": [torch.nn.Parameter(torch.zeros(1))]},
                                   {"params": [torch.nn.Parameter(torch.zeros(1))]}], lr=0.01)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    scheduler.load_state_dict(state)
    assert scheduler.last_epoch == STEPS
    assert scheduler.base_lrs == [0.01, 0.01]
    assert scheduler.get_last_lr() == [0.0, 0.0]  # linear decay has come to its end


def test_random_states_are_taken(checkpoint):
    state = torch.load(checkpoint / "rng_state.pth", weights_only=True)
    random.setstate(state["python"])
    words = state["numpy"]
    numpy.random.set_state((words[0], numpy.array(words[1], dtype=numpy.uint32), *words[2:]))
    torch.random.set_rng_state(state["cpu"])
    random.seed(42)
    assert state["python"] == random.getstate()


def test_trainer_state_loads_and_comes_back_byte_for_byte(checkpoint, tmp_path):
    state = TrainerState.load_from_json(checkpoint / "trainer_state.json")
    assert state.global_step == STEPS and state.max_steps == STEPS
    state.save_to_json(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (checkpoint / "trainer_state.json").read_bytes()


def test_a_snapshot_of_the_pushed_repository_has_our_bytes(checkpoint, repo_id):
    folder = Path(snapshot_download(repo_id))
    assert hashes(folder / "last-checkpoint") == hashes(checkpoint)
    assert (folder / "model.safetensors").read_bytes() == (checkpoint / "model.safetensors").read_bytes()


def test_a_git_clone_of_the_pushed_repository_has_our_bytes(checkpoint, repo_id, tmp_path):
    subprocess.run(["git", "lfs", "install", "--skip-repo"], check=True, env={**os.environ, "HOME": str(tmp_path)})
    subprocess.run(["git", "clone", "-q", f"{os.environ['HF_ENDPOINT']}/{repo_id}", tmp_path / "clone"],
                   check=True, env={**os.environ, "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0"})
    assert hashes(tmp_path / "clone" / "last-checkpoint") == hashes(checkpoint)


def test_each_save_is_one_commit_with_pythons_message(repo_id):
    titles = [commit.title for commit in HfApi().list_repo_commits(repo_id)]
    assert titles == [f"Training in progress, step {STEPS}", f"Training in progress, step {STEPS // 2}",
                      "initial commit"]


def test_the_card_loads_and_lists_what_was_asked_for(repo_id):
    card = ModelCard.load(repo_id)
    assert "generated_from_trainer" in card.data.tags
    assert "- learning_rate: 0.01" in card.text
    assert f"- training_steps: {STEPS}" in card.text
