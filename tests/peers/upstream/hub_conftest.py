"""What huggingface_hub's tests want of their conftest.py, which its source package leaves out: the
fixtures `api`, `api_prod` and `repo_factory`, and their marks. Written from how the tests use them.

upstream_tests.py puts it beside the tests. All that is not this machine is out of reach.
"""

import socket
from typing import Protocol

import pytest

from huggingface_hub import HfApi, RepoUrl, constants

from .testing_constants import ENDPOINT_PRODUCTION, ENDPOINT_STAGING, TOKEN
from .testing_utils import repo_name

HERE = ("127.0.0.1", "::1", "localhost")
MARKS = ("api", "transfer", "inference", "xet", "no_xet", "production", "deprecated", "git_lfs", "vcr")


class RepoFactory(Protocol):
    def __call__(self, repo_type: str = "model", **how) -> RepoUrl: ...


def pytest_configure(config):
    for mark in MARKS:
        config.addinivalue_line("markers", f"{mark}: of the suite")


@pytest.fixture(autouse=True, scope="session")
def only_this_machine():
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            raise OSError(f"upstream tests: {address[0]} is not this machine")
        return connect(self, address)

    def look_up_here(host, *more, **how):
        if host not in HERE:
            raise socket.gaierror(f"upstream tests: {host} is not this machine")
        return look_up(host, *more, **how)

    socket.socket.connect, socket.getaddrinfo = connect_here, look_up_here
    yield
    socket.socket.connect, socket.getaddrinfo = connect, look_up


@pytest.fixture(autouse=True)
def one_kind_of_upload(request, monkeypatch):
    """By Xet where the mark says so, else by LFS; a test of a client without hf_xet is skipped."""
    if request.node.get_closest_marker("no_xet"):
        pytest.skip("wants a client without hf_xet")
    without = request.node.get_closest_marker("xet") is None
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", without)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def api():
    return HfApi(endpoint=ENDPOINT_STAGING, token=TOKEN)


@pytest.fixture(scope="session")
def api_prod():
    return HfApi(endpoint=ENDPOINT_PRODUCTION)


@pytest.fixture
def repo_factory(api):
    """Makes repositories that are gone after the test."""
    made = []

    def make(repo_type="model", *, repo_id=None, token=None, **how):
        url = api.create_repo(repo_id or repo_name(), repo_type=repo_type, token=token, **how)
        made.append((url.repo_id, repo_type, token))
        return url

    yield make
    for repo_id, repo_type, token in made:
        api.delete_repo(repo_id, repo_type=repo_type, token=token, missing_ok=True)
