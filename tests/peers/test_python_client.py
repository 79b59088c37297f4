"""huggingface_hub and git as clients of `torchhub serve`: what they push is what everybody reads."""

import random
import threading
from pathlib import Path

import pytest
from huggingface_hub import (CommitOperationAdd, CommitOperationDelete, HfApi, ModelCard,
                             hf_hub_download, snapshot_download)
from huggingface_hub.errors import (EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError,
                                    RevisionNotFoundError)
from our_hub import bytes_under

FILES = {
    "README.md": "---\nlicense: mit\nlanguage: 'no'\ntags:\n- demo\n---\n\n# Käse\n".encode(),
    "config.json": b'{"model_type": "custom-resnet"}\n',
    "model.safetensors": random.Random(1).randbytes(12_000_000),  # LFS, over the size of one part
    "folder/deeper/a name with blanks #ü.txt": b"text\r\n",
    "empty": b"",
}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "work"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_upload_folder_then_snapshot_download(api, repo, folder, tmp_path):
    info = api.upload_folder(repo_id=repo, folder_path=folder, commit_message="All of it")
    assert len(info.oid) == 40
    got = snapshot_download(repo, revision=info.oid, cache_dir=tmp_path / "cache")
    found = bytes_under(Path(got))
    assert found.pop(".gitattributes")
    assert found == FILES
    assert sorted(api.list_repo_files(repo)) == sorted([".gitattributes", *FILES])


def test_git_clone_gives_the_same_bytes(api, repo, folder, git, tmp_path):
    info = api.upload_folder(repo_id=repo, folder_path=folder)
    clone = tmp_path / "clone"
    git("lfs", "install")
    git("clone", f"{api.endpoint}/{repo}", clone)
    assert git("-C", clone, "rev-parse", "HEAD") == info.oid
    git("-C", clone, "fsck", "--strict")
    found = bytes_under(clone)
    assert found.pop(".gitattributes")
    assert found == FILES


def test_a_pinned_revision_keeps_its_bytes(api, repo, tmp_path):
    first = api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"one")
    second = api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"two")
    for commit, content in ((first, b"one"), (second, b"two")):
        path = hf_hub_download(repo, "a.txt", revision=commit.oid, cache_dir=tmp_path)
        with open(path, "rb") as file:
            assert file.read() == content
    titles = [commit.title for commit in api.list_repo_commits(repo)]
    assert titles[-1] == "initial commit"
    assert len(titles) == 3


def test_one_commit_adds_and_deletes(api, repo):
    api.upload_file(repo_id=repo, path_in_repo="old.txt", path_or_fileobj=b"old")
    api.create_commit(repo, [CommitOperationAdd("new.txt", b"new"), CommitOperationDelete("old.txt")],
                      commit_message="Swap", commit_description="Two at once")
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", "new.txt"]


def test_a_stale_parent_is_refused(api, repo):
    base = api.repo_info(repo).sha
    api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"one")
    with pytest.raises(HfHubHTTPError) as error:
        api.create_commit(repo, [CommitOperationAdd("a.txt", b"two")], commit_message="late",
                          parent_commit=base)
    assert error.value.response.status_code == 412


def test_writers_at_once_all_arrive(api, repo):
    errors = []

    def write(number):
        try:
            for attempt in range(20):
                try:
                    api.upload_file(repo_id=repo, path_in_repo=f"{number}.txt",
                                    path_or_fileobj=str(number).encode())
                    return
                except HfHubHTTPError as error:
                    if error.response.status_code not in (409, 412) or attempt == 19:
                        raise
        except Exception as error:  # reported by the main thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert set(api.list_repo_files(repo)) == {".gitattributes", *(f"{n}.txt" for n in range(6))}


def test_model_card_loads_from_the_hub(api, repo, folder):
    api.upload_folder(repo_id=repo, folder_path=folder)
    card = ModelCard.load(repo)
    assert card.data.license == "mit"
    assert card.data.language == "no"
    assert card.text == "\n# Käse\n"


def test_branches_and_tags(api, repo, tmp_path):
    api.create_branch(repo, branch="side/one")
    api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"side", revision="side/one")
    api.create_tag(repo, tag="v1", revision="side/one")
    refs = api.list_repo_refs(repo)
    assert {branch.name for branch in refs.branches} == {"main", "side/one"}
    assert [tag.name for tag in refs.tags] == ["v1"]
    assert hf_hub_download(repo, "a.txt", revision="v1", cache_dir=tmp_path)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo, "a.txt", cache_dir=tmp_path)


def test_what_is_missing_has_its_own_error(api, repo, tmp_path):
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("peer/absent")
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(repo, "a.txt", revision="absent", cache_dir=tmp_path)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo, "absent.txt", cache_dir=tmp_path)
    with pytest.raises(HfHubHTTPError) as error:
        HfApi(token="hf_" + "x" * 34).create_repo("peer/other")
    assert error.value.response.status_code == 401


def test_a_private_repository_hides_from_strangers(api):
    repo = api.create_repo("peer/hidden", private=True).repo_id
    assert api.repo_info(repo).private
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token=False).repo_info(repo)
    api.delete_repo(repo)
