"""One cache for both: what our client downloads Python finds without a network, and the reverse."""

import os
from pathlib import Path

import pytest
from huggingface_hub import (HfApi, hf_hub_download, scan_cache_dir, snapshot_download,
                             try_to_load_from_cache)

NOBODY = "http://127.0.0.1:9"  # nothing listens there: who asks, fails
FILES = {
    "README.md": b"# cache\n",
    "config.json": b'{"model_type": "tiny"}\n',
    "model.safetensors": bytes(range(256)) * 50_000,  # LFS
    "sub/folder/notes.txt": b"notes\n",
    "empty": b"",
}


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """A repository with a tag: its name and its commit."""
    api = HfApi()
    folder = tmp_path_factory.mktemp("cache-source")
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    repo = api.create_repo("peer/one-cache").repo_id
    commit = api.upload_folder(repo_id=repo, folder_path=folder).oid
    api.create_tag(repo, tag="v1")
    yield repo, commit
    api.delete_repo(repo)


def assert_all_there(snapshot):
    for name, content in FILES.items():
        assert (Path(snapshot) / name).read_bytes() == content, name


@pytest.mark.parametrize("revision", ["main", "v1", "commit"])
def test_python_finds_what_our_client_downloaded(run_program, tmp_path, pushed, revision):
    repo, commit = pushed
    revision = commit if revision == "commit" else revision
    cache = tmp_path / "hub"
    file, snapshot = run_program("peers_download", os.environ["HF_ENDPOINT"], cache, repo,
                                 revision).split("\n")[:2]

    assert hf_hub_download(repo, "README.md", revision=revision, cache_dir=cache,
                           local_files_only=True) == file
    offline = {"revision": revision, "cache_dir": cache, "local_files_only": True}
    assert snapshot_download(repo, **offline) == snapshot
    assert try_to_load_from_cache(repo, "model.safetensors", cache_dir=cache,
                                  revision=revision) == f"{snapshot}/model.safetensors"
    assert_all_there(snapshot)

    found = scan_cache_dir(cache)
    assert not found.warnings
    (cached,) = found.repos
    (kept,) = cached.revisions
    assert (cached.repo_id, kept.commit_hash) == (repo, commit)
    assert kept.nb_files == len(FILES) + 1  # .gitattributes


@pytest.mark.parametrize("revision", ["main", "v1", "commit"])
def test_our_client_finds_what_python_downloaded(run_program, tmp_path, pushed, revision):
    repo, commit = pushed
    revision = commit if revision == "commit" else revision
    cache = tmp_path / "hub"
    theirs = snapshot_download(repo, revision=revision, cache_dir=cache)
    _, snapshot = run_program("peers_download", NOBODY, cache, repo, revision,
                              "offline").split("\n")[:2]
    assert snapshot == theirs
    assert_all_there(snapshot)


def test_both_fill_one_cache_with_one_copy(run_program, tmp_path, pushed):
    repo, commit = pushed
    cache = tmp_path / "hub"
    snapshot_download(repo, cache_dir=cache, allow_patterns=["*.json", "model.safetensors"])
    before = {path.name: path.stat().st_ino for path in cache.glob("models--*/blobs/*")}
    run_program("peers_download", os.environ["HF_ENDPOINT"], cache, repo, commit)
    after = {path.name: path.stat().st_ino for path in cache.glob("models--*/blobs/*")}
    assert before.items() <= after.items()  # nothing was downloaded twice
    assert len(list(cache.glob("models--*/snapshots/*"))) == 1
    assert not scan_cache_dir(cache).warnings
