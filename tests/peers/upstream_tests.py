#!/usr/bin/env python3
"""Runs against our server what the authors of its clients test their own hubs with: five of
huggingface_hub's test files, and git-lfs's program that checks a server. A release check: upstream/
says what it fetches, and how each test ends.

usage: upstream_tests.py [--build DIR] [--only hub|lfs] [--hub-source DIR] [--lfs-source DIR]
                         [--lfs-program FILE] [--cache DIR] [--report FILE]
  --build        a build folder with the program torchhub (default build/plain)
  --hub-source   huggingface_hub's sources with their tests/, of the version in upstream/packages.txt
                 (default: its source package from PyPI)
  --lfs-source   git-lfs's sources (default: Debian's source package, by apt-get)
  --lfs-program  git-lfs-test-server-api, built from them already
  --cache        where what is fetched and built stays (default /var/cache/torchhub/upstream)
  --report       a table of every test's end
Ends with `N passed, N failed`; a test fails that does not end as its table says.
"""

import argparse
import csv
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

UPSTREAM = Path(__file__).resolve().parent / "upstream"
ROOT = UPSTREAM.parents[2]
TESTS = ["test_hf_api.py", "test_hf_file_system.py", "test_file_download.py",
         "test_snapshot_download.py", "test_repocard.py"]
TOKEN = "hf_HubCITokenXXXXXXXXXXXXXXXXXXXXX"
OWNERS = ["HuggingFaceBR4", "HuggingFaceH4", "albert", "allenai", "black-forest-labs", "facebook",
          "gaia-benchmark", "google", "huggingface", "huggingface-hub-ci", "lhoestq", "microsoft",
          "muellerzr", "multimodalart", "open-llm-leaderboard", "openai", "openai-community", "openchat",
          "standins", "zai-org"]


def rows(name):
    with open(UPSTREAM / name, encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def run(*words, **how):
    return subprocess.run([str(word) for word in words], check=True, **how)


def output(*words, **how):
    return run(*words, stdout=subprocess.PIPE, text=True, **how).stdout.strip()


# -- what is fetched ---------------------------------------------------------------------------------


def once(folder, stamp, make):
    """@return the folder as make(folder) fills it, made afresh where the stamp is another"""
    mark = folder / "stamp"
    if not mark.exists() or mark.read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        mark.write_text(stamp)
    return folder


def hub_packages(cache):
    packages = UPSTREAM / "packages.txt"
    return once(cache / "packages", packages.read_text(), lambda folder: run(
        sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action=ignore", "--no-compile",
        "--only-binary=:all:", "--target", folder, "--requirement", packages))


def hub_source(cache):
    wanted = next(line for line in (UPSTREAM / "packages.txt").read_text().split()
                  if line.startswith("huggingface_hub=="))

    def fetch(folder):
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
            "--dest", folder, wanted)
        archive = next(folder.glob("*.tar.gz"))
        run("tar", "xf", archive, "--strip-components=1", "-C", folder)

    return once(cache / "hub", wanted, fetch)


def debian_mirror():
    """@return as setup.sh takes it"""
    if "TORCHHUB_PEERS_MIRROR" in os.environ:
        return os.environ["TORCHHUB_PEERS_MIRROR"]
    targets = output("apt-get", "indextargets", "--format", "$(ORIGIN)\t$(COMPONENT)\t$(CODENAME)\t$(REPO_URI)",
                     "Created-By: Packages")
    for origin, component, codename, address in (line.split("\t") for line in targets.splitlines()):
        if (origin, component) == ("Debian", "main") and not codename.endswith("-security"):
            return address
    raise SystemExit("upstream_tests: apt knows no Debian mirror; set TORCHHUB_PEERS_MIRROR, or --lfs-source")


def lfs_source(cache):
    """Debian testing's, with lists of packages of its own: the system's stay as they are."""
    mirror = debian_mirror()

    def fetch(folder):
        apt = folder / "apt"
        (apt / "lists" / "partial").mkdir(parents=True)
        (apt / "archives" / "partial").mkdir(parents=True)
        (apt / "sources.list").write_text(f"deb-src {mirror} forky main\n")
        options = [f"Dir::Etc::sourcelist={apt}/sources.list", "Dir::Etc::sourceparts=/dev/null",
                   f"Dir::State::lists={apt}/lists", f"Dir::Cache={apt}", "APT::Sandbox::User=root",
                   "Acquire::Check-Valid-Until=false"]
        words = ["apt-get", "--quiet"] + [word for option in options for word in ("-o", option)]
        run(*words, "update", stdout=subprocess.DEVNULL)
        run(*words, "source", "--download-only", "--tar-only", "git-lfs", cwd=folder,
            stdout=subprocess.DEVNULL)
        archive = next(folder.glob("git-lfs_*.orig.tar.*"))
        run("tar", "xf", archive, "--strip-components=1", "-C", folder)

    return once(cache / "lfs", mirror, fetch)


