"""Pushes by Xet, run by the Python that has the newest huggingface_hub (test_xet.py starts it).

usage: xet_pushes.py REPOSITORY FOLDER WHAT
Prints one JSON object: the versions, and the commit.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from huggingface_hub import HfApi


def push(api, repo, folder, what):
    if what == "folder":
        return api.upload_folder(repo_id=repo, folder_path=folder, commit_message="All of it")
    if what == "file":
        name = "model.safetensors"
        return api.upload_file(repo_id=repo, path_or_fileobj=folder / name, path_in_repo=name)
    raise SystemExit(f"unknown push {what!r}")


def main():
    repo, folder, what = sys.argv[1:]
    commit = push(HfApi(), repo, Path(folder), what)
    versions = {name: importlib.metadata.version(name) for name in ("huggingface_hub", "hf_xet")}
    print(json.dumps({"versions": versions, "oid": commit.oid}))


if __name__ == "__main__":
    main()
