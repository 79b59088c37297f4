"""What users of huggingface_hub call, one after the other, against the hub that HF_ENDPOINT names.

Runs under any Python that has huggingface_hub: Debian's, which sends large files by LFS, and the
newest with hf_xet, which sends them by Xet. Each call is a function; it may use what earlier ones
made. Prints a line of JSON for each: its name, and what went wrong or null; or the method that this
version lacks.
usage: hub_calls.py WORK_FOLDER   (TORCHHUB: the program; TORCHHUB_HUB_DATA: the hub's data folder)
"""

import inspect
import io
import json
import os
import random
import re
import sys
import time
import traceback
from pathlib import Path

import huggingface_hub
from huggingface_hub import (CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi,
                             HfFileSystem, ModelCard, metadata_update)
from huggingface_hub.errors import (BadRequestError, EntryNotFoundError, GatedRepoError,
                                    HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError,
                                    RevisionNotFoundError)
from our_hub import admin

# Versions before 2 ask the real Hub whether a card is valid, whatever HF_ENDPOINT says.
if "https://huggingface.co" in inspect.getsource(huggingface_hub.RepoCard.validate):
    huggingface_hub.RepoCard.validate = lambda self, repo_type=None: None

CALLS = []


def call(function):
    CALLS.append(function)
    return function


def bytes_of(seed, size):
    return random.Random(seed).randbytes(size)


def refused(error, function, *arguments, status=None, says=None, **options):
    """The function must raise `error`."""
    try:
        function(*arguments, **options)
    except error as found:
        if status is not None:
            assert found.response.status_code == status, found
        if says is not None:
            assert says in str(found), found
        return found
    raise AssertionError(f"{function} was not refused")


class Lacking(Exception):
    """This version of huggingface_hub has no such method."""


class Context:
    """Two users, an organisation, and a repository that most calls use."""

    def __init__(self, work):
        self.work = Path(work)
        self.endpoint = os.environ["HF_ENDPOINT"]
        self.me = HfApi()
        self.other_name = "other-" + self.unique()
        admin("user", "create", self.other_name)
        self.other = HfApi(token=admin("token", "create", self.other_name, "--role", "write"))
        self.reader = HfApi(token=admin("token", "create", "peer", "--role", "read"))
        self.anonymous = HfApi(token=False)
        self.org = "org-" + self.unique()
        admin("org", "create", self.org, "--owner", "peer")
        self.repo = "peer/calls-" + self.unique()

    def need(self, method):
        if not hasattr(self.me, method):
            raise Lacking(method)

    @staticmethod
    def unique():
        return f"{time.time_ns():x}"

    def read(self, path, revision=None, repo=None, api=None):
        place = (api or self.me).hf_hub_download(repo or self.repo, path, revision=revision,
                                                 cache_dir=self.work / "cache")
        return Path(place).read_bytes()

    def folder(self, name, files):
        root = self.work / name
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        return root


# Who am I

@call
def whoami(c):
    me = c.me.whoami()
    assert me["name"] == "peer" and me["type"] == "user"
    assert {"name": c.org, "roleInOrg": "admin"}.items() <= next(
        org for org in me["orgs"] if org["name"] == c.org).items()
    assert me["auth"]["accessToken"]["role"] == "write"


@call
def whoami_with_a_bad_token(c):
    refused(HfHubHTTPError, HfApi(token="hf_" + "x" * 34).whoami)


@call
def user_overview(c):
    assert c.me.get_user_overview("peer").username == "peer"


@call
def organization_overview(c):
    assert c.me.get_organization_overview(c.org).name == c.org


@call
def organization_members(c):
    assert [member.username for member in c.me.list_organization_members(c.org)] == ["peer"]


# Repositories

@call
def create_model(c):
    url = c.me.create_repo(c.repo)
    assert url.repo_id == c.repo and url.repo_type == "model"
    assert str(url) == f"{c.endpoint}/{c.repo}"


@call
def create_existing(c):
    refused(HfHubHTTPError, c.me.create_repo, c.repo, status=409)
    assert c.me.create_repo(c.repo, exist_ok=True).repo_id == c.repo