def lfs_program(source, cache):
    """Needs Go, which fetches what git-lfs's go.mod names."""
    program = cache / "git-lfs-test-server-api"
    run("go", "build", "-mod=mod", "-buildvcs=false", "-o", program, "./t/git-lfs-test-server-api",
        cwd=source)
    return program


# -- the server --------------------------------------------------------------------------------------


@contextmanager
def served(torchhub, work):
    """A server with the fixtures; gives its address, and admin() for more."""
    data = work / "data"

    def admin(*words):
        return output(torchhub, "admin", "--data", data, *words)

    admin("--test-fixtures", "--test-mode")
    address = work / "address"
    with open(work / "serve.log", "wb") as log:
        server = subprocess.Popen(
            [torchhub, "serve", "--test-mode", "--data", data, "--durability", "relaxed", "--listen",
             "127.0.0.1:0", "--address-file", address], stdout=log, stderr=subprocess.STDOUT)
    try:
        while not (address.exists() and address.read_text()):
            if server.poll() is not None:
                raise SystemExit((work / "serve.log").read_text())
            time.sleep(0.05)
        yield address.read_text().strip(), admin
    finally:
        server.terminate()
        server.wait()


def environment(work, **more):
    """Without this system's tokens and proxies."""
    home = work / "home"
    home.mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(work), "LANG": "C.UTF-8",
            **more}


# -- huggingface_hub ---------------------------------------------------------------------------------


