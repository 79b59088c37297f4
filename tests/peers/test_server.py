"""huggingface_hub and git, unchanged, against our server (HF_ENDPOINT and HF_TOKEN name it)."""

import io
import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from huggingface_hub import (CommitOperationAdd, CommitOperationCopy, CommitOperationDelete,
                             CommitScheduler, HfApi, HfFileSystem, ModelCard,
                             get_hf_file_metadata, hf_hub_download, hf_hub_url,
                             snapshot_download)
from huggingface_hub.errors import (EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError,
                                    RevisionNotFoundError)

BIG = os.urandom(3_000_000)


@pytest.fixture(scope="session")
def user(api):
    return api.whoami()["name"]


@pytest.fixture
def folder(tmp_path):
    """What a training leaves behind: a card, small files, a large one, an empty one, odd names."""
    root = tmp_path / "folder"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "README.md").write_text("---\nlicense: mit\ntags:\n- vision\n---\n# hi\n")
    (root / "config.json").write_text('{"model_type": "custom-resnet"}')
    (root / "sub" / "deep" / "a b#ü.txt").write_text("odd")
    (root / "empty.txt").write_bytes(b"")
    (root / "model.safetensors").write_bytes(BIG)
    return root


def test_whoami(api, user):
    me = api.whoami()
    assert me["name"] == user
    assert me["auth"]["accessToken"]["role"] == "write"
    with pytest.raises(HfHubHTTPError, match="Invalid"):
        HfApi(endpoint=api.endpoint, token="hf_" + "x" * 34).whoami()


def test_create_repo(api, user):
    name = f"{user}/r-{uuid.uuid4().hex[:8]}"
    url = api.create_repo(name)
    assert url == f"{api.endpoint}/{name}"
    assert url.repo_id == name
    assert api.create_repo(name, exist_ok=True).repo_id == name
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo(name)
    assert api.repo_exists(name)
    assert [c.title for c in api.list_repo_commits(name)] == ["initial commit"]
    api.delete_repo(name)
    assert not api.repo_exists(name)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(name)
    api.delete_repo(name, missing_ok=True)


def test_upload_folder_and_download(api, repo, folder, tmp_path):
    commit = api.upload_folder(repo_id=repo, folder_path=folder, commit_message="first")
    assert commit.commit_url == f"{api.endpoint}/{repo}/commit/{commit.oid}"
    assert sorted(api.list_repo_files(repo)) == [
        ".gitattributes", "README.md", "config.json", "empty.txt", "model.safetensors",
        "sub/deep/a b#ü.txt"]
    for name in ["README.md", "empty.txt", "model.safetensors", "sub/deep/a b#ü.txt"]:
        path = hf_hub_download(repo, name, cache_dir=tmp_path / "cache")
        assert open(path, "rb").read() == (folder / name).read_bytes()
    snapshot = snapshot_download(repo, cache_dir=tmp_path / "cache2")
    assert snapshot.endswith(commit.oid)
    assert open(f"{snapshot}/model.safetensors", "rb").read() == BIG
    local = snapshot_download(repo, local_dir=tmp_path / "local", allow_patterns=["sub/*", "*.json"])
    assert sorted(p.name for p in (tmp_path / "local").rglob("*") if p.is_file()
                  and ".cache" not in p.parts) == ["a b#ü.txt", "config.json"]
    assert local == str(tmp_path / "local")


def test_uploading_the_same_again_makes_no_commit(api, repo, folder):
    first = api.upload_folder(repo_id=repo, folder_path=folder)
    again = api.upload_folder(repo_id=repo, folder_path=folder)
    assert again.oid == first.oid
    assert len(api.list_repo_commits(repo)) == 2


def test_upload_file(api, repo, tmp_path):
    api.upload_file(repo_id=repo, path_or_fileobj=b"bytes", path_in_repo="x/a.txt")
    api.upload_file(repo_id=repo, path_or_fileobj=io.BytesIO(BIG), path_in_repo="x/m.bin")
    source = tmp_path / "b.txt"
    source.write_text("from disk")
    api.upload_file(repo_id=repo, path_or_fileobj=str(source), path_in_repo="b.txt",
                    commit_message="a title", commit_description="and\nmore")
    assert open(hf_hub_download(repo, "x/m.bin"), "rb").read() == BIG
    newest = api.list_repo_commits(repo)[0]
    assert (newest.title, newest.message) == ("a title", "and\nmore")
    assert api.file_exists(repo, "x/a.txt")
    assert not api.file_exists(repo, "x/b.txt")