@call
def create_dataset(c):
    url = c.me.create_repo(c.repo, repo_type="dataset")
    assert url.repo_type == "dataset"
    assert c.me.dataset_info(c.repo).id == c.repo


@call
def create_space(c):
    url = c.me.create_repo(c.repo, repo_type="space", space_sdk="static")
    assert url.repo_type == "space"
    assert c.me.space_info(c.repo).id == c.repo


@call
def create_in_an_organization(c):
    repo = f"{c.org}/model"
    c.me.create_repo(repo)
    refused(HfHubHTTPError, c.other.create_repo, f"{c.org}/theirs", status=403)
    assert c.me.model_info(repo).author == c.org


@call
def create_private(c):
    c.private = "peer/private-" + c.unique()
    c.me.create_repo(c.private, private=True)
    assert c.me.model_info(c.private).private is True
    for stranger in (c.other, c.anonymous):
        refused(RepositoryNotFoundError, stranger.model_info, c.private)


@call
def create_with_a_read_token(c):
    refused(HfHubHTTPError, c.reader.create_repo, "peer/never", status=403, says="role")


@call
def repo_exists(c):
    assert c.me.repo_exists(c.repo)
    assert not c.me.repo_exists("peer/none")
    assert not c.other.repo_exists(c.private)


@call
def repo_info(c):
    info = c.me.repo_info(c.repo)
    assert info.id == c.repo and info.author == "peer" and len(info.sha) == 40
    assert info.created_at and info.last_modified and info.private is False
    assert [s.rfilename for s in info.siblings] == [".gitattributes"]


@call
def initial_commit(c):
    commits = c.me.list_repo_commits(c.repo)
    assert [commit.title for commit in commits] == ["initial commit"]


# Uploads

@call
def upload_bytes(c):
    info = c.me.upload_file(repo_id=c.repo, path_in_repo="config.json", path_or_fileobj=b'{"a": 1}',
                            commit_message="A config")
    assert info.commit_url == f"{c.endpoint}/{c.repo}/commit/{info.oid}"
    assert c.read("config.json") == b'{"a": 1}'
    c.first = info.oid


@call
def upload_path(c):
    path = c.folder("one", {"a.txt": b"from a path"}) / "a.txt"
    c.me.upload_file(repo_id=c.repo, path_in_repo="deep/er/a.txt", path_or_fileobj=path)
    assert c.read("deep/er/a.txt") == b"from a path"


@call
def upload_file_object(c):
    c.me.upload_file(repo_id=c.repo, path_in_repo="stream.bin",
                     path_or_fileobj=io.BytesIO(bytes_of(3, 300_000)))
    assert c.read("stream.bin") == bytes_of(3, 300_000)


@call
def upload_large_file(c):
    c.large = bytes_of(1, 12_000_000)
    c.me.upload_file(repo_id=c.repo, path_in_repo="model.safetensors.raw.bin",
                     path_or_fileobj=c.large, commit_message="Large", commit_description="By LFS or Xet")
    assert c.read("model.safetensors.raw.bin") == c.large
    entry, = c.me.get_paths_info(c.repo, "model.safetensors.raw.bin")
    assert entry.lfs.size == len(c.large) and entry.size == len(c.large)


@call
def upload_same_again(c):
    before = c.me.repo_info(c.repo).sha
    info = c.me.upload_file(repo_id=c.repo, path_in_repo="config.json", path_or_fileobj=b'{"a": 1}')
    assert info.oid == before == c.me.repo_info(c.repo).sha


@call
def upload_empty_file(c):
    c.me.upload_file(repo_id=c.repo, path_in_repo="empty.bin", path_or_fileobj=b"")
    assert c.read("empty.bin") == b""


@call
def upload_odd_names(c):
    for name in ("with blank.txt", "ümläut/ß.txt", "per%cent.txt", "hash#mark.txt", "quest?ion.txt",
                 "plus+amp&.txt", "日本.txt"):
        c.me.upload_file(repo_id=c.repo, path_in_repo=name, path_or_fileobj=name.encode())
        assert c.read(name) == name.encode()


