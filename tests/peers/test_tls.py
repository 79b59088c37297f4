"""Unchanged clients of our server over HTTPS, with a certificate of the site's own authority."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from our_hub import served
from test_xet import weights

HERE = Path(__file__).resolve().parent
JAVASCRIPT = Path(os.environ.get("TORCHHUB_JAVASCRIPT", "/nowhere")) / "node_modules"


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, timeout=300,
                          **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_certificates(folder):
    """ca.pem, and hub.pem with hub.key. hf_xet takes no certificate that signed itself, and Python none
    without what RFC 5280 asks for."""
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n"
                     "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n")
    run("openssl", "req", "-x509", *new_key, "-days", "1", "-subj", "/CN=The site's authority", "-addext",
        "keyUsage=critical,keyCertSign,cRLSign", "-keyout", folder / "ca.key", "-out",
        folder / "ca.pem")
    run("openssl", "req", *new_key, "-subj", "/CN=localhost", "-keyout", folder / "hub.key",
        "-out", folder / "hub.csr")
    run("openssl", "x509", "-req", "-in", folder / "hub.csr", "-CA", folder / "ca.pem",
        "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "1", "-extfile", names,
        "-out", folder / "hub.pem")


@pytest.fixture(scope="module")
def hub(find_program, tmp_path_factory):
    """A server that speaks HTTPS alone: the environment that clients need."""
    program = find_program("torchhub")
    work = tmp_path_factory.mktemp("tls")
    data = work / "data"
    make_certificates(work)
    run(program, "admin", "--data", data, "user", "create", "peer")
    token = run(program, "admin", "--data", data, "token", "create", "peer", "--role", "write").strip()
    authority = str(work / "ca.pem")
    with served(program, data, "--tls-cert", work / "hub.pem", "--tls-key", work / "hub.key") as endpoint:
        assert endpoint.startswith("https://")
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        yield {**kept, "HF_ENDPOINT": endpoint, "HF_TOKEN": token, "HF_HOME": str(work / "home"),
               "HOME": str(work), "SSL_CERT_FILE": authority, "GIT_SSL_CAINFO": authority,
               "NODE_EXTRA_CA_CERTS": authority, "GIT_TERMINAL_PROMPT": "0",
               "no_proxy": "127.0.0.1,localhost"}


@pytest.fixture(scope="module")
def python(hub):
    """python(code): what it prints, by Debian's huggingface_hub."""
    return lambda code: run(sys.executable, "-c", code, env=hub)


def make_repo(python, name):
    python(f"from huggingface_hub import create_repo; create_repo('{name}')")
    return name


def test_the_certificate_counts(hub):
    without = {name: value for name, value in hub.items() if name != "SSL_CERT_FILE"}
    for environment, status in ((hub, 0), (without, 60)):
        words = ["curl", "-sS", "-o", "/dev/null", hub["HF_ENDPOINT"] + "/healthz"]
        if status == 0:
            words += ["--cacert", hub["SSL_CERT_FILE"]]
        assert subprocess.run(words, env=environment, capture_output=True, check=False).returncode == status


def test_pythons_upload_comes_back(hub, python, tmp_path):
    repo = make_repo(python, "peer/by-python")
    (tmp_path / "model.safetensors").write_bytes(weights(1, 3_000_000))
    (tmp_path / "config.json").write_text("{}")
    python(f"from huggingface_hub import upload_folder; upload_folder(repo_id='{repo}', "
           f"folder_path='{tmp_path}')")
    python(f"from huggingface_hub import snapshot_download; snapshot_download('{repo}', "
           f"local_dir='{tmp_path}/back')")
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_push_by_xet_comes_back(hub, python, tmp_path):
    newest = os.environ.get("TORCHHUB_NEWEST_HUB_PYTHON")
    if not newest:
        pytest.skip("no huggingface_hub with hf_xet: tests/peers/setup_venv.sh gets it")
    repo = make_repo(python, "peer/by-xet")
    (tmp_path / "model.safetensors").write_bytes(weights(2, 20_000_000))
    run(newest, HERE / "xet_pushes.py", repo, tmp_path, "file", env=hub)
    back = python(f"from huggingface_hub import hf_hub_download; print(hf_hub_download('{repo}', "
                  "'model.safetensors'))").strip()
    assert Path(back).read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_git_clones_and_pushes_with_lfs(hub, python, tmp_path):
    repo = make_repo(python, "peer/by-git")
    scheme, host = hub["HF_ENDPOINT"].split("://")
    url = f"{scheme}://peer:{hub['HF_TOKEN']}@{host}/{repo}"
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}
    first, second = tmp_path / "first", tmp_path / "second"

    def git(*words, cwd=tmp_path):
        return run("git", *words, cwd=cwd, env=hub | who)

    git("clone", "-q", url, first)
    git("lfs", "install", "--local", cwd=first)
    (first / "large.bin").write_bytes(weights(3, 1_000_000))
    git("add", "large.bin", cwd=first)
    git("commit", "-qm", "Large", cwd=first)
    git("push", "-q", cwd=first)
    git("clone", "-q", "-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.required=true", url,
        second)
    assert (second / "large.bin").read_bytes() == weights(3, 1_000_000)


def test_javascript_uploads_and_downloads(hub, python, tmp_path):
    if not JAVASCRIPT.is_dir() or shutil.which("node") is None:
        pytest.skip("no packages of tests/peers/js; tests/peers/setup_javascript.sh fetches them")
    repo = make_repo(python, "peer/by-javascript")
    (tmp_path / "node_modules").symlink_to(JAVASCRIPT)
    (tmp_path / "call.mjs").write_text("""
import { downloadFile, uploadFile } from "@huggingface/hub";
const hub = { hubUrl: process.env.HF_ENDPOINT, accessToken: process.env.HF_TOKEN, repo: process.argv[2] };
await uploadFile({ ...hub, file: { path: "a.txt", content: new Blob(["over TLS"]) } });
console.log(JSON.stringify(await (await downloadFile({ ...hub, path: "a.txt" })).text()));
""")
    assert json.loads(run("node", "call.mjs", repo, cwd=tmp_path, env=hub)) == "over TLS"
