"""PyTorch reads what pickle/torch_file.h writes, with weights_only=True."""
import json
import os
import pathlib
import subprocess

import pytest
import torch

from check_torch_file import describe, load

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
NAMES = ["everything.pt", "optimizer.pt", "scheduler.pt", "rng_state.pth"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = sorted(pathlib.Path(os.environ["TORCHHUB_BUILD_DIR"]).rglob("torchhub_write_torch_files"))
    assert found, "build the target torchhub_write_torch_files first"
    out = tmp_path_factory.mktemp("torch_files")
    subprocess.run([found[0], out, GOLDEN], check=True)
    return out


@pytest.mark.parametrize("name", NAMES)
def test_python_reads_the_values_we_wrote(folder, name):
    expected = json.loads((folder / (name + ".json")).read_text())
    # No allow-list here: a plain torch.load must do.
    found = describe(torch.load(folder / name, weights_only=True))
    assert found == expected


def test_tensors_share_storage_as_they_did(folder):
    views = torch.load(folder / "everything.pt", weights_only=True)["views"]
    assert len({view.untyped_storage().data_ptr() for view in views}) == 1


def test_python_maps_our_files(folder):
    mapped = torch.load(folder / "everything.pt", weights_only=True, mmap=True)
    assert mapped["views"][0][2, 3] == torch.load(folder / "everything.pt", weights_only=True)["views"][0][2, 3]


def test_optimizer_and_scheduler_take_their_states(folder):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 2))
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": others}], lr=1)
    optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
    assert optimizer.param_groups[0]["weight_decay"] == 0.1
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    scheduler.load_state_dict(torch.load(folder / "scheduler.pt", weights_only=True))
    assert scheduler.last_epoch == 2
    loss = model(torch.ones(1, 3)).sum()
    loss.backward()
    optimizer.step()


def test_random_states_are_taken(folder):
    import random

    import numpy
    state = torch.load(folder / "rng_state.pth", weights_only=True)
    random.setstate(state["python"])
    numpy.random.set_state(state["numpy"])
    torch.random.set_rng_state(state["cpu"])
    golden = load(GOLDEN / "trainer" / "rng_state.pth")
    drawn = random.random(), numpy.random.rand()
    random.setstate(golden["python"])
    numpy.random.set_state(golden["numpy"])
    assert drawn == (random.random(), numpy.random.rand())