@call
def upload_folder(c):
    root = c.folder("folder", {"README.md": b"---\nlicense: mit\ntags:\n- probe\n---\n# Probe\n",
                               "w.safetensors": bytes_of(2, 2_000_000), "sub/x.json": b"{}",
                               "sub/skip.log": b"no", ".git/config": b"never"})
    info = c.me.upload_folder(repo_id=c.repo, folder_path=root, ignore_patterns="*.log",
                              commit_message="A folder")
    files = c.me.list_repo_files(c.repo, revision=info.oid)
    assert {"README.md", "w.safetensors", "sub/x.json"} <= set(files)
    assert not [name for name in files if name.endswith(".log") or name.startswith(".git/")]


@call
def upload_folder_with_deletions(c):
    root = c.folder("fresh", {"sub/y.json": b"[]"})
    c.me.upload_folder(repo_id=c.repo, folder_path=root, delete_patterns="sub/*.json")
    files = c.me.list_repo_files(c.repo)
    assert "sub/y.json" in files and "sub/x.json" not in files


@call
def upload_large_folder(c):
    c.need("upload_large_folder")
    repo = "peer/large-" + c.unique()
    root = c.folder("large", {f"f{i}.bin": bytes_of(50 + i, 50_000) for i in range(12)})
    c.me.upload_large_folder(repo_id=repo, repo_type="model", folder_path=root, num_workers=2,
                             print_report=False)
    assert len(c.me.list_repo_files(repo)) == 13
    c.me.delete_repo(repo)


@call
def create_commit_of_many(c):
    operations = [CommitOperationAdd(f"many/{i}.txt", str(i).encode()) for i in range(30)]
    operations += [CommitOperationDelete("empty.bin"), CommitOperationDelete("ümläut/")]
    info = c.me.create_commit(c.repo, operations, commit_message="Many", commit_description="Text below")
    files = c.me.list_repo_files(c.repo)
    assert "many/29.txt" in files and "empty.bin" not in files and "ümläut/ß.txt" not in files
    assert c.me.list_repo_commits(c.repo)[0].message == "Text below"
    assert info.commit_description == "Text below"


@call
def copy_in_a_commit(c):
    c.me.create_commit(c.repo, [CommitOperationCopy("w.safetensors", "copies/w.safetensors"),
                                CommitOperationCopy("config.json", "copies/config.json")],
                       commit_message="Copies")
    assert c.read("copies/w.safetensors") == bytes_of(2, 2_000_000)
    assert c.read("copies/config.json") == b'{"a": 1}'


@call
def stale_parent(c):
    refused(HfHubHTTPError, c.me.create_commit, c.repo, [CommitOperationAdd("late.txt", b"x")],
            commit_message="late", parent_commit=c.first, status=412)


@call
def commit_with_the_right_parent(c):
    head = c.me.repo_info(c.repo).sha
    made = c.me.create_commit(c.repo, [CommitOperationAdd("early.txt", b"x")], commit_message="early",
                              parent_commit=head)
    assert [commit.commit_id for commit in c.me.list_repo_commits(c.repo)][:2] == [made.oid, head]
    assert c.read("early.txt", revision=made.oid) == b"x"


@call
def bad_commits(c):
    refused(HfHubHTTPError, c.me.create_commit, c.repo, [CommitOperationAdd("a/b", b"")],
            commit_message="x", revision="no-such-branch", status=404)
    refused(EntryNotFoundError, c.me.delete_file, "no-such-file", c.repo)
    refused(HfHubHTTPError, c.other.upload_file, repo_id=c.repo, path_in_repo="theirs",
            path_or_fileobj=b"x", status=403)
    refused(HfHubHTTPError, c.reader.upload_file, repo_id=c.repo, path_in_repo="mine",
            path_or_fileobj=b"x", status=403)