def test_model_info(api, repo, folder):
    commit = api.upload_folder(repo_id=repo, folder_path=folder)
    info = api.model_info(repo, files_metadata=True)
    assert info.sha == commit.oid
    assert info.card_data.license == "mit"
    assert {"vision", "license:mit"} <= set(info.tags)
    assert info.config == {"model_type": "custom-resnet"}
    model = next(s for s in info.siblings if s.rfilename == "model.safetensors")
    assert (model.size, model.lfs.size) == (len(BIG), len(BIG))
    assert api.model_info(repo, revision=commit.oid[:7]).sha == commit.oid
    assert api.model_info(repo, expand=["likes"]).likes == 0
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo, revision="nowhere")
    assert repo in [m.id for m in api.list_models(author=repo.split("/")[0])]


def test_operations_of_one_commit(api, repo, folder):
    api.upload_folder(repo_id=repo, folder_path=folder)
    commit = api.create_commit(repo, commit_message="all at once", operations=[
        CommitOperationAdd("new.txt", b"new"),
        CommitOperationDelete("config.json"),
        CommitOperationDelete("sub/", is_folder=True),
        CommitOperationCopy("model.safetensors", "copies/model.safetensors"),
        CommitOperationCopy("README.md", "copies/README.md"),
    ])
    assert set(api.list_repo_files(repo)) == {
        ".gitattributes", "README.md", "empty.txt", "model.safetensors", "new.txt",
        "copies/model.safetensors", "copies/README.md"}
    assert open(hf_hub_download(repo, "copies/model.safetensors"), "rb").read() == BIG
    with pytest.raises(HfHubHTTPError, match="412"):
        api.create_commit(repo, commit_message="late", parent_commit="0" * 40,
                          operations=[CommitOperationAdd("late.txt", b"late")])
    with pytest.raises(EntryNotFoundError):
        api.delete_file("missing.txt", repo)
    assert api.list_repo_commits(repo)[0].commit_id == commit.oid


def test_branches_and_tags(api, repo):
    first = api.upload_file(repo_id=repo, path_or_fileobj=b"1", path_in_repo="a.txt")
    api.create_branch(repo, branch="exp/one")
    api.create_branch(repo, branch="exp/one", exist_ok=True)
    api.upload_file(repo_id=repo, path_or_fileobj=b"2", path_in_repo="a.txt", revision="exp/one")
    api.create_tag(repo, tag="v1", tag_message="annotated")
    refs = api.list_repo_refs(repo)
    assert sorted(b.name for b in refs.branches) == ["exp/one", "main"]
    assert [(t.name, t.target_commit) for t in refs.tags] == [("v1", first.oid)]
    assert open(hf_hub_download(repo, "a.txt", revision="exp/one")).read() == "2"
    assert open(hf_hub_download(repo, "a.txt", revision="v1")).read() == "1"
    api.delete_tag(repo, tag="v1")
    api.delete_branch(repo, branch="exp/one")
    with pytest.raises(RevisionNotFoundError):
        api.delete_branch(repo, branch="exp/one")
    with pytest.raises(HfHubHTTPError, match="403"):
        api.delete_branch(repo, branch="main")


def test_squash(api, repo):
    for text in ("1", "2"):
        api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=text.encode())
    api.create_tag(repo, tag="before")
    assert len(api.list_repo_commits(repo)) == 3
    api.super_squash_history(repo_id=repo, commit_message="all of it")
    assert [commit.title for commit in api.list_repo_commits(repo)] == ["all of it"]
    assert len(api.list_repo_commits(repo, revision="before")) == 3
    assert hf_hub_download(repo, "a.txt", endpoint=api.endpoint, token=api.token)
    with pytest.raises(RevisionNotFoundError):
        api.super_squash_history(repo_id=repo, branch="nowhere")


def test_commit_scheduler_squashes(api, repo, tmp_path):
    (tmp_path / "log.txt").write_text("1")
    with CommitScheduler(repo_id=repo, folder_path=tmp_path, every=1000, squash_history=True,
                         hf_api=api) as scheduler:
        scheduler.trigger().result()
        (tmp_path / "log.txt").write_text("1\n2")
    assert len(api.list_repo_commits(repo)) == 1


