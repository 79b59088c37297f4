"""Several processes of one program, as a launcher starts them."""

import os
import socket
import subprocess


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run_ranks(size, command):
    """Returns once all have ended; fails with the words of those that failed."""
    # Debian builds PyTorch without libuv, for which it asks unless told not to.
    shared = {**os.environ, "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "USE_LIBUV": "0",
              "MASTER_PORT": str(free_port())}
    processes = [subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
                 for rank in range(size)]
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    for process, output in zip(processes, outputs):
        assert process.returncode == 0, output