@call
def delete_files(c):
    c.me.delete_file("early.txt", c.repo)
    c.me.delete_folder("copies", c.repo)
    c.me.delete_files(c.repo, ["many/1*.txt"])
    files = c.me.list_repo_files(c.repo)
    assert not {"early.txt", "copies/w.safetensors", "many/1.txt", "many/19.txt"} & set(files)
    assert "many/2.txt" in files


@call
def upload_in_the_background(c):
    future = c.me.upload_file(repo_id=c.repo, path_in_repo="future.txt", path_or_fileobj=b"soon",
                              run_as_future=True)
    assert len(future.result().oid) == 40


@call
def commit_scheduler(c):
    root = c.folder("log", {"log.jsonl": b'{"step": 1}\n'})
    scheduler = huggingface_hub.CommitScheduler(repo_id=c.repo, folder_path=root, path_in_repo="log",
                                                every=60, hf_api=c.me)
    scheduler.trigger().result()
    scheduler.stop()
    assert c.read("log/log.jsonl") == b'{"step": 1}\n'


# Cards

@call
def card_of_a_repository(c):
    info = c.me.model_info(c.repo)
    assert info.card_data.license == "mit" and "probe" in info.tags and "license:mit" in info.tags


@call
def push_a_card(c):
    ModelCard("---\nlicense: apache-2.0\nlanguage: en\npipeline_tag: fill-mask\n---\n# Card\n"
              ).push_to_hub(c.repo)
    assert ModelCard.load(c.repo).data.license == "apache-2.0"
    assert c.me.model_info(c.repo).pipeline_tag == "fill-mask"


@call
def update_metadata(c):
    metadata_update(c.repo, {"tags": ["probe", "second"]}, overwrite=True)
    assert ModelCard.load(c.repo).data.tags == ["probe", "second"]


@call
def refuse_a_bad_card(c):
    refused(ValueError, c.me.upload_file, repo_id=c.repo, path_in_repo="README.md",
            path_or_fileobj=b"---\nlicense: [mit\n---\n")


# Reading

@call
def list_files_and_trees(c):
    top = list(c.me.list_repo_tree(c.repo))
    whole = list(c.me.list_repo_tree(c.repo, recursive=True, expand=True))
    assert {entry.path for entry in top} < {entry.path for entry in whole}
    config = next(entry for entry in whole if entry.path == "config.json")
    assert config.last_commit.title == "A config"
    assert [e.path for e in c.me.list_repo_tree(c.repo, "deep/er")] == ["deep/er/a.txt"]
    refused(EntryNotFoundError, lambda: list(c.me.list_repo_tree(c.repo, "nowhere")))


@call
def paths_info(c):
    found = c.me.get_paths_info(c.repo, ["config.json", "deep", "nowhere"], expand=True)
    assert [type(entry).__name__ for entry in found] == ["RepoFile", "RepoFolder"]
    assert found[0].last_commit.title == "A config"


@call
def file_sizes(c):
    info = c.me.model_info(c.repo, files_metadata=True)
    large = next(s for s in info.siblings if s.rfilename == "model.safetensors.raw.bin")
    assert large.size == len(c.large) and large.lfs.size == len(c.large)


@call
def expand_fields(c):
    info = c.me.model_info(c.repo, expand=["downloads", "likes", "tags", "sha"])
    assert info.likes == 0 and info.siblings is None
    refused(HfHubHTTPError, c.me.model_info, c.repo, expand=["nonsense"], status=400)


@call
def file_and_revision_exist(c):
    assert c.me.file_exists(c.repo, "config.json") and not c.me.file_exists(c.repo, "none")
    assert c.me.revision_exists(c.repo, c.first) and not c.me.revision_exists(c.repo, "none")


@call
def download_old_revision(c):
    assert c.read("config.json", revision=c.first) == b'{"a": 1}'
    refused(RevisionNotFoundError, c.me.hf_hub_download, c.repo, "config.json", revision="none")
    refused(EntryNotFoundError, c.me.hf_hub_download, c.repo, "none.json", cache_dir=c.work / "cache")