def test_tree_and_paths(api, repo, folder):
    api.upload_folder(repo_id=repo, folder_path=folder, commit_message="the folder")
    tree = {e.path: e for e in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert "sub/deep" in tree
    assert tree["sub/deep/a b#ü.txt"].last_commit.title == "the folder"
    infos = api.get_paths_info(repo, ["model.safetensors", "sub", "nope"], expand=True)
    assert [i.path for i in infos] == ["model.safetensors", "sub"]
    assert infos[0].lfs.size == len(BIG)


def test_missing_things(api, repo, user):
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo, "missing.txt")
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(repo, "README.md", revision="nowhere")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download(f"{user}/nowhere", "a.txt")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download(f"{user}/nowhere", "a.txt", token=False)
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token=False).model_info(f"{user}/nowhere")


def test_private_repositories(api, user):
    name = f"{user}/p-{uuid.uuid4().hex[:8]}"
    api.create_repo(name, private=True)
    api.upload_file(repo_id=name, path_or_fileobj=b"secret", path_in_repo="a.txt")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download(name, "a.txt", token=False)
    assert open(hf_hub_download(name, "a.txt")).read() == "secret"
    api.update_repo_settings(name, private=False)
    assert api.model_info(name, token=False).private is False
    api.delete_repo(name)


def test_metadata_and_cache(api, repo, folder, tmp_path):
    commit = api.upload_folder(repo_id=repo, folder_path=folder)
    metadata = get_hf_file_metadata(hf_hub_url(repo, "model.safetensors"))
    assert metadata.commit_hash == commit.oid
    assert metadata.size == len(BIG)
    assert len(metadata.etag) == 64
    path = hf_hub_download(repo, "config.json", cache_dir=tmp_path)
    assert hf_hub_download(repo, "config.json", cache_dir=tmp_path) == path
    assert hf_hub_download(repo, "config.json", cache_dir=tmp_path, local_files_only=True) == path


def test_cards(api, repo):
    # Not push_to_hub: ModelCard.validate asks huggingface.co whatever HF_ENDPOINT says.
    card = ModelCard("---\nlicense: mit\ntags:\n- torchhub\n---\n# one\n")
    api.upload_file(repo_id=repo, path_or_fileobj=str(card).encode(), path_in_repo="README.md")
    loaded = ModelCard.load(repo)
    assert loaded.data.license == "mit"
    assert loaded.data.tags == ["torchhub"]
    assert loaded.content == card.content
    with pytest.raises(ValueError, match="Invalid metadata"):
        api.upload_file(repo_id=repo, path_or_fileobj=b"---\nlicense: [mit\n---\n",
                        path_in_repo="README.md")


def test_file_system(api, repo):
    files = HfFileSystem(endpoint=api.endpoint, token=api.token)
    with files.open(f"{repo}/data/a.txt", "w") as file:
        file.write("hello world")
    assert files.ls(f"{repo}/data", detail=False) == [f"{repo}/data/a.txt"]
    with files.open(f"{repo}/data/a.txt", "rb") as file:
        file.seek(6)
        assert file.read(5) == b"world"
    assert files.info(f"{repo}/data/a.txt")["size"] == 11
    files.rm(f"{repo}/data/a.txt")
    assert not files.exists(f"{repo}/data/a.txt")


def test_datasets(api, user, folder):
    name = f"{user}/d-{uuid.uuid4().hex[:8]}"
    url = api.create_repo(name, repo_type="dataset")
    assert url == f"{api.endpoint}/datasets/{name}"
    api.upload_folder(repo_id=name, folder_path=folder, repo_type="dataset")
    path = hf_hub_download(name, "model.safetensors", repo_type="dataset")
    assert open(path, "rb").read() == BIG
    assert api.dataset_info(name).id == name
    api.delete_repo(name, repo_type="dataset")


def test_writers_at_once(api, repo):
    def write(number):
        return api.upload_file(repo_id=repo, path_or_fileobj=f"{number}".encode(),
                               path_in_repo=f"f{number}.txt").oid

    with ThreadPoolExecutor(8) as pool:
        commits = set(pool.map(write, range(16)))
    assert len(commits) == 16
    assert len(api.list_repo_commits(repo)) == 17
    assert len(api.list_repo_files(repo)) == 17


def test_many_files(api, repo, tmp_path):
    for number in range(700):
        (tmp_path / f"{number}.txt").write_text(str(number))
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert len(api.list_repo_files(repo)) == 701
