"""The `hf` command as its users type it, against our server: each step must end well and print what
it prints for the real Hub."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = "peer/hf-command"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("hf-home")


@pytest.fixture(scope="module")
def hf(home):
    """hf(words...): what it printed; it must end with `status`."""
    def run(*words, status=0, cwd=None, stdin=None):
        environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                       "NO_COLOR": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
        if words[:2] != ("auth", "login"):
            environment.pop("HF_TOKEN")  # the stored one is to be used
        result = subprocess.run([sys.executable, "-m", "huggingface_hub.cli.hf", *map(str, words)],
                                capture_output=True, text=True, check=False, env=environment, cwd=cwd,
                                input=stdin, timeout=120)
        assert result.returncode == status, f"hf {words}: {result.stdout}{result.stderr}"
        return result.stdout + result.stderr
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("files")
    (root / "config.json").write_text('{"model_type": "custom"}\n')
    (root / "sub").mkdir()
    (root / "sub" / "weights.bin").write_bytes(os.urandom(300_000))
    return root


# In the order of the file: later steps use what earlier ones made.

def test_login_whoami_list_switch(hf):
    hf("auth", "login", "--token", os.environ["HF_TOKEN"])
    assert "peer" in hf("auth", "whoami")
    assert "token" in hf("auth", "list")
    hf("auth", "switch", "--token-name", "token")


def test_env_and_version(hf):
    assert os.environ["HF_ENDPOINT"] in hf("env")
    assert re.search(r"\d+\.\d+", hf("version"))


def test_create_repositories(hf):
    assert REPO in hf("repos", "create", REPO)
    hf("repos", "create", REPO, status=1)
    hf("repos", "create", REPO, "--exist-ok")
    hf("repos", "create", REPO, "--type", "dataset", "--private")
    hf("repos", "create", REPO, "--type", "space", "--space-sdk", "static")


def test_list_repositories(hf):
    assert REPO in hf("repos", "list", "--format", "json")
    assert REPO in hf("repos", "list", "--type", "dataset", "--format", "json")


def test_upload_a_folder(hf, folder):
    said = hf("upload", REPO, folder, ".", "--commit-message", "By the command")
    assert f"{os.environ['HF_ENDPOINT']}/{REPO}" in said


def test_upload_a_file_and_nothing_new(hf, folder):
    hf("upload", REPO, folder / "config.json", "copies/config.json")
    hf("upload", REPO, folder / "config.json", "copies/config.json")


def test_upload_as_a_pull_request(hf, folder):
    hf("upload", REPO, folder / "config.json", "proposed.json", "--create-pr")
    assert "Upload proposed.json" in hf("discussions", "list", REPO, "--kind", "pull_request",
                                        "--format", "json")
    assert "proposed.json" not in hf("models", "list", REPO, "-R")


def test_download(hf, folder, tmp_path):
    path = re.search(r"/\S+weights\.bin", hf("download", REPO, "sub/weights.bin")).group()
    assert Path(path).read_bytes() == (folder / "sub" / "weights.bin").read_bytes()
    hf("download", REPO, "--include", "*.json", "--local-dir", tmp_path)
    assert (tmp_path / "config.json").exists() and not (tmp_path / "sub").exists()
    hf("download", REPO, "none.bin", status=1)
    hf("download", "peer/none", status=1)


def test_list_files_and_info(hf):
    assert "config.json" in hf("models", "list", REPO, "-R")
    info = hf("models", "info", REPO)
    assert json.loads(info[info.index("{"):info.rindex("}") + 1])["id"] == REPO
    assert REPO in hf("models", "list", "--author", "peer", "--format", "json")
    assert REPO in hf("datasets", "list", "--author", "peer", "--format", "json")


def test_branches_and_tags(hf):
    hf("repos", "branch", "create", REPO, "dev")
    hf("repos", "branch", "create", REPO, "dev", "--exist-ok")
    hf("repos", "branch", "delete", REPO, "dev")
    hf("repos", "tag", "create", REPO, "v1", "-m", "First")
    assert "v1" in hf("repos", "tag", "list", REPO)
    hf("repos", "tag", "delete", REPO, "v1", "-y")


def test_discussions(hf):
    hf("discussions", "create", REPO, "--title", "A question", "--body", "Why?")
    said = hf("discussions", "list", REPO)
    assert "A question" in said
    number = re.search(r"^\s*(?:num=)?(\d+)\b.*A question", said, re.MULTILINE).group(1)
    hf("discussions", "comment", REPO, number, "--body", "Because.")
    hf("discussions", "rename", REPO, number, "An answer")
    hf("discussions", "close", REPO, number, "-y")
    assert "An answer" in hf("discussions", "info", REPO, number)


def test_settings_and_move(hf):
    hf("repos", "settings", REPO, "--gated", "auto")
    hf("repos", "settings", REPO, "--gated", "false", "--private")
    hf("repos", "move", REPO, REPO + "-moved")
    hf("repos", "move", REPO + "-moved", REPO)


def test_delete_files(hf):
    hf("repos", "delete-files", REPO, "copies/*")
    assert "copies/" not in hf("models", "list", REPO, "-R")


def test_cache(hf):
    assert REPO in hf("cache", "list")
    hf("cache", "verify", REPO)
    hf("cache", "prune", "-y")
    hf("cache", "rm", f"model/{REPO}", "-y")


def test_delete_repositories_and_log_out(hf):
    for kind in ("model", "dataset", "space"):
        hf("repos", "delete", REPO, "--type", kind, "-y")
    hf("repos", "delete", REPO, "--missing-ok", "-y")
    hf("auth", "logout")
    hf("auth", "whoami", status=1)
