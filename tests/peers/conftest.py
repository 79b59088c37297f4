"""What every test of the peers may use. run.sh sets the variables; see with_hub.sh."""

import os
import re
import subprocess
import uuid
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def golden():
    """tests/golden"""
    return REPOSITORY / "tests" / "golden"


@pytest.fixture(scope="session")
def find_program():
    """find_program(name): the path of a program of this build; fails the test if it is missing."""
    build = Path(os.environ["TORCHHUB_BUILD_DIR"])

    def find(name):
        found = [p for p in build.rglob(name) if p.is_file() and os.access(p, os.X_OK)]
        assert found, f"no program '{name}' under {build}"
        return found[0]

    return find


@pytest.fixture(scope="session")
def api():
    """huggingface_hub's client of our server, as "peer"."""
    from huggingface_hub import HfApi  # not every test of files alone has it
    return HfApi()


@pytest.fixture
def repo(api, request):
    """A model of its own for the test."""
    test = re.sub(r"\W+", "-", request.node.name)[:80].strip("-_")
    url = api.create_repo(f"peer/{test}-{uuid.uuid4().hex[:8]}")
    yield url.repo_id
    api.delete_repo(url.repo_id, missing_ok=True)


@pytest.fixture
def git(tmp_path):
    """git(*arguments): what it prints, without any settings but a name; git.env is its environment."""
    env = {**os.environ, "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0",
           "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org",
           "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org"}

    def run(*arguments):
        result = subprocess.run(["git", *map(str, arguments)], env=env, cwd=tmp_path, text=True,
                                capture_output=True, check=False)
        assert result.returncode == 0, result.stderr
        return (result.stdout + result.stderr).strip()

    run.env = env
    return run


@pytest.fixture(scope="session")
def run_program(find_program):
    """run_program(name, *arguments, input=None): starts a program of this build, returns its output.

    Fails the test with the program's own words if it is missing or ends with an error.
    """
    def run(name, *arguments, input=None, env=None):
        command = [str(find_program(name)), *map(str, arguments)]
        result = subprocess.run(command, input=input, capture_output=True, text=True, check=False,
                                env=None if env is None else {**os.environ, **env})
        assert result.returncode == 0, f"{command} ended with {result.returncode}:\n{result.stderr}"
        return result.stdout

    return run