def stand_ins(endpoint, admin, python):
    admin("user", "create", "keeper")
    admin("user", "set", "keeper", "--site-admin", "on")
    for name in OWNERS:
        admin("org", "create", name, "--owner", "keeper")
    admin("org", "add", "huggingface", "DVUser", "--role", "read")  # a test wants more than one member
    made = output(sys.executable, UPSTREAM / "stand_ins.py", env={
        **python, "KEEPER_TOKEN": admin("token", "create", "keeper", "--role", "write"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1"})
    return {"endpoint": endpoint, **json.loads(made)}


def copy_tests(source, folder, facts):
    shutil.copytree(source / "tests", folder)
    (folder / "__init__.py").touch()
    shutil.copy(UPSTREAM / "hub_conftest.py", folder / "conftest.py")
    for name, old, new, why in rows("substitutions.tsv"):
        text = (folder / name).read_text()
        if old not in text:
            raise SystemExit(f"{name} has no '{old}' any more ({why})")
        (folder / name).write_text(text.replace(old, new.format_map(facts)))


def end_of(case):
    """@return how a test of a JUnit report ended, and the error's first line"""
    for tag, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return word, (found.get("message") or "").split("\n")[0]
    return "passed", ""


def hub_outcomes(torchhub, source, packages, work):
    """[(file, test, end, error)]"""
    with served(torchhub, work) as (endpoint, admin):
        python = environment(work, PYTHONPATH=str(packages), PYTHONDONTWRITEBYTECODE="1",
                             HF_ENDPOINT=endpoint, HF_HOME=str(work / "hf_home"),
                             HF_HUB_DISABLE_TELEMETRY="1")
        copy_tests(source, work / "tests", stand_ins(endpoint, admin, python))
        report = work / "report.xml"
        with open(work / "pytest.log", "wb") as log:
            subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-c", os.devnull,
                            "--rootdir", work, "-W", "error::FutureWarning", "--tb=short", f"--junitxml={report}",
                            *(f"tests/{name}" for name in TESTS)],
                           cwd=work, env=python, stdout=log, stderr=subprocess.STDOUT, check=False)
    if not report.exists():
        raise SystemExit((work / "pytest.log").read_text())
    out = []
    for case in ElementTree.parse(report).iter("testcase"):
        _, module, *classes = case.get("classname").split(".")
        out.append((module + ".py", ".".join([*classes, case.get("name")]), *end_of(case)))
    return out


# -- git-lfs -----------------------------------------------------------------------------------------


def lfs_outcomes(torchhub, program, work):
    """[(file, test, end, error)]: the program prints a line with OK or FAILED for each test."""
    with served(torchhub, work) as (endpoint, admin):
        env = environment(work)
        for name, value in (("user.name", "test"), ("user.email", "test@example.org"),
                            ("credential.helper", f"!echo username=x; echo password={TOKEN};:")):
            run("git", "config", "--global", name, value, env=env)
        request = urllib.request.Request(endpoint + "/api/repos/create", b'{"name": "objects"}', {
            "Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        url = f"{endpoint}/__DUMMY_HUB_USER__/objects.git"
        told = subprocess.run([program, "--clone", url], env=env, cwd=work, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout
    out = []
    for line in told.replace("\r", "\n").split("\n"):
        for word, end in (("OK", "passed"), ("FAILED", "failed")):
            if line.startswith("Test ") and line.endswith(" " + word):
                out.append(("git-lfs-test-server-api", line.removesuffix(word).strip(), end, told))
    return out


# -- as expected? ------------------------------------------------------------------------------------


class Expected:
    """The rows of a table: a test's own, else the first whose pattern fits."""

    ENDS = {"pass": {"passed"}, "fail": {"failed"}, "cannot": {"failed"}, "skip": {"skipped"},
            "either": {"passed", "failed", "skipped"}}

    def __init__(self, name):
        self.rows = rows(name)
        self.used = set()

    def find(self, file, test):
        mine = [row for row in self.rows if row[0] == file]
        for row in mine:
            if row[1] == test:
                return row
        return next((row for row in mine if fnmatch.fnmatchcase(test, row[1])), None)

    def problem(self, file, test, end, error):
        row = self.find(file, test)
        if row is None:
            return f"{file}: '{test}' is in no row; it {end}: {error}"
        self.used.add(tuple(row))
        if end in self.ENDS[row[2]]:
            return None
        return f"{file}: '{test}' {end}; expected: {row[2]} {row[3]}\n    {error}"

    def unused(self):
        return [f"{row[0]}: no test fits '{row[1]}' any more" for row in self.rows
                if tuple(row) not in self.used]


def judge(table, outcomes, report):
    """Prints what is not as the table says. @return how many tests are, and how many are not"""
    expected = Expected(table)
    wrong = []
    for outcome in outcomes:
        wrong.append(expected.problem(*outcome))
        row = expected.find(*outcome[:2]) or ["", "", "?", ""]
        if report:
            print(*outcome[:3], row[2], row[3], sep="\t", file=report)
    counts = Counter((file, end) for file, _, end, _ in outcomes)
    for file in dict.fromkeys(file for file, *_ in outcomes):
        print(f"{file}: " + ", ".join(f"{counts[file, end]} {end}" for end in ("passed", "failed", "skipped")))
    wrong = [text for text in wrong if text] + expected.unused()
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return max(len(outcomes) - len(wrong), 0), len(wrong)


def main():
    options = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    options.add_argument("--build", type=Path, default=ROOT / "build" / "plain")
    options.add_argument("--only", choices=["hub", "lfs"])
    options.add_argument("--hub-source", type=Path)
    options.add_argument("--lfs-source", type=Path)
    options.add_argument("--lfs-program", type=Path)
    options.add_argument("--cache", type=Path, default=Path("/var/cache/torchhub/upstream"))
    options.add_argument("--report", type=Path)
    wanted = options.parse_args()

    torchhub = (wanted.build / "src" / "cli" / "torchhub").resolve()
    if not torchhub.is_file():
        raise SystemExit(f"upstream_tests: no '{torchhub}'; build torchhub_cli, or say where with --build")
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as scratch, open(wanted.report or os.devnull, "w") as report:
        for suite in ("hub", "lfs"):
            if wanted.only not in (None, suite):
                continue
            work = Path(scratch) / suite
            work.mkdir()
            if suite == "hub":
                outcomes = hub_outcomes(torchhub, wanted.hub_source or hub_source(wanted.cache),
                                        hub_packages(wanted.cache), work)
            else:
                program = wanted.lfs_program or lfs_program(
                    wanted.lfs_source or lfs_source(wanted.cache), wanted.cache)
                outcomes = lfs_outcomes(torchhub, program.resolve(), work)
            good, bad = judge(f"{suite}_tests.tsv", outcomes, report)
            passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
