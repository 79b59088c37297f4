"""The specs of the npm package @huggingface/hub, and calls of our own, against our server: once as it
starts by itself, where files go up as plain LFS, and once where it prefers Xet.

js/expected.tsv says how each test ends and why; any other end, better or worse, fails here.
"""

import csv
import fnmatch
import json
import os
import shutil
import subprocess
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest
from our_hub import served

JS = Path(__file__).resolve().parent / "js"
PACKAGES = Path(os.environ.get("TORCHHUB_JAVASCRIPT", "/nowhere"))
ORGANISATIONS = ["EdinburghNLP", "HuggingFaceH4", "Intel", "aschen", "celinah", "google-bert",
                 "hf-doc-build", "huggingfacejs", "microsoft", "nyu-mll", "openai-community",
                 "stabilityai", "standins"]

pytestmark = pytest.mark.skipif(
    not (PACKAGES / "node_modules").is_dir() or shutil.which("node") is None,
    reason="no packages of tests/peers/js; tests/peers/setup_javascript.sh fetches them")


def rows(name):
    with open(JS / name, encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def expectations():
    """{spec: {pattern of a test's name: (outcome, reason)}}"""
    out = defaultdict(dict)
    for spec, test, outcome, reason in rows("expected.tsv"):
        assert outcome in ("pass", "fail", "cannot", "either"), f"{spec}: {outcome}"
        out[spec][test] = (outcome, reason)
    return out


@pytest.fixture(scope="module", params=["lfs", "xet"])
def hub(request, find_program, tmp_path_factory):
    """A fresh server with the specs' user, the stand-ins' organisations and their keeper."""
    program = str(find_program("torchhub"))
    data = tmp_path_factory.mktemp("hub") / "data"

    def admin(*words):
        return subprocess.run([program, "admin", "--data", data, *words], check=True,
                              capture_output=True, text=True).stdout.strip()

    admin("user", "create", "hub.js", "--fullname", "@huggingface/hub CI bot", "--email",
          "eliott@huggingface.co")  # as its spec of whoAmI knows it
    admin("user", "create", "keeper")
    for name in ORGANISATIONS:
        admin("org", "create", name, "--owner", "keeper")
    tokens = {
        "token": admin("token", "create", "hub.js", "--role", "write", "--name", "ci-hub.js"),
        "read token": admin("token", "create", "hub.js", "--role", "read"),
        "keeper token": admin("token", "create", "keeper", "--role", "write"),
    }
    preferring = ["--lfs-prefer-xet"] if request.param == "xet" else []
    with served(program, data, "--multipart-threshold", "32MiB", *preferring) as endpoint:
        yield {"endpoint": endpoint, "prefers": request.param, **tokens}


def node(folder, hub, *words):
    environment = {**os.environ, "HF_ENDPOINT": hub["endpoint"], "HF_TOKEN": hub["token"],
                   "READ_TOKEN": hub["read token"], "KEEPER_TOKEN": hub["keeper token"], "HUB_PREFERS": hub["prefers"],
                   "HF_HOME": str(folder / "hf_home"), "NO_COLOR": "1"}
    return subprocess.run(["node", *map(str, words)], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)


def who_am_i(hub):
    request = urllib.request.Request(hub["endpoint"] + "/api/whoami-v2",
                                     headers={"Authorization": "Bearer " + hub["token"]})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def work(hub, tmp_path_factory):
    """The package's sources and specs, pointed at our server and its stand-ins."""
    folder = tmp_path_factory.mktemp("js")
    package = PACKAGES / "node_modules" / "@huggingface" / "hub"
    (folder / "node_modules").symlink_to(PACKAGES / "node_modules")
    shutil.copytree(package / "src", folder / "src")
    shutil.copy(package / "tsconfig.json", folder)  # which a spec uploads
    manifest = json.loads((package / "package.json").read_text())  # which another reads
    del manifest["name"]  # or the client's name would stand for this folder
    (folder / "package.json").write_text(json.dumps(manifest))
    for name in ("vitest.config.mjs", "only_our_hub.mjs", "stand_ins.mjs", "calls.spec.mjs"):
        shutil.copy(JS / name, folder / name)

    made = node(folder, hub, "stand_ins.mjs", folder / "src")
    assert made.returncode == 0, made.stderr
    facts = {**hub, "user id": who_am_i(hub)["id"], **json.loads(made.stdout)}
    for name, old, new, why in rows("substitutions.tsv"):
        path = folder / "src" / name
        text = path.read_text()
        assert old in text, f"{name} has no '{old}' any more ({why})"
        path.write_text(text.replace(old, new.format_map(facts)))
    return folder


@pytest.fixture(scope="module")
def outcomes(hub, work):
    """{spec: {test: error text, or None}}"""
    run = node(work, hub, "node_modules/vitest/vitest.mjs", "run")
    report = work / "report.json"
    assert report.exists(), run.stdout + run.stderr
    out = defaultdict(dict)
    for spec in json.loads(report.read_text())["testResults"]:
        name = Path(spec["name"]).relative_to(work)
        name = str(name.relative_to("src") if name.parts[0] == "src" else name)
        if not spec["assertionResults"]:
            out[name]["(the file)"] = spec.get("message") or "no test ran"
        for test in spec["assertionResults"]:
            failed = test["status"] != "passed"
            out[name][test["fullName"]] = "\n".join(test["failureMessages"]) if failed else None
    if "TORCHHUB_JAVASCRIPT_REPORT" in os.environ:
        shutil.copy(report, os.environ["TORCHHUB_JAVASCRIPT_REPORT"])
    return out


def find(expected, test):
    """@return the row for a test: its own, else the first whose pattern fits"""
    if test in expected:
        return expected[test]
    for pattern, row in expected.items():
        if fnmatch.fnmatchcase(test, pattern):
            return row
    return None


@pytest.mark.parametrize("spec", sorted(expectations()))
def test_spec(outcomes, spec):
    expected = expectations()[spec]
    assert outcomes[spec], f"{spec} did not run"
    wrong = []
    for test, error in outcomes[spec].items():
        row = find(expected, test)
        if row is None:
            wrong.append(f"'{test}' is not in expected.tsv")
        elif row[0] == "pass" and error is not None:
            wrong.append(f"'{test}' failed:\n{error}")
        elif row[0] in ("fail", "cannot") and error is None:
            wrong.append(f"'{test}' passes now; expected.tsv says {row[0]}: {row[1]}")
    wrong += [f"'{test}' did not run" for test in expected
              if not fnmatch.filter(outcomes[spec], test) and test not in outcomes[spec]]
    assert not wrong, "\n".join(wrong)


def test_every_spec_is_expected(outcomes):
    assert set(outcomes) == set(expectations())
