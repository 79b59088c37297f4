"""A run that Python begins, torchhub goes on with, and Python ends, and the other way round: step for
step the losses, learning rates, gradient norms and, at last, the weights of a run that never changed
hands. Dropout included: both draw from the same generator of LibTorch."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainerCallback, TrainingArguments

pytestmark = pytest.mark.skipif(
    not list(Path(os.environ.get("TORCHHUB_BUILD_DIR", ".")).rglob("peers_chain")),
    reason="this build has no tensor half")

STEPS = 12
SAMPLES = 26  # in batches of 4, two an update: 4 updates an epoch, the last ones short


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
    def __init__(self, columns):
        self.columns = columns

    def __len__(self):
        return SAMPLES

    def __getitem__(self, index):
        return {name: column[index] for name, column in self.columns.items()}


class World:
    """The same arguments, data and first weights for both languages."""

    def __init__(self, folder, run_program, **more):
        self.folder, self.run_program = folder, run_program
        self.arguments = dict(per_device_train_batch_size=4, gradient_accumulation_steps=2, max_steps=STEPS,
                              learning_rate=0.01, weight_decay=0.1, warmup_steps=3, logging_steps=1,
                              save_strategy="no", seed=7, disable_tqdm=True, use_cpu=True, **more)
        (folder / "args.json").write_text(json.dumps(self.arguments))
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(SAMPLES, 3, generator=generator)
        self.columns = {"x": x, "labels": (x[:, 0] > 0).long()}
        save_file(self.columns, folder / "data.safetensors")
        torch.manual_seed(2)
        Chain(ChainConfig()).save_pretrained(folder / "start")

    def python(self, name, until, checkpoint=None):
        model = Chain(ChainConfig())
        model.load_state_dict(load_file(self.folder / "start" / "model.safetensors"))
        args = TrainingArguments(output_dir=str(self.folder / name), report_to="none", **self.arguments)
        Trainer(model=model, args=args, train_dataset=Rows(self.columns),
                callbacks=[StopAt(until)]).train(resume_from_checkpoint=checkpoint and str(checkpoint))
        return self.folder / name / f"checkpoint-{until}"

    def ours(self, name, until, checkpoint=None):
        self.run_program("peers_chain", self.folder / "args.json", self.folder / "data.safetensors",
                         self.folder / "start", self.folder / name, until, *([checkpoint] if checkpoint else []))
        return self.folder / name / f"checkpoint-{until}"


def history(checkpoint):
    rows = json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]
    return [row for row in rows if "loss" in row]


def expect_same(one, other):
    left, right = history(one), history(other)
    assert [row["step"] for row in left] == [row["step"] for row in right] == list(range(1, STEPS + 1))
    for a, b in zip(left, right):
        for key in ("loss", "grad_norm", "learning_rate", "epoch"):
            assert a[key] == pytest.approx(b[key], rel=1e-5, abs=1e-7), (a["step"], key)
    weights, others = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    assert weights.keys() == others.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, others[name], rtol=1e-5, atol=1e-6)


# The places: the middle of the first epoch, and the end of one.
@pytest.mark.parametrize("first, second", [(3, 7), (4, 8)])
@pytest.mark.parametrize("more", [{}, {"optim": "sgd", "optim_args": "momentum=0.9"},
                                  {"optim": "adafactor"}, {"lr_scheduler_type": "cosine"}],
                         ids=["adamw", "sgd", "adafactor", "cosine"])
def test_a_run_changes_hands_twice(tmp_path, run_program, first, second, more):
    world = World(tmp_path, run_program, **more)
    straight = world.python("straight", STEPS)
    one = world.python("one", first)
    two = world.ours("two", second, one)
    expect_same(world.python("three", STEPS, two), straight)


def test_a_run_begun_by_us_is_ended_by_python_and_by_us(tmp_path, run_program):
    world = World(tmp_path, run_program)
    straight = world.python("straight", STEPS)
    ours = world.ours("ours", 5)
    expect_same(world.python("theirs", STEPS, ours), straight)
    expect_same(world.ours("again", STEPS, ours), straight)
