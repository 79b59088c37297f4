#!/usr/bin/env python3
"""Runs the shell blocks of README.md and docs/server.md in their order, in a folder that goes away.

usage: run_blocks.py TORCHHUB

Each block runs as it stands, but for what stands for something else here (see Reader.stand_ins), and
must end with 0. `torchhub serve` runs on a free port beside the blocks that follow. A block that
cannot run here has the comment `<!-- not run: REASON -->` on the line above it.
"""
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>\S.*) -->\n)?^```sh\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)


class Reader:
    """Somebody who types what a page says."""

    def __init__(self, torchhub, folder):
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("TORCHHUB_", "HF_"))}
        self.env["PATH"] = f"{Path(torchhub).parent}:{self.env['PATH']}"
        self.servers = []
        self.addresses = {}  # data folder -> base URL
        self.tokens = {}     # data folder -> ana's token

    def bash(self, script):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"exit code {done.returncode} of\n{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def admin(self, data, words):
        return self.bash(f"torchhub admin --data {data} {words}").strip()

    def serve(self, line):
        words = shlex.split(line.replace("127.0.0.1:8686", "127.0.0.1:0"), comments=True)
        data = words[words.index("--data") + 1]
        address = self.folder / f"{data}.address"
        server = subprocess.Popen(words + ["--address-file", str(address)], cwd=self.folder,
                                  env=self.env | {"TORCHHUB_LISTEN": "127.0.0.1:0"})
        self.servers.append(server)
        while not address.exists():
            if server.poll() is not None:
                sys.exit(f"exit code {server.returncode} of\n{line}")
            time.sleep(0.01)
        self.addresses[data] = address.read_text().strip()

    def stand_ins(self, text):
        """What the pages can only call by a name that is not here."""
        ours, other = self.addresses.get("hub", ""), self.addresses.get("other", "")
        for name, here in (("/backup/", f"{self.folder}/backup/"),
                           ("http://127.0.0.1:8686", ours), ("https://hub.example.org", ours),
                           ("https://huggingface.co", other), ("https://other.example.org", other)):
            text = text.replace(name, here)
        text = text.replace("HF_TOKEN=hf_...", f"HF_TOKEN={self.tokens.get('hub', '')}")
        return text.replace("_TOKEN=hf_...", f"_TOKEN={self.tokens.get('other', '')}")

    def read(self, text):
        script = ""
        for line in text.splitlines(keepends=True):
            if line.startswith("torchhub serve "):
                self.serve(line)
            else:
                script += line
        self.bash(self.stand_ins(script))

    def make_model(self, owner):
        """What the pages take to be there already: OWNER/bert."""
        token = self.admin("hub", f"token create {owner} --role write")
        body = json.dumps({"name": "bert"}).encode()
        urllib.request.urlopen(urllib.request.Request(
            self.addresses["hub"] + "/api/repos/create", body,
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})).close()

    def make_other_hub(self):
        self.admin("other", "user create ana")
        self.admin("other", "org create team --owner ana")

    def meet_other_hub(self):
        self.serve("torchhub serve --data other")
        for data in ("hub", "other"):
            self.tokens[data] = self.admin(data, "token create ana --role write")

    def stop(self):
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
        return [server.wait() for server in self.servers]


# What comes before the block that begins so.
BEFORE = {
    "torchhub admin --data hub user show ben": lambda reader: reader.make_model("ben"),
    "torchhub admin --data hub repo list": lambda reader: reader.make_model("ana"),
    "torchhub admin --data hub export ana/bert": lambda reader: (reader.make_model("ana"), reader.make_other_hub()),
    "export HF_ENDPOINT=https://hub.example.org": Reader.meet_other_hub,
}


def read_page(page, reader):
    run, left_out, prepared = 0, 0, set()
    text = page.read_text()
    for block in BLOCK.finditer(text):
        if block["why"]:
            left_out += 1
            continue
        for first, prepare in BEFORE.items():
            if block["text"].startswith(first):
                prepare(reader)
                prepared.add(first)
        reader.read(block["text"])
        run += 1
    if run + left_out != text.count("```sh"):
        sys.exit(f"{page.name} has shell blocks that were overlooked")
    print(f"{page.relative_to(ROOT)}: {run} blocks ran, {left_out} are marked as not run", flush=True)
    return run, prepared


def main():
    prepared = set()
    for page in (ROOT / "README.md", ROOT / "docs" / "server.md"):
        with tempfile.TemporaryDirectory() as folder:
            reader = Reader(sys.argv[1], Path(folder))
            try:
                run, here = read_page(page, reader)
            finally:
                codes = reader.stop()
            prepared |= here
            if run == 0 or any(codes):
                sys.exit(f"{page.name}: {run} blocks ran, and the servers ended with {codes}")
    if prepared != set(BEFORE):
        sys.exit(f"no block begins with {sorted(set(BEFORE) - prepared)}")


if __name__ == "__main__":
    main()
