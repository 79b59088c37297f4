"""The hub that with_hub.sh started, beside its API; and hubs of a test's own."""

import os
import subprocess
import time
from contextlib import contextmanager


def admin(*words):
    """Runs `torchhub admin`; returns what it prints."""
    done = subprocess.run([os.environ["TORCHHUB"], "admin", "--data", os.environ["TORCHHUB_HUB_DATA"],
                           *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def served(program, data, *options):
    """`torchhub serve` with this data folder, on a free port: its address. It ends with the block."""
    address, log = data.parent / "address", data.parent / "serve.log"
    with open(log, "wb") as output:
        server = subprocess.Popen([program, "serve", "--data", data, "--listen", "127.0.0.1:0",
                                   "--address-file", address, *options],
                                  stdout=output, stderr=subprocess.STDOUT)
    try:
        while not (address.exists() and address.read_text()):
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        yield address.read_text().strip()
    finally:
        server.terminate()
        server.wait()


def bytes_under(folder):
    """Every file by its path, git's own folder left out."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files
            if path.relative_to(folder).parts[0] != ".git"}
