"""The hub that with_hub.sh started, beside its API."""

import os
import subprocess


def admin(*words):
    """Runs `torchhub admin`; returns what it prints."""
    done = subprocess.run([os.environ["TORCHHUB"], "admin", "--data", os.environ["TORCHHUB_HUB_DATA"],
                           *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bytes_under(folder):
    """Every file by its path, git's own folder left out."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files
            if path.relative_to(folder).parts[0] != ".git"}
