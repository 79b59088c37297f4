"""What only a build with LibTorch can show."""

import os
from pathlib import Path

import pytest


def needs_program(name):
    """A mark: the test is skipped where the build has only the plain half, and so not this program."""
    build = Path(os.environ.get("TORCHHUB_BUILD_DIR", "."))
    return pytest.mark.skipif(not list(build.rglob(name)), reason="this build has no tensor half")
