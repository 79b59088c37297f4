"""What every test of the peers may use. run.sh sets the variables; see with_hub.sh."""

import os
import subprocess
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