@call
def download_offline(c):
    c.read("config.json")
    place = c.me.hf_hub_download(c.repo, "config.json", cache_dir=c.work / "cache", local_files_only=True)
    assert Path(place).read_bytes() == b'{"a": 1}'
    refused(LocalEntryNotFoundError, c.me.hf_hub_download, c.repo, "future.txt",
            cache_dir=c.work / "empty-cache", local_files_only=True)


@call
def download_to_a_folder(c):
    c.me.hf_hub_download(c.repo, "config.json", local_dir=c.work / "local")
    assert (c.work / "local" / "config.json").read_bytes() == b'{"a": 1}'


@call
def snapshot(c):
    got = Path(c.me.snapshot_download(c.repo, allow_patterns=["*.json", "w.*"],
                                      ignore_patterns="sub/*", cache_dir=c.work / "cache"))
    names = {str(p.relative_to(got)) for p in got.rglob("*") if p.is_file()}
    assert "w.safetensors" in names and "config.json" in names
    assert not [name for name in names if name.startswith("sub/") or name.endswith(".txt")]


@call
def verify_checksums(c):
    c.need("verify_repo_checksums")
    got = c.me.snapshot_download(c.repo, local_dir=c.work / "verified")
    result = c.me.verify_repo_checksums(c.repo, local_dir=got)
    assert not result.mismatches and not result.missing_paths, result


@call
def file_metadata(c):
    url = huggingface_hub.hf_hub_url(c.repo, "model.safetensors.raw.bin")
    found = c.me.get_hf_file_metadata(url=url)
    assert found.size == len(c.large) and re.fullmatch("[0-9a-f]{64}", found.etag)
    assert found.commit_hash == c.me.repo_info(c.repo).sha


@call
def safetensors_metadata(c):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    c.me.upload_file(repo_id=c.repo, path_in_repo="model.safetensors",
                     path_or_fileobj=len(header).to_bytes(8, "little") + header + bytes(24))
    assert c.me.get_safetensors_metadata(c.repo).parameter_count == {"F32": 6}
    assert c.me.model_info(c.repo).safetensors.total == 6


@call
def file_system_reads(c):
    fs = HfFileSystem()
    assert f"{c.repo}/config.json" in fs.ls(c.repo, detail=False)
    assert fs.glob(f"{c.repo}/many/*.txt")
    with fs.open(f"{c.repo}/model.safetensors.raw.bin", "rb") as file:
        file.seek(5_000_000)
        assert file.read(1000) == c.large[5_000_000:5_001_000]
    assert fs.cat_file(f"{c.repo}/config.json") == b'{"a": 1}'
    assert fs.info(f"{c.repo}/deep")["type"] == "directory"


@call
def file_system_writes(c):
    fs = HfFileSystem()
    with fs.open(f"{c.repo}/written.txt", "wb") as file:
        file.write(b"by fsspec")
    assert c.read("written.txt") == b"by fsspec"
    fs.rm(f"{c.repo}/written.txt")
    assert not fs.exists(f"{c.repo}/written.txt", refresh=True)


# Branches, tags, history

@call
def branches(c):
    c.me.create_branch(c.repo, branch="dev")
    c.me.create_branch(c.repo, branch="old/one", revision=c.first)
    refused(HfHubHTTPError, c.me.create_branch, c.repo, branch="dev", status=409)
    c.me.create_branch(c.repo, branch="dev", exist_ok=True)
    refs = c.me.list_repo_refs(c.repo)
    assert {branch.name for branch in refs.branches} == {"main", "dev", "old/one"}
    assert c.me.repo_info(c.repo, revision="old/one").sha == c.first


@call
def commit_to_a_branch(c):
    c.me.upload_file(repo_id=c.repo, path_in_repo="dev.txt", path_or_fileobj=b"dev", revision="dev")
    assert c.read("dev.txt", revision="dev") == b"dev"
    refused(EntryNotFoundError, c.me.hf_hub_download, c.repo, "dev.txt", cache_dir=c.work / "cache")


