"""Pull requests and discussions of huggingface_hub and its `hf` command, on `torchhub serve`.

"peer" owns the repositories; "guest" may only read them.
"""

import json
import random
import subprocess
import uuid

import pytest
from huggingface_hub import (CommitOperationAdd, CommitOperationDelete, DiscussionComment,
                             DiscussionCommit, DiscussionStatusChange, DiscussionTitleChange, HfApi,
                             hf_hub_download)
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from our_hub import admin

BIG = random.Random(7).randbytes(3_000_000)


@pytest.fixture(scope="module")
def guest():
    name = "guest"
    admin("user", "create", name)
    return HfApi(token=admin("token", "create", name, "--role", "write"))


def content(api, repo, path, revision, folder):
    with open(hf_hub_download(repo, path, revision=revision, cache_dir=folder, token=api.token),
              "rb") as file:
        return file.read()


def propose(api, repo, files, **more):
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    return api.create_commit(repo, operations, commit_message="Propose files", create_pr=True, **more)


def status_of(error):
    return error.value.response.status_code


def test_a_reader_opens_a_pull_request_with_large_files(api, guest, repo, tmp_path):
    head = api.repo_info(repo).sha
    info = propose(guest, repo, {"model.safetensors": BIG, "config.json": b"{}"},
                   commit_description="Please take them")
    assert info.pr_num == 1
    assert info.pr_revision == "refs/pr/1"
    assert info.pr_url == f"{api.endpoint}/{repo}/discussions/1"
    assert api.repo_info(repo).sha == head
    assert content(api, repo, "model.safetensors", "refs/pr/1", tmp_path) == BIG
    assert content(api, repo, "config.json", info.oid, tmp_path) == b"{}"
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    assert [(ref.ref, ref.target_commit) for ref in refs.pull_requests] == [("refs/pr/1", info.oid)]
    details = api.get_discussion_details(repo, 1)
    assert details.is_pull_request
    assert details.author == "guest"
    assert details.status == "open"
    assert details.title == "Propose files"
    assert details.target_branch == "refs/heads/main"
    assert details.git_reference == "refs/pr/1"
    assert details.conflicting_files == []
    assert details.merge_commit_oid is None
    assert "+{}" in details.diff
    comment, commit = details.events
    assert isinstance(comment, DiscussionComment)
    assert comment.content == "Please take them"
    assert isinstance(commit, DiscussionCommit)
    assert (commit.summary, commit.oid) == ("Propose files", info.oid)


def test_upload_file_and_folder_open_pull_requests(guest, repo, tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.bin").write_bytes(BIG)
    first = guest.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"a", create_pr=True)
    second = guest.upload_folder(repo_id=repo, folder_path=tmp_path / "f", create_pr=True)
    assert (first.pr_num, second.pr_num) == (1, 2)
    assert content(guest, repo, "a.bin", second.pr_revision, tmp_path / "cache") == BIG
    with pytest.raises(HfHubHTTPError) as error:
        guest.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"a")
    assert status_of(error) == 403


def test_a_pull_request_goes_out_from_a_branch(guest, repo):
    for revision in ("absent", guest.repo_info(repo).sha):
        with pytest.raises(RevisionNotFoundError):
            propose(guest, repo, {"a.txt": b"a"}, revision=revision)


def test_a_draft_is_filled_opened_and_merged(api, guest, repo, tmp_path):
    draft = guest.create_pull_request(repo, title="  Add a file ", description="Soon")
    assert (draft.num, draft.status, draft.title) == (1, "draft", "Add a file")
    assert draft.diff == ""
    commit = guest.upload_file(repo_id=repo, path_in_repo="a.bin", path_or_fileobj=BIG,
                               revision=draft.git_reference)
    with pytest.raises(HfHubHTTPError) as error:
        api.merge_pull_request(repo, 1)
    assert status_of(error) == 409
    change = guest.change_discussion_status(repo, 1, "open")
    assert isinstance(change, DiscussionStatusChange)
    assert change.new_status == "open"
    with pytest.raises(HfHubHTTPError) as error:
        guest.merge_pull_request(repo, 1)
    assert status_of(error) == 403
    api.merge_pull_request(repo, 1, comment="Thanks")
    details = api.get_discussion_details(repo, 1)
    assert details.status == "merged"
    assert details.merge_commit_oid == api.repo_info(repo).sha
    assert [event.type for event in details.events] == ["comment", "commit", "status-change",
                                                        "comment", "status-change"]
    assert details.events[1].oid == commit.oid
    assert details.events[4].author == "peer"
    assert content(api, repo, "a.bin", "main", tmp_path) == BIG
    merged = api.list_repo_commits(repo)[0]
    assert merged.title == "Add a file (#1)"
    assert merged.authors == ["peer"]
    assert "Co-authored-by: guest" in merged.message


