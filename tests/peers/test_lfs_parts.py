"""Objects over the threshold go up in parts: huggingface_hub's own way, git's agent, and locks."""

import hashlib
import os
import subprocess

import pytest

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


@pytest.fixture
def clone(api, repo, git, tmp_path):
    """clone(*arguments): git in a clone of the repository, which lies at clone.folder."""
    folder = tmp_path / "clone"
    url = api.endpoint.replace("://", f"://x:{os.environ['HF_TOKEN']}@")
    git("clone", "-q", f"{url}/{repo}", folder)

    def run(*arguments):
        return git("-C", folder, *arguments)

    run("lfs", "install", "--local")
    run.folder = folder
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


def test_gits_agent_sends_parts_in_their_order(clone, git):
    subprocess.run(["hf", "lfs-enable-largefiles", str(clone.folder)], env=git.env, check=True)
    oid = write_blocks(clone.folder / "large.bin", "git")
    clone("add", "large.bin")
    clone("lfs", "push", "--object-id", "origin", oid)
    # Gone from here, it comes back from there.
    stored = clone.folder / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    stored.unlink()
    clone("commit", "-q", "-m", "large")
    clone("lfs", "fetch", "origin", "HEAD")
    assert stored.stat().st_size == COUNT * BLOCK


def test_git_lfs_locks_a_file(clone):
    clone("lfs", "lock", "large.bin")
    assert "large.bin" in clone("lfs", "locks")
    assert clone("lfs", "locks", "--verify").startswith("O large.bin")
    clone("lfs", "unlock", "--force", "large.bin")
    assert clone("lfs", "locks") == ""
