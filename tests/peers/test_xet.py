"""The newest huggingface_hub with hf_xet, which sends large files by Xet and by nothing else, against
our server; Debian's huggingface_hub, which has never heard of that, reads what came of it."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import create_repo, list_repo_tree, snapshot_download
from our_hub import admin, bytes_under

SIZE = 20_000_000


def weights(seed, size):
    """Bytes of which some pack well, some not, and some only when grouped by four."""
    source = random.Random(seed)
    floats = b"".join(source.randbytes(2) + b"\x80\x3f" for _ in range(size // 16))
    return (source.randbytes(size // 4) + floats + bytes(size // 4) + source.randbytes(size))[:size]


@pytest.fixture(scope="module")
def xet_home(tmp_path_factory):
    """Where hf_xet keeps what it remembers of earlier pushes."""
    return tmp_path_factory.mktemp("xet-home")


@pytest.fixture(scope="module")
def xet_push(xet_home):
    """xet_push(repo, folder, what): what the push printed."""
    python = os.environ.get("TORCHHUB_NEWEST_HUB_PYTHON")
    if not python:
        pytest.skip("no huggingface_hub with hf_xet: tests/peers/setup_venv.sh gets it")

    def push(repo, folder, what, home=xet_home, expect_failure=False, token=None):
        script = Path(__file__).with_name("xet_pushes.py")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"HF_HOME": str(home)} | ({"HF_TOKEN": token} if token else {})
        result = subprocess.run([python, script, repo, folder, what], capture_output=True, text=True,
                                check=False, env=environment, timeout=300)
        if expect_failure:
            assert result.returncode != 0
            return result.stderr
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout.splitlines()[-1])

    return push


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "work"
    (root / "deeper").mkdir(parents=True)
    (root / "config.json").write_text('{"model_type": "custom-resnet"}\n')
    (root / "empty.bin").write_bytes(b"")
    (root / "model.safetensors").write_bytes(weights(1, SIZE))
    (root / "deeper" / "small.bin").write_bytes(b"hello world")
    (root / "deeper" / "zeros.bin").write_bytes(bytes(3_000_000))
    return root


def downloaded(repo, revision, tmp_path):
    found = bytes_under(Path(snapshot_download(repo, revision=revision,
                                               cache_dir=tmp_path / revision)))
    found.pop(".gitattributes")
    return found


def test_a_folder_comes_whole(xet_push, xet_home, repo, folder, tmp_path):
    pushed = xet_push(repo, folder, "folder")
    assert list((xet_home / "xet").rglob("*.mdb")), "it did not go by Xet: there is no shard cache"
    assert downloaded(repo, pushed["oid"], tmp_path) == bytes_under(folder)


def test_a_changed_file_names_the_chunks_that_came_before(xet_push, repo, folder, tmp_path):
    first = xet_push(repo, folder, "file")
    before = (folder / "model.safetensors").read_bytes()
    middle = SIZE // 2
    changed = before[:middle] + b"inserted" + before[middle:-1000] + random.Random(7).randbytes(3000)
    (folder / "model.safetensors").write_bytes(changed)
    second = xet_push(repo, folder, "file")
    assert first["oid"] != second["oid"]
    assert downloaded(repo, first["oid"], tmp_path) == {"model.safetensors": before}
    assert downloaded(repo, second["oid"], tmp_path) == {"model.safetensors": changed}


def test_a_client_that_remembers_nothing_sends_it_again(xet_push, repo, folder, tmp_path):
    xet_push(repo, folder, "folder")
    again = xet_push(repo, folder, "folder", home=tmp_path / "another-home")
    assert downloaded(repo, again["oid"], tmp_path) == bytes_under(folder)


def test_a_push_to_what_is_not_there_fails(xet_push, folder):
    words = xet_push("peer/nothing-is-here", folder, "file", expect_failure=True)
    assert "RepositoryNotFoundError" in words and "404" in words


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_push_without_the_right_to_write_fails(xet_push, folder, what):
    repo = create_repo(f"peer/read-only-{what}").repo_id
    reader = admin("token", "create", "peer", "--role", "read")
    words = xet_push(repo, folder, what, expect_failure=True, token=reader)
    assert "403" in words and "needs a token with the role 'write'" in words
    assert {file.path for file in list_repo_tree(repo)} == {".gitattributes"}
