"""The recipes of docs/curl.md, run as they stand."""

import re
import subprocess
from pathlib import Path

DOC = Path(__file__).resolve().parent.parent.parent / "docs" / "curl.md"


def test_recipes_run_as_they_stand(tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```", DOC.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    script = "set -euo pipefail\n" + "\n".join(blocks) + "\necho all of it\n"
    result = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                            check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.rstrip().endswith("all of it")
    assert '"title":"Weights"' in result.stdout
