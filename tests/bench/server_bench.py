#!/usr/bin/env python3
"""Measures `torchhub serve` beside what it is compared with, in one run on one machine, everything on
loopback and on one disk. Prints a line of JSON for each job.

usage: server_bench.py BUILD_FOLDER [--work FOLDER] [--gigabytes 2] [--rounds 3] [JOB...]

jobs: download upload head head_under_uploads commit commit_10k tree_100k memory big_upload
      ten_thousand (all, if none is named)
nginx (Debian: nginx-light) is needed for `download`; big_upload needs --big-gigabytes of free disk.
"""
import argparse
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

MEGA = 1e6


class Hub:
    """A `torchhub serve` with user demo on a free port, over a data folder of its own."""

    def __init__(self, program, data, *more):
        self.program, self.data, self.more = program, data, more
        if not data.exists():
            self.admin("user", "create", "demo")
            (data / "bench-token").write_text(self.admin("token", "create", "demo", "--role", "write"))
        self.token = (data / "bench-token").read_text().strip()
        self.start()

    def admin(self, *words):
        return subprocess.run([self.program, "admin", "--data", self.data, *words], check=True,
                              capture_output=True, text=True).stdout

    def start(self):
        address = self.data.parent / (self.data.name + ".address")
        address.unlink(missing_ok=True)
        began = time.monotonic()
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
             "--address-file", address, *self.more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not address.exists():
            time.sleep(0.001)
        self.url = address.read_text().strip()
        self.call("GET", "/healthz")
        self.seconds_to_first_answer = time.monotonic() - began

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def rss_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1000
        return 0

    def peak_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1000
        return 0

    def call(self, method, path, body=None, raw=None):
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(path if path.startswith("http") else self.url + path, data,
                                         {"Authorization": "Bearer " + self.token,
                                          "Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read(), answer.headers

    def json(self, method, path, body=None):
        return json.loads(self.call(method, path, body)[0])

    def create(self, name):
        return self.json("POST", "/api/repos/create", {"name": name})

    def commit(self, repo, lines):
        text = "".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in
                       [("header", {"summary": "bench"}), *lines])
        return json.loads(self.call("POST", f"/api/models/demo/{repo}/commit/main", raw=text.encode())[0])

    def upload_link(self, repo, oid, size):
        batch = self.json("POST", f"/demo/{repo}.git/info/lfs/objects/batch",
                          {"operation": "upload", "objects": [{"oid": oid, "size": size}]})
        return batch["objects"][0]["actions"]["upload"]["href"]


def client(args, *words, **more):
    """The line of JSON of tests/bench/server_bench.cpp."""
    done = subprocess.run([args.build / "tests/bench/server_bench", *map(str, words)], check=True,
                          capture_output=True, text=True, **more)
    return json.loads(done.stdout)


def percentile(runs, part):
    """Of all requests of several runs, as if they were one."""
    latencies = sorted(value for run in runs for value in run["latencies_ms"])
    return latencies[int(part * (len(latencies) - 1))]


def random_file(path, size, seed):
    """Bytes that nobody can compress, quickly: SHAKE of the block's number."""
    with open(path, "wb") as file:
        block = hashlib.shake_128(str(seed).encode()).digest(1 << 22)
        for number in range(0, size, len(block)):
            head = hashlib.sha256(f"{seed}:{number}".encode()).digest()
            file.write((head + block[32:])[:size - number])
    return hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()


def report(job, **figures):
    print(json.dumps({"job": job, **figures}), flush=True)


def start_nginx(folder, port):
    (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
""")
    process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    time.sleep(0.5)
    return process


def stored_object(args, hub, repo, size, seed=1):
    """@return path of a repository's LFS file of `size` bytes, put there through the API"""
    file = args.work / f"object{seed}"
    oid = random_file(file, size, seed)
    hub.create(repo)
    client(args, "put", file, hub.upload_link(repo, oid, size))
    hub.commit(repo, [("lfsFile", {"path": "model.bin", "algo": "sha256", "oid": oid, "size": size})])
    file.unlink()
    return f"/demo/{repo}/resolve/main/model.bin", oid


def download(args):
    size = int(args.gigabytes * 1e9)
    hub = Hub(args.program, args.work / "download")
    path, oid = stored_object(args, hub, "m", size)
    place = hub.data / "lfs" / oid[:2] / oid[2:4] / oid
    (args.work / "nginx/www").mkdir(parents=True)
    os.chmod(args.work, 0o755)
    (args.work / "nginx/www/model.bin").symlink_to(place)
    for folder in [hub.data, *[p for p in place.parents if hub.data in p.parents]]:
        folder.chmod(0o755)
    nginx = start_nginx(args.work / "nginx", args.nginx_port)
    rates = {"torchhub": [], "nginx": []}
    try:
        for turn in range(args.rounds + 1):
            ours = client(args, "get", hub.url + path)
            theirs = client(args, "get", f"http://127.0.0.1:{args.nginx_port}/model.bin")
            assert ours["bytes"] == theirs["bytes"] == size, (ours, theirs)
            if turn:  # the first fills the page cache
                rates["torchhub"].append(ours["mb_per_second"])
                rates["nginx"].append(theirs["mb_per_second"])
    finally:
        nginx.terminate()
        hub.stop()
    medians = {who: statistics.median(values) for who, values in rates.items()}
    report("download", gigabytes=args.gigabytes, rates=rates,
           of_nginx=round(medians["torchhub"] / medians["nginx"], 3))


def upload(args):
    size = int(args.gigabytes * 1e9)
    hub = Hub(args.program, args.work / "upload")
    hub.create("m")
    rates = {"torchhub": [], "write_and_hash": []}
    for turn in range(args.rounds):
        file = args.work / "upload.bin"
        oid = random_file(file, size, 100 + turn)
        bound = client(args, "write_and_hash", file, args.work / "copy.bin")
        assert bound["sha256"] == oid
        (args.work / "copy.bin").unlink()
        os.sync()
        done = client(args, "put", file, hub.upload_link("m", oid, size))
        assert done["status"] == 200, done
        rates["write_and_hash"].append(bound["mb_per_second"])
        rates["torchhub"].append(done["mb_per_second"])
        for old in (hub.data / "lfs").rglob(oid):
            old.unlink()
        os.sync()
    hub.stop()
    ratios = [ours / bound for ours, bound in zip(rates["torchhub"], rates["write_and_hash"])]
    report("upload", gigabytes=args.gigabytes, rates=rates,
           of_write_and_hash=round(statistics.median(ratios), 3))


def small_repo(hub, name="small"):
    hub.create(name)
    hub.commit(name, [("file", {"path": "config.json", "content": "e30=", "encoding": "base64"})])
    return f"/demo/{name}/resolve/main/config.json"


def head(args):
    hub = Hub(args.program, args.work / "head")
    path = small_repo(hub)
    rates = [client(args, "requests", "HEAD", hub.url + path, 16, 5) for _ in range(args.rounds)]
    best = sorted(rates, key=lambda run: run["per_second"])[len(rates) // 2]
    report("head", connections=16, runs=[run["per_second"] for run in rates],
           per_second=best["per_second"], p50_ms=best["p50_ms"], p99_ms=best["p99_ms"],
           not_2xx=best["not_2xx"], rss_mb=round(hub.rss_mb(), 1))
    hub.stop()


def head_under_uploads(args):
    """HEADs on four connections while eight uploads of 1 GB run."""
    hub = Hub(args.program, args.work / "uploads")
    path = small_repo(hub)
    size = int(args.upload_gigabytes * 1e9)
    links = []
    for number in range(8):
        file = args.work / f"u{number}"
        oid = random_file(file, size, 200 + number)
        links.append((file, hub.upload_link("small", oid, size)))
    uploads = [threading.Thread(target=lambda job=job: results.append(client(args, "put", *job)))
               for job in links]
    results = []
    for thread in uploads:
        thread.start()
    time.sleep(0.3)
    runs = []
    while any(thread.is_alive() for thread in uploads):
        runs.append(client(args, "requests", "HEAD", hub.url + path, 4, 1))
    for thread in uploads:
        thread.join()
    assert [run["status"] for run in results] == [200] * 8, results
    inside = runs[:-1] or runs  # the last one may reach past the uploads' end
    report("head_under_uploads", gigabytes_each=args.upload_gigabytes,
           p99_ms=[run["p99_ms"] for run in inside], p50_ms=[run["p50_ms"] for run in inside],
           p99_ms_of_all=percentile(inside, 0.99), worst_p99_ms=max(run["p99_ms"] for run in inside),
           requests=sum(run["requests"] for run in inside),
           upload_mb_per_second=[run["mb_per_second"] for run in results],
           peak_mb=round(hub.peak_mb(), 1))
    hub.stop()
    for file, _ in links:
        file.unlink()


def commit(args):
    hub = Hub(args.program, args.work / "commit")
    small_repo(hub, "c")
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"))  # kept, as clients do
    times = []
    for number in range(200):
        lines = [("header", {"summary": "bench"}),
                 ("file", {"path": "a.txt", "content": f"{number}", "encoding": "utf-8"})]
        body = "".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in lines)
        start = time.perf_counter()
        connection.request("POST", "/api/models/demo/c/commit/main", body,
                           {"Authorization": "Bearer " + hub.token})
        answer = connection.getresponse()
        answer.read()
        times.append(1e3 * (time.perf_counter() - start))
        assert answer.status == 200, answer.status
    flush = client(args, "fsync", hub.data, 200)["median_ms"]
    calls = count_flushes(hub) if shutil.which("strace") else None
    hub.stop()
    report("commit", median_ms=round(statistics.median(times), 3),
           p90_ms=round(sorted(times)[180], 3), fsync_ms=flush, flushes=calls)


def count_flushes(hub):
    """How many times the server flushes for one commit of one file."""
    trace = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-p",
                              str(hub.process.pid), "-o", "/dev/stdout"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    time.sleep(1)
    for number in range(10):
        hub.commit("c", [("file", {"path": "a.txt", "content": f"s{number}", "encoding": "utf-8"})])
    trace.send_signal(signal.SIGINT)
    text = trace.communicate()[0]
    counts = [line.split() for line in text.splitlines() if line.rstrip().endswith("sync")]
    return sum(int(words[3]) for words in counts) / 10


def commit_10k(args):
    hub = Hub(args.program, args.work / "commit10k")
    times = []
    for turn in range(args.rounds):
        hub.create(f"many{turn}")
        lines = [("file", {"path": f"d{number % 100}/f{number}.json", "encoding": "utf-8",
                           "content": f"{{\"number\": {number}, \"turn\": {turn}}}"})
                 for number in range(10_000)]
        start = time.perf_counter()
        hub.commit(f"many{turn}", lines)
        times.append(time.perf_counter() - start)
    report("commit_10k", seconds=round(statistics.median(times), 3),
           runs=[round(value, 3) for value in times], peak_mb=round(hub.peak_mb(), 1))
    hub.stop()


def tree_100k(args):
    hub = Hub(args.program, args.work / "tree")
    hub.create("wide")
    for part in range(5):
        hub.commit("wide", [("file", {"path": f"d{part}/s{number % 200}/f{number}.json",
                                      "content": "{}", "encoding": "utf-8"})
                            for number in range(20_000)])
    times = []
    for _ in range(args.rounds):
        start = time.perf_counter()
        url, files = "/api/models/demo/wide/tree/main?recursive=true", 0
        while url:
            body, headers = hub.call("GET", url)
            files += sum(entry["type"] == "file" for entry in json.loads(body))
            link = headers.get("Link", "")
            url = link[1:link.index(">")] if 'rel="next"' in link else None
        times.append(time.perf_counter() - start)
        assert files == 100_001, files  # and .gitattributes
    report("tree_100k", seconds=round(statistics.median(times), 3),
           runs=[round(value, 3) for value in times], rss_mb=round(hub.rss_mb(), 1))
    hub.stop()


def memory(args):
    hub = Hub(args.program, args.work / "memory")
    idle, first_answer = hub.rss_mb(), hub.seconds_to_first_answer
    path = small_repo(hub)
    held = subprocess.Popen([args.build / "tests/bench/server_bench", "hold", hub.url + path, "900"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.stdout.readline()
    with_900 = hub.rss_mb()
    others = client(args, "requests", "HEAD", hub.url + path, 1, 2)
    held.communicate()
    report("memory", first_answer_s=round(first_answer, 3), idle_mb=round(idle, 1),
           with_900_connections_mb=round(with_900, 1),
           head_p99_ms_beside_them=others["p99_ms"])
    hub.stop()


def big_upload(args):
    """One upload of many gigabytes (of zeros, from a sparse file): does the memory stay?"""
    size = int(args.big_gigabytes * 1e9)
    hub = Hub(args.program, args.work / "big")
    hub.create("m")
    file = args.work / "sparse"
    with open(file, "wb") as sparse:
        sparse.truncate(size)
    oid = hashlib.file_digest(open(file, "rb"), "sha256").hexdigest()
    before = hub.rss_mb()
    done = client(args, "put", file, hub.upload_link("m", oid, size))
    assert done["status"] == 200, done
    report("big_upload", gigabytes=args.big_gigabytes, mb_per_second=done["mb_per_second"],
           rss_before_mb=round(before, 1), peak_mb=round(hub.peak_mb(), 1))
    hub.stop()


def ten_thousand(args):
    data = args.work / "ten_thousand"
    hub = Hub(args.program, data, "--durability", "relaxed")
    began = time.perf_counter()
    for number in range(10_000):
        hub.create(f"repo-{number}")
    making = time.perf_counter() - began
    hub.stop()
    hub = Hub(args.program, data)
    pages = {}
    for query in ("limit=100", "limit=100&sort=createdAt", "limit=100&search=repo-99",
                  "limit=100&author=demo"):
        times = []
        for _ in range(20):
            start = time.perf_counter()
            count = len(hub.json("GET", "/api/models?" + query))
            times.append(1e3 * (time.perf_counter() - start))
            assert count == 100, (query, count)
        pages[query] = round(statistics.median(times), 2)
    idle = hub.rss_mb()
    clean = hub.seconds_to_first_answer
    hub.process.kill()
    hub.process.wait()
    hub.start()
    report("ten_thousand", made_in_s=round(making, 1), start_s=round(clean, 3),
           start_after_a_kill_s=round(hub.seconds_to_first_answer, 3), list_page_ms=pages,
           rss_mb=round(idle, 1))
    hub.stop()


JOBS = [download, upload, head, head_under_uploads, commit, commit_10k, tree_100k, memory, big_upload,
        ten_thousand]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("jobs", nargs="*", metavar="JOB")
    parser.add_argument("--work", type=pathlib.Path, help="default: a new folder in TMPDIR")
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--upload-gigabytes", type=float, default=1)
    parser.add_argument("--big-gigabytes", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nginx-port", type=int, default=18688)
    args = parser.parse_intermixed_args()
    args.build = args.build.resolve()
    args.program = args.build / "src/cli/torchhub"
    names = {job.__name__: job for job in JOBS}
    unknown = [name for name in args.jobs if name not in names]
    if unknown:
        sys.exit(f"no job {unknown[0]}; there are: {' '.join(names)}")
    own = args.work is None
    args.work = pathlib.Path(tempfile.mkdtemp() if own else args.work).resolve()
    args.work.mkdir(exist_ok=True)
    try:
        for name in args.jobs or names:
            names[name](args)
            for left in args.work.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    finally:
        if own:
            shutil.rmtree(args.work)


if __name__ == "__main__":
    main()
