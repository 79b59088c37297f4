"""Objects over the threshold go up in parts: huggingface_hub's own way, git's agent, and locks."""

import hashlib
import os
import subprocess
import uuid

import pytest
from huggingface_hub import HfApi

BLOCK = 1 << 20
COUNT = 150  # over 100 MiB, the threshold; three parts of 64 MiB, the last one shorter


def write_blocks(path, word):
    """150 MiB, no two blocks of them alike, so that parts in a wrong order are noticed."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for i in range(COUNT):
            block = hashlib.sha256(f"{word} {i}".encode()).digest() * (BLOCK // 32)
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def api():
    return HfApi(endpoint=os.environ["HF_ENDPOINT"], token=os.environ["HF_TOKEN"])


@pytest.fixture
def repo(api):
    name = f"{api.whoami()['name']}/m-{uuid.uuid4().hex[:8]}"
    api.create_repo(name)
    yield name
    api.delete_repo(name, missing_ok=True)


@pytest.fixture
def git(api, repo, tmp_path):
    """git(*arguments) in a clone of the repository; returns what it prints."""
    url = api.endpoint.replace("://", f"://x:{os.environ['HF_TOKEN']}@")
    env = {**os.environ, "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0",
           "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org",
           "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org"}
    clone = tmp_path / "clone"

    def run(*arguments):
        result = subprocess.run(["git", "-C", str(clone), *arguments], env=env, text=True,
                                capture_output=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr

    subprocess.run(["git", "clone", "-q", f"{url}/{repo}", str(clone)], env=env, check=True)
    run("lfs", "install", "--local")
    run.folder = clone
    run.env = env
    return run


def test_python_sends_parts(api, repo, tmp_path, monkeypatch):
    from huggingface_hub import lfs
    sent = []
    real = lfs._upload_parts_iteratively
    monkeypatch.setattr(lfs, "_upload_parts_iteratively",
                        lambda **given: sent.append(len(given["sorted_parts_urls"])) or real(**given))
    oid = write_blocks(tmp_path / "large.bin", "python")
    with open(tmp_path / "large.bin", "rb") as file:  # an open file goes by LFS, where Xet is too
        api.upload_file(path_or_fileobj=file, path_in_repo="large.bin", repo_id=repo)
    assert sent == [3]
    info = api.get_paths_info(repo, ["large.bin"])[0]
    assert (info.lfs.sha256, info.lfs.size) == (oid, COUNT * BLOCK)


def test_gits_agent_sends_parts_in_their_order(git):
    subprocess.run(["hf", "lfs-enable-largefiles", str(git.folder)], env=git.env, check=True)
    oid = write_blocks(git.folder / "large.bin", "git")
    git("add", "large.bin")
    git("lfs", "push", "--object-id", "origin", oid)
    # Gone from here, it comes back from there.
    stored = git.folder / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    stored.unlink()
    git("commit", "-q", "-m", "large")
    git("lfs", "fetch", "origin", "HEAD")
    assert stored.stat().st_size == COUNT * BLOCK


def test_git_lfs_locks_a_file(git):
    git("lfs", "lock", "large.bin")
    assert "large.bin" in git("lfs", "locks")
    assert git("lfs", "locks", "--verify").startswith("O large.bin")
    git("lfs", "unlock", "--force", "large.bin")
    assert git("lfs", "locks") == ""