@call
def delete_branches(c):
    c.me.delete_branch(c.repo, branch="old/one")
    refused(HfHubHTTPError, c.me.delete_branch, c.repo, branch="old/one", status=404)
    refused(HfHubHTTPError, c.me.delete_branch, c.repo, branch="main", status=403)


@call
def tags(c):
    c.me.create_tag(c.repo, tag="v1", tag_message="First", revision=c.first)
    refused(HfHubHTTPError, c.me.create_tag, c.repo, tag="v1", status=409)
    tag, = c.me.list_repo_refs(c.repo).tags
    assert tag.name == "v1" and tag.target_commit == c.first
    assert c.read("config.json", revision="v1") == b'{"a": 1}'
    c.me.delete_tag(c.repo, tag="v1")
    refused(HfHubHTTPError, c.me.delete_tag, c.repo, tag="v1", status=404)


@call
def commits(c):
    found = c.me.list_repo_commits(c.repo, formatted=True)
    assert found[-1].title == "initial commit" and found[0].authors == ["peer"]
    assert found[0].formatted_title


@call
def squash(c):
    c.me.create_branch(c.repo, branch="squashed")
    c.me.super_squash_history(c.repo, branch="squashed", commit_message="One")
    assert [x.title for x in c.me.list_repo_commits(c.repo, revision="squashed")] == ["One"]
    assert c.me.list_repo_files(c.repo, revision="squashed") == c.me.list_repo_files(c.repo)


@call
def lfs_files(c):
    repo = "peer/lfs-" + c.unique()
    c.me.create_repo(repo)
    for version in range(2):
        c.me.upload_file(repo_id=repo, path_in_repo="w.bin", path_or_fileobj=bytes_of(80 + version, 60_000))
    files = list(c.me.list_lfs_files(repo))
    assert len(files) == 2 and {file.filename for file in files} == {"w.bin"}
    assert {file.size for file in files} == {60_000}
    c.me.delete_repo(repo)


# Discussions and pull requests

@call
def pull_request_by_commit(c):
    info = c.me.create_commit(c.repo, [CommitOperationAdd("proposed.txt", b"please")],
                              commit_message="Propose", create_pr=True)
    assert info.pr_revision == f"refs/pr/{info.pr_num}"
    assert info.pr_url == f"{c.endpoint}/{c.repo}/discussions/{info.pr_num}"
    assert "proposed.txt" not in c.me.list_repo_files(c.repo)
    assert c.read("proposed.txt", revision=info.pr_revision) == b"please"
    c.pr = info.pr_num


@call
def pull_request_by_a_reader(c):
    info = c.other.upload_file(repo_id=c.repo, path_in_repo="theirs.bin", create_pr=True,
                               path_or_fileobj=bytes_of(9, 70_000))
    assert c.read("theirs.bin", revision=info.pr_revision) == bytes_of(9, 70_000)
    c.other.upload_file(repo_id=c.repo, path_in_repo="more.txt", path_or_fileobj=b"more",
                        revision=info.pr_revision)
    c.theirs = info.pr_num


@call
def draft_pull_request(c):
    draft = c.me.create_pull_request(c.repo, title="A draft")
    assert draft.is_pull_request and draft.status == "draft"
    c.me.upload_file(repo_id=c.repo, path_in_repo="draft.txt", path_or_fileobj=b"d",
                     revision=f"refs/pr/{draft.num}")
    c.me.change_discussion_status(c.repo, draft.num, "open")
    c.draft = draft.num


@call
def discussion(c):
    made = c.other.create_discussion(c.repo, title="A question", description="Why?")
    c.question = made.num
    details = c.me.get_discussion_details(c.repo, made.num)
    assert details.title == "A question" and details.author == c.other_name
    assert details.events[0].content == "Why?" and not details.is_pull_request


@call
def list_discussions(c):
    found = list(c.me.get_repo_discussions(c.repo))
    assert {item.num for item in found} == {c.pr, c.theirs, c.draft, c.question}
    assert [x.num for x in c.me.get_repo_discussions(c.repo, discussion_type="discussion")] == [c.question]
    assert {x.num for x in c.me.get_repo_discussions(c.repo, author=c.other_name)} == {c.theirs, c.question}


