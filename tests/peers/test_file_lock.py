"""base/file_lock.h and Python's filelock, which huggingface_hub uses, keep each other out."""
import os
import pathlib
import subprocess

import filelock
import pytest


@pytest.fixture(scope="module")
def probe():
    found = sorted(pathlib.Path(os.environ["TORCHHUB_BUILD_DIR"]).rglob("torchhub_lock_probe"))
    assert found, "build the target torchhub_lock_probe first"
    return found[0]


def start(probe, path):
    return subprocess.Popen([probe, path, "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_python_keeps_us_out(probe, tmp_path):
    path = tmp_path / "a.lock"
    with filelock.FileLock(path):
        with start(probe, path) as process:
            assert process.communicate()[0] == "busy\n"
    with start(probe, path) as process:
        assert process.communicate()[0] == "locked\n"


def test_we_keep_python_out(probe, tmp_path):
    path = tmp_path / "a.lock"
    with start(probe, path) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(path, timeout=0).acquire()
        process.stdin.close()
        process.wait()
        filelock.FileLock(path, timeout=0).acquire().lock.release()


def test_our_death_frees_the_lock(probe, tmp_path):
    path = tmp_path / "a.lock"
    with start(probe, path) as process:
        assert process.stdout.readline() == "locked\n"
        process.kill()
        process.wait()
        filelock.FileLock(path, timeout=0).acquire().lock.release()