def test_conflicts_are_named_and_resolved(api, guest, repo, tmp_path):
    api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"base\n")
    base = api.repo_info(repo).sha
    api.upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"ours\n")
    info = propose(guest, repo, {"a.txt": b"theirs\n", "b.txt": b"b\n"}, parent_commit=base)
    assert api.get_discussion_details(repo, info.pr_num).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError, match="a.txt") as error:
        api.merge_pull_request(repo, info.pr_num)
    assert status_of(error) == 409
    guest.create_commit(repo, [CommitOperationAdd("a.txt", b"ours\n")], commit_message="Give in",
                        revision=info.pr_revision)
    api.merge_pull_request(repo, info.pr_num)
    assert content(api, repo, "a.txt", "main", tmp_path) == b"ours\n"
    assert content(api, repo, "b.txt", "main", tmp_path) == b"b\n"


def test_a_pull_request_is_squashed(guest, repo):
    info = propose(guest, repo, {"a.txt": b"1"})
    guest.create_commit(repo, [CommitOperationDelete("a.txt"), CommitOperationAdd("b.txt", b"2")],
                        commit_message="Rename", revision=info.pr_revision)
    assert len(guest.list_repo_commits(repo, revision=info.pr_revision)) == 3
    guest.super_squash_history(repo, branch=info.pr_revision)
    assert len(guest.list_repo_commits(repo, revision=info.pr_revision)) == 1
    assert sorted(guest.list_repo_files(repo, revision=info.pr_revision)) == [".gitattributes", "b.txt"]


def test_a_discussion_from_start_to_end(api, guest, repo):
    made = guest.create_discussion(repo, title="A question", description="How?")
    assert (made.num, made.status, made.author, made.is_pull_request) == (1, "open", "guest", False)
    assert made.url == f"{api.endpoint}/{repo}/discussions/1"
    assert (made.diff, made.target_branch, made.conflicting_files) == (None, None, None)
    comment = api.comment_discussion(repo, 1, comment="Like **this** <b>")
    assert isinstance(comment, DiscussionComment)
    assert (comment.author, comment.content, comment.edited) == ("peer", "Like **this** <b>", False)
    assert "<b>" not in comment.rendered
    edited = api.edit_discussion_comment(repo, 1, comment.id, new_content="Like that")
    assert (edited.content, edited.edited, edited.number_of_edits) == ("Like that", True, 1)
    assert edited.last_edited_by == "peer"
    assert edited.last_edited_at >= comment.created_at
    assert edited.edit_history[0]["raw"] == "Like **this** <b>"
    with pytest.raises(HfHubHTTPError) as error:
        guest.edit_discussion_comment(repo, 1, comment.id, new_content="Like mine")
    assert status_of(error) == 403
    title = guest.rename_discussion(repo, 1, new_title="Another question")
    assert isinstance(title, DiscussionTitleChange)
    assert (title.old_title, title.new_title) == ("A question", "Another question")
    closed = api.change_discussion_status(repo, 1, "closed", comment="Answered")
    assert closed.new_status == "closed"
    assert api.change_discussion_status(repo, 1, "open").new_status == "open"
    rude = guest.comment_discussion(repo, 1, comment="Rude words")
    with pytest.warns(UserWarning):
        hidden = api.hide_discussion_comment(repo, 1, rude.id.upper())
    assert hidden.hidden
    events = api.get_discussion_details(repo, 1).events
    assert [event.type for event in events] == ["comment", "comment", "title-change", "comment",
                                                "status-change", "status-change", "comment"]
    assert events[-1].hidden
    assert "Rude" not in json.dumps(events[-1]._event)


