"""The cards that we write, as the Python originals and the Hub take them: read with equal metadata,
validated by our server, and the Python code on them run at the revision that it names. That of C++ is
run by tests/trainer/card_code_test.cpp."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi, ModelCard, hf_hub_download, metadata_load, repocard
from safetensors.torch import load_file, save_file
from tensor_half import needs_program

KINDS = ["training", "full", "progress", "long", "history", "folder", "model", "merged", "united", "updated"]


@pytest.fixture(scope="module")
def cards(run_program, tmp_path_factory):
    """The folder with a card of each kind, <kind>.md, and its metadata as we read them, <kind>.json."""
    folder = tmp_path_factory.mktemp("cards")
    run_program("peers_card", folder, input="")
    return folder


class OurSession:
    """Python's session, but for validate(), which asks https://huggingface.co whatever HF_ENDPOINT says."""

    def __init__(self, session):
        self.session = session

    def post(self, url, **more):
        return self.session.post(url.replace("https://huggingface.co", os.environ["HF_ENDPOINT"]), **more)


@pytest.fixture(autouse=True)
def our_server(monkeypatch):
    theirs = repocard.get_session
    monkeypatch.setattr(repocard, "get_session", lambda: OurSession(theirs()))


def expect_read_and_valid(file, expected):
    assert expected["library_name"] == "torchhub"
    assert metadata_load(file) == expected
    card = ModelCard.load(file)
    read = card.data.to_dict()
    for key, value in expected.items():
        if key != "model-index":
            assert read[key] == value, key
    results = [metric["value"] for model in expected.get("model-index", []) for result in model["results"]
               for metric in result["metrics"]]
    assert [result.metric_value for result in card.data.eval_results or []] == results
    card.validate(repo_type="model")  # asks our server; what that refuses is a ValueError


@pytest.mark.parametrize("kind", KINDS)
def test_python_reads_and_validates_the_card(cards, kind):
    expected = json.loads((cards / f"{kind}.json").read_text(encoding="utf-8"))
    expect_read_and_valid(cards / f"{kind}.md", expected)


def test_the_kinds_are_what_they_are_called(cards):
    text = {kind: (cards / f"{kind}.md").read_text(encoding="utf-8") for kind in KINDS}
    assert "](training.svg)" in text["full"] and 'revision="v1"' in text["full"]
    assert "\nTraining is in progress: these are the weights after update 20 of 300.\n" in text["progress"]
    assert "## How to Get Started with the Model" in text["long"]
    assert "generated_from_keras_callback" in text["history"]
    assert text["folder"].endswith("# Käse: 'no' #1\n\nA model that was saved and pushed with torchhub.\n")
    assert "- **Model type:** NetForImageClassification\n" in text["model"] and 'revision="v1"' in text["model"]
    assert "Their words." in text["merged"] and "](training.svg)" in text["merged"]
    assert "Their words." in text["united"] and "license: apache-2.0" in text["united"]
    assert "- type: f1" in text["updated"]


def test_cards_of_what_was_pushed_by_hand_have_its_tags(cards):
    assert ModelCard.load(cards / "folder.md").data.tags == ["yes", "1.10", "vision"]
    model = ModelCard.load(cards / "model.md").data
    assert model.tags == ["yes", "1.10", "vision", "on"]
    assert model.base_model == "demo/resnet"


def test_validate_refuses_what_our_server_refuses(cards, tmp_path):
    nested = tmp_path / "README.md"
    text = (cards / "full.md").read_text(encoding="utf-8")
    nested.write_text(text.replace("inference: false", "inference: " + "[" * 30 + "]" * 30), encoding="utf-8")
    with pytest.raises(ValueError, match="20"):
        ModelCard.load(nested).validate(repo_type="model")


def test_cards_of_the_command_line(tmp_path):
    def torchhub(*words):
        subprocess.run([os.environ["TORCHHUB"], "card", *words], check=True, capture_output=True)

    torchhub("new", str(tmp_path), "--set", "license=mit", "--set", "language=[no, de]",
             "--set", "library_name=torchhub", "--tag", "on", "--value", "developers=Ana")
    new = {"license": "mit", "language": ["no", "de"], "library_name": "torchhub", "tags": ["on"]}
    expect_read_and_valid(tmp_path / "README.md", new)
    assert "**Developed by:** Ana" in (tmp_path / "README.md").read_text(encoding="utf-8")
    torchhub("update", str(tmp_path), "--set", "pipeline_tag=image-classification", "--tag", "1.10")
    expect_read_and_valid(tmp_path / "README.md",
                          {**new, "tags": ["on", "1.10"], "pipeline_tag": "image-classification"})


# -- the code ----------------------------------------------------------------------------------------


def run_python_code_of(card):
    """The names that the card's Python block defines."""
    code = card.split("```python\n", 1)[1].split("```", 1)[0]
    names = {}
    exec(compile(code, "the card", "exec"), names)  # the very words that a reader would copy
    return names


def card_of(run_program, folder, repo, revision, task, file):
    run_program("peers_card", folder, repo, revision, task, input="")
    return (folder / file).read_text(encoding="utf-8")


def test_the_python_code_loads_the_weights_at_the_pinned_revision(run_program, tmp_path):
    api = HfApi()
    repo = api.create_repo("code-of-weights").repo_id
    commits = []
    for number in (1.0, 2.0):
        save_file({"w": torch.full((2,), number)}, tmp_path / "model.safetensors")
        commits.append(api.upload_file(path_or_fileobj=tmp_path / "model.safetensors", repo_id=repo,
                                       path_in_repo="model.safetensors").oid)
    api.create_tag(repo, tag="v1", revision=commits[0])
    for revision, number in ((commits[0], 1.0), ("v1", 1.0), (commits[1], 2.0), ("main", 2.0)):
        card = card_of(run_program, tmp_path, repo, revision, "image-classification", "usage.md")
        assert f'revision="{revision}"' in card
        assert run_python_code_of(card)["weights"]["w"].tolist() == [number, number]


def test_the_python_code_loads_a_model_that_transformers_has(run_program, tmp_path):
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(1)
    config = BertConfig(vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=16, max_position_embeddings=8)
    model = BertForSequenceClassification(config)
    repo = HfApi().create_repo("code-of-bert").repo_id
    commit = model.push_to_hub(repo).oid
    card = card_of(run_program, tmp_path, repo, commit, "text-classification", "usage_in_transformers.md")
    loaded = run_python_code_of(card)["model"]
    assert type(loaded) is BertForSequenceClassification
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


@needs_program("peers_chain")
def test_the_python_code_of_a_trainers_card_loads_what_it_pushed(find_program, tmp_path):
    from test_chain import World

    repo = f"{HfApi().whoami()['name']}/code-of-a-run"
    world = World(tmp_path, find_program, push_to_hub=True, hub_model_id=repo, report_to="none",
                  save_strategy="steps", save_steps=100)  # and where it is stopped
    saved = load_file(world.ours("one", 3) / "model.safetensors")
    head = HfApi().model_info(repo).sha
    world.ours("two", 5, tmp_path / "one" / "checkpoint-3")  # its card names what the branch held
    card = Path(hf_hub_download(repo, "README.md")).read_text(encoding="utf-8")
    assert f'revision="{head}"' in card
    assert "](training.svg)" in card and HfApi().file_exists(repo, "training.svg")
    weights = run_python_code_of(card)["weights"]
    assert weights.keys() == saved.keys()
    for name, tensor in saved.items():
        assert torch.equal(weights[name], tensor), name
    expect_read_and_valid(hf_hub_download(repo, "README.md"), metadata_load(hf_hub_download(repo, "README.md")))