@call
def comments(c):
    comment = c.other.comment_discussion(c.repo, c.question, comment="First")
    assert comment.content == "First" and not comment.edited
    edited = c.other.edit_discussion_comment(c.repo, c.question, comment.id, new_content="Second")
    assert edited.content == "Second" and edited.edited
    refused(HfHubHTTPError, c.me.edit_discussion_comment, c.repo, c.question, comment.id,
            new_content="Mine", status=403)
    hidden = c.me.hide_discussion_comment(c.repo, c.question, comment.id)
    assert hidden.hidden


@call
def rename_and_close(c):
    c.other.rename_discussion(c.repo, c.question, new_title="An answer")
    c.me.change_discussion_status(c.repo, c.question, "closed", comment="Done")
    details = c.me.get_discussion_details(c.repo, c.question)
    assert details.title == "An answer" and details.status == "closed"
    kinds = [event.type for event in details.events]
    assert "title-change" in kinds and "status-change" in kinds


@call
def merge_pull_request(c):
    details = c.me.get_discussion_details(c.repo, c.pr)
    assert "proposed.txt" in details.diff and details.target_branch == "refs/heads/main"
    refused(HfHubHTTPError, c.other.merge_pull_request, c.repo, c.pr, status=403)
    c.me.merge_pull_request(c.repo, c.pr, comment="Thanks")
    assert c.read("proposed.txt") == b"please"
    merged = c.me.get_discussion_details(c.repo, c.pr)
    assert merged.status == "merged" and re.fullmatch("[0-9a-f]{40}", merged.merge_commit_oid)
    c.me.merge_pull_request(c.repo, c.theirs)
    assert c.read("theirs.bin") == bytes_of(9, 70_000)


# Lists

@call
def list_models(c):
    mine = [model.id for model in c.me.list_models(author="peer")]
    assert c.repo in mine and c.private in mine
    assert c.private not in [model.id for model in c.other.list_models(author="peer")]
    assert [m.id for m in c.me.list_models(search=c.repo.split("/")[1].upper())] == [c.repo]


@call
def filter_models(c):
    found = list(c.me.list_models(author="peer", filter=["probe", "license:apache-2.0"], full=True,
                                  cardData=True))
    assert [model.id for model in found] == [c.repo]
    assert found[0].card_data.license == "apache-2.0" and found[0].siblings
    assert not list(c.me.list_models(author="peer", filter=["probe", "license:mit"]))
    assert [m.id for m in c.me.list_models(author="peer", pipeline_tag="fill-mask")] == [c.repo]


@call
def sort_models(c):
    newest = "peer/newest-" + c.unique()
    c.me.create_repo(newest)
    assert next(iter(c.me.list_models(author="peer", sort="created_at", limit=1))).id == newest
    c.me.upload_file(repo_id=c.repo, path_in_repo="touch.txt", path_or_fileobj=c.unique().encode())
    assert next(iter(c.me.list_models(author="peer", sort="last_modified", limit=1))).id == c.repo
    c.me.delete_repo(newest)


@call
def list_datasets_and_spaces(c):
    assert c.repo in [item.id for item in c.me.list_datasets(author="peer")]
    assert c.repo in [item.id for item in c.me.list_spaces(author="peer")]


@call
def list_tags_by_type(c):
    assert isinstance(c.me.get_model_tags(), dict)
    assert isinstance(c.me.get_dataset_tags(), dict)


# Likes and gates

@call
def likes(c):
    huggingface_hub.utils.get_session().post(
        f"{c.endpoint}/api/models/{c.repo}/like",
        headers=huggingface_hub.utils.build_hf_headers(token=c.other.token)).raise_for_status()
    assert [user.username for user in c.me.list_repo_likers(c.repo)] == [c.other_name]
    assert c.me.model_info(c.repo).likes == 1
    assert c.repo in c.other.list_liked_repos(c.other_name).models
    c.other.unlike(c.repo)
    assert c.me.model_info(c.repo).likes == 0