def test_discussions_are_listed_and_filtered(api, guest, repo):
    for number in range(1, 56):
        who = guest if number % 2 else api
        who.create_discussion(repo, title=f"Question {number}")
    propose(guest, repo, {"a.txt": b"1"})
    api.change_discussion_status(repo, 3, "closed")

    def numbers(**filters):
        return [found.num for found in api.get_repo_discussions(repo, **filters)]

    assert numbers() == list(range(56, 0, -1))
    assert numbers(discussion_type="pull_request") == [56]
    assert numbers(discussion_status="closed") == [3]
    assert len(numbers(discussion_status="open", discussion_type="discussion")) == 54
    assert numbers(author="peer") == list(range(54, 0, -2))
    assert numbers(author="nemo") == []
    first = next(iter(api.get_repo_discussions(repo)))
    assert (first.repo_id, first.repo_type, first.is_pull_request) == (repo, "model", True)


def test_datasets_have_them_too(api, guest):
    repo_id = api.create_repo(f"peer/d-{uuid.uuid4().hex[:8]}", repo_type="dataset").repo_id
    info = guest.upload_file(repo_id=repo_id, repo_type="dataset", path_in_repo="a.csv",
                             path_or_fileobj=b"a,b\n", create_pr=True)
    assert info.pr_url == f"{api.endpoint}/datasets/{repo_id}/discussions/1"
    assert api.get_discussion_details(repo_id, 1, repo_type="dataset").repo_type == "dataset"
    api.merge_pull_request(repo_id, 1, repo_type="dataset")
    api.delete_repo(repo_id, repo_type="dataset")


def test_those_of_private_repositories_look_missing(api, guest):
    repo_id = api.create_repo(f"peer/d-{uuid.uuid4().hex[:8]}", private=True).repo_id
    api.create_discussion(repo_id, title="Between us")
    for call in (lambda: guest.get_discussion_details(repo_id, 1),
                 lambda: list(guest.get_repo_discussions(repo_id)),
                 lambda: guest.comment_discussion(repo_id, 1, comment="Hello"),
                 lambda: propose(guest, repo_id, {"a.txt": b"a"})):
        with pytest.raises(RepositoryNotFoundError):
            call()
    api.delete_repo(repo_id)


def test_bad_input_is_refused(guest, repo):
    for title in ("ab", "x" * 201):
        with pytest.raises(HfHubHTTPError, match="title") as error:
            guest.create_discussion(repo, title=title)
        assert status_of(error) == 400
    with pytest.raises(HfHubHTTPError) as error:
        guest.get_discussion_details(repo, 7)
    assert status_of(error) == 404


def test_the_hf_command(repo):
    def hf(*arguments):
        result = subprocess.run(["hf", "discussions", *arguments], capture_output=True, text=True,
                                check=False)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    hf("create", repo, "--title", "From the shell", "--body", "Hello")
    hf("create", repo, "--title", "A change from the shell", "--pr")
    hf("comment", repo, "1", "--body", "Me again")
    info = json.loads(hf("info", repo, "1", "--format", "json"))
    assert [event["type"] for event in info["events"]] == ["comment", "comment"]
    hf("edit", repo, "1", info["events"][1]["id"], "--body", "Me once more")
    hf("rename", repo, "1", "From the shell, renamed")
    hf("close", repo, "1", "--yes", "--comment", "Done")
    hf("reopen", repo, "1", "--yes")
    HfApi().upload_file(repo_id=repo, path_in_repo="a.txt", path_or_fileobj=b"a\n",
                        revision="refs/pr/2")
    assert "+a" in hf("diff", repo, "2")
    hf("reopen", repo, "2", "--yes")
    hf("merge", repo, "2", "--yes")
    listed = json.loads(hf("list", repo, "--status", "all", "--format", "json"))
    assert [(one["num"], one["status"]) for one in listed] == [(2, "merged"), (1, "open")]
    merged = json.loads(hf("list", repo, "--status", "merged", "--format", "json"))
    assert [one["num"] for one in merged] == [2]
