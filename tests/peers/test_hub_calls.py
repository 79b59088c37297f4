"""Every call of hub_calls.py, by Debian's huggingface_hub and by the newest one with hf_xet, against our
server."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("hub_calls.py")
CALLS = re.findall(r"^@call\ndef (\w+)", SCRIPT.read_text(), re.MULTILINE)
# What came into huggingface_hub late, or is gone from it.
LACKING = {"debian": {}, "newest": {"upload_large_folder": "upload_large_folder"}}
PYTHONS = {"debian": sys.executable, "newest": os.environ.get("TORCHHUB_NEWEST_HUB_PYTHON")}


@pytest.fixture(scope="module", params=sorted(PYTHONS))
def calls(request, tmp_path_factory):
    """What each call printed, by its name."""
    python = PYTHONS[request.param]
    if not python:
        pytest.skip("no huggingface_hub with hf_xet: tests/peers/setup_venv.sh gets it")
    work = tmp_path_factory.mktemp(request.param)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"HF_HOME": str(work / "home"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    result = subprocess.run([python, SCRIPT, work], capture_output=True, text=True, check=False,
                            env=environment, timeout=900)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return {line["call"]: line | {"known to lack": LACKING[request.param].get(line["call"])}
            for line in lines if "call" in line}


def test_there_are_enough_calls():
    assert len(CALLS) >= 60


@pytest.mark.parametrize("name", CALLS)
def test_call(calls, name):
    assert name in calls, "it did not come to it"
    assert calls[name]["problem"] is None, calls[name]["problem"]
    assert calls[name]["lacking"] == calls[name]["known to lack"]
