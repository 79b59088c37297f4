"""torchrun starts our programs: its agent serves the place where the ranks meet."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ranks import free_port

# Debian builds PyTorch without libuv, for which torchrun then asks all the same.
TORCHRUN = """
import functools, sys
import torch.distributed.elastic.rendezvous.static_tcp_rendezvous as rendezvous
rendezvous.TCPStore = functools.partial(rendezvous.TCPStore, use_libuv=False)
from torch.distributed.run import main
main(sys.argv[1:])
"""


def test_ranks_of_torchrun_meet_at_its_agent(tmp_path):
    build = Path(os.environ["TORCHHUB_BUILD_DIR"])
    program = next(p for p in build.rglob("distributed_ranks") if os.access(p, os.X_OK))
    command = [sys.executable, "-c", TORCHRUN, "--no-python", "--nproc-per-node", "2",
               "--master-addr", "127.0.0.1", "--master-port", str(free_port()),
               "--redirects", "3", "--log-dir", str(tmp_path), str(program), "sums"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    logs = {str(path): path.read_text() for path in tmp_path.rglob("std*.log")}
    assert result.returncode == 0, f"{result.stderr}\n{logs}"
    answers = [json.loads(path.read_text()) for path in sorted(tmp_path.rglob("stdout.log"))]
    assert len(answers) == 2
    for rank, answer in enumerate(answers):
        assert answer["sums"]["own"][0] == 10 * rank
        assert answer["sums"]["int64"] == [10, 12, 14, 16]