@call
def gate_a_repository(c):
    c.me.update_repo_settings(c.repo, gated="manual")
    assert c.other.model_info(c.repo).gated == "manual"
    assert c.other.list_repo_files(c.repo), "what is in it is no secret"
    refused(GatedRepoError, c.other.hf_hub_download, c.repo, "config.json", cache_dir=c.work / "other")
    refused(GatedRepoError, c.other.auth_check, c.repo)
    c.me.auth_check(c.repo)


@call
def access_requests(c):
    ask = huggingface_hub.utils.get_session().post(
        f"{c.endpoint}/{c.repo}/ask-access",
        headers=huggingface_hub.utils.build_hf_headers(token=c.other.token))
    ask.raise_for_status()
    assert [r.username for r in c.me.list_pending_access_requests(c.repo)] == [c.other_name]
    c.me.accept_access_request(c.repo, c.other_name)
    assert [r.username for r in c.me.list_accepted_access_requests(c.repo)] == [c.other_name]
    assert c.read("config.json", api=c.other) == b'{"a": 1}'
    c.me.reject_access_request(c.repo, c.other_name, rejection_reason="No more")
    refused(GatedRepoError, c.other.auth_check, c.repo)
    assert [r.username for r in c.me.list_rejected_access_requests(c.repo)] == [c.other_name]
    c.me.cancel_access_request(c.repo, c.other_name)
    c.me.grant_access(c.repo, c.other_name)
    c.other.auth_check(c.repo)
    c.me.update_repo_settings(c.repo, gated=False)


# Settings, moves, ends

@call
def change_visibility(c):
    c.me.update_repo_settings(c.repo, private=True)
    refused(RepositoryNotFoundError, c.other.model_info, c.repo)
    c.me.update_repo_settings(c.repo, private=False)
    assert c.other.model_info(c.repo).private is False


@call
def move_repository(c):
    old, new = c.repo, f"{c.org}/moved-{c.unique()}"
    c.me.move_repo(from_id=old, to_id=new)
    assert c.me.repo_info(old).id == new, "the old name leads to the new one"
    assert c.read("config.json", repo=old) == b'{"a": 1}'
    c.me.upload_file(repo_id=old, path_in_repo="moved.txt", path_or_fileobj=b"by the old name")
    assert c.read("moved.txt", repo=new) == b"by the old name"
    refused(HfHubHTTPError, c.me.move_repo, from_id=c.private, to_id=new)
    c.me.move_repo(from_id=new, to_id=old)


@call
def names_without_regard_to_case(c):
    assert c.me.repo_info(c.repo.upper().replace("PEER/", "peer/")).id == c.repo
    assert c.read("config.json", repo=c.repo.upper().replace("PEER/", "Peer/")) == b'{"a": 1}'


@call
def missing_things(c):
    refused(RepositoryNotFoundError, c.me.model_info, "peer/none")
    refused(RepositoryNotFoundError, c.anonymous.hf_hub_download, c.private, "x",
            cache_dir=c.work / "none")
    refused(RepositoryNotFoundError, c.me.delete_repo, "peer/none")
    c.me.delete_repo("peer/none", missing_ok=True)
    refused(BadRequestError, c.me.create_repo, "peer/settings")


@call
def delete_repositories(c):
    for kind in ("model", "dataset", "space"):
        c.me.delete_repo(c.repo, repo_type=kind)
        assert not c.me.repo_exists(c.repo, repo_type=kind)
    c.me.delete_repo(c.private)


def main():
    context = Context(sys.argv[1])
    print(json.dumps({"version": huggingface_hub.__version__}), flush=True)
    for function in CALLS:
        problem = lacking = None
        try:
            function(context)
        except Lacking as method:
            lacking = str(method)
        except Exception:  # whatever it is, it is the answer
            problem = traceback.format_exc(limit=-4)
        print(json.dumps({"call": function.__name__, "problem": problem, "lacking": lacking}), flush=True)


if __name__ == "__main__":
    main()
