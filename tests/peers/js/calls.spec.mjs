// The client's calls in the ways that its own specs do not use them. Each test has a repository of
// its own, or reads the one that the hook of "reading" makes, or the stand-ins.
import { mkdtemp, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import * as client from "@huggingface/hub";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const hub = { hubUrl: process.env.HF_ENDPOINT, accessToken: process.env.HF_TOKEN };
const reader = { hubUrl: hub.hubUrl, accessToken: process.env.READ_TOKEN };
const anybody = { hubUrl: hub.hubUrl };
const user = "hub.js";
const big = new Uint8Array(3_000_000).map((_, i) => (i * 7 + (i >> 9)) & 255);

let count = 0;
const newName = () => `${user}/calls-${process.pid}-${++count}`;
const file = (path, content) => ({ operation: "addOrUpdate", path, content: new Blob([content]) });

async function withRepo(test, options = {}) {
  const repo = newName();
  await client.createRepo({ ...hub, repo, ...options });
  try {
    return await test(repo);
  } finally {
    await client.deleteRepo({ ...hub, repo });
  }
}

async function collect(iterator) {
  const out = [];
  for await (const entry of iterator) out.push(entry);
  return out;
}

const textOf = async (repo, path, more = {}) =>
  (await client.downloadFile({ ...hub, repo, path, ...more }))?.text();
const statusOf = (promise) =>
  promise.then(
    () => 200,
    (error) => error.statusCode ?? error,
  );

/** fetch that asks for pages of this size, so that a few repositories fill several. */
const pagesOf = (size, seen) => (url, init) => {
  seen.push(url);
  return fetch(`${url}`.replace(/limit=\d+/, `limit=${size}`), init);
};

describe("repositories", () => {
  it("whoAmI names the token's user and role", async () => {
    expect(await client.whoAmI(hub)).toMatchObject({
      name: user,
      auth: { accessToken: { role: "write" } },
    });
    expect(await client.whoAmI(reader)).toMatchObject({ auth: { accessToken: { role: "read" } } });
  });

  it("whoAmI refuses a token that is not there with 401", async () => {
    expect(await statusOf(client.whoAmI({ ...anybody, accessToken: "hf_" + "x".repeat(34) }))).toBe(
      401,
    );
  });

  for (const [type, info] of [
    ["model", client.modelInfo],
    ["dataset", client.datasetInfo],
    ["space", client.spaceInfo],
  ]) {
    it(`a ${type} is made, found, described and deleted`, async () => {
      const repo = { type, name: newName() };
      expect(await client.repoExists({ ...hub, repo })).toBe(false);
      const made = await client.createRepo({ ...hub, repo, license: "mit", sdk: "docker" });
      const prefix = type === "model" ? "" : `${type}s/`;
      expect(made.repoUrl).toBe(`${hub.hubUrl}/${prefix}${repo.name}`);
      expect(await client.repoExists({ ...hub, repo })).toBe(true);
      const sdk = type === "space" ? { sdk: "docker" } : {};
      expect(await info({ ...hub, name: repo.name })).toMatchObject({
        ...sdk,
        id: made.id,
        private: false,
      });
      expect(await statusOf(client.createRepo({ ...hub, repo, sdk: "docker" }))).toBe(409);
      expect(await textOf(repo, "README.md")).toContain("license: mit");
      await client.deleteRepo({ ...hub, repo });
      expect(await client.repoExists({ ...hub, repo })).toBe(false);
      expect(await statusOf(client.deleteRepo({ ...hub, repo }))).toBe(404);
    });
  }

  it("checkRepoAccess tells public, private and missing apart only to the owner", async () => {
    await withRepo(
      async (repo) => {
        expect(await statusOf(client.checkRepoAccess({ ...hub, repo }))).toBe(200);
        expect(await statusOf(client.checkRepoAccess({ ...anybody, repo }))).toBe(401);
        const other = { ...anybody, accessToken: process.env.KEEPER_TOKEN };
        expect(await statusOf(client.checkRepoAccess({ ...other, repo }))).toBe(404);
        expect(await statusOf(client.checkRepoAccess({ ...other, repo: `${user}/none` }))).toBe(
          404,
        );
        expect(await statusOf(client.fileExists({ ...anybody, repo, path: "README.md" }))).toBe(
          401,
        );
      },
      { visibility: "private" },
    );
    await withRepo(async (repo) =>
      expect(await statusOf(client.checkRepoAccess({ ...anybody, repo }))).toBe(200),
    );
  });

  it("a read token cannot write, nor anybody without one", async () => {
    await withRepo(async (repo) => {
      const change = { repo, title: "no", operations: [file("a.txt", "a")] };
      expect(await statusOf(client.commit({ ...reader, ...change }))).toBe(403);
      expect(await statusOf(client.commit({ ...anybody, ...change }))).toBe(401);
      expect(await statusOf(client.createRepo({ ...reader, repo: newName() }))).toBe(403);
      expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(1);
    });
  });

  it("nobody makes a repository in another's name", async () => {
    expect(await statusOf(client.createRepo({ ...hub, repo: "keeper/x" }))).toBe(403);
  });
});

describe("commits", () => {
  it("files, an LFS file, a deletion and an edit go in as one commit", async () => {
    await withRepo(async (repo) => {
      await client.commit({
        ...hub,
        repo,
        title: "one",
        operations: [file("a.txt", "a"), file("b.txt", "Hello, World!")],
      });
      const originalContent = await client.downloadFile({ ...hub, repo, path: "b.txt" });
      const made = await client.commit({
        ...hub,
        repo,
        title: "two",
        description: "in more words",
        operations: [
          { operation: "delete", path: "a.txt" },
          file("model.bin", big),
          file("deep/er/c.txt", "c"),
          {
            operation: "edit",
            path: "b.txt",
            originalContent,
            edits: [{ start: 7, end: 12, content: new Blob(["Hub"]) }],
          },
        ],
      });
      expect(made.commit.url).toBe(`${hub.hubUrl}/${repo}/commit/${made.commit.oid}`);
      expect(await textOf(repo, "b.txt")).toBe("Hello, Hub!");
      expect(await textOf(repo, "a.txt")).toBeUndefined();
      const back = await client.downloadFile({ ...hub, repo, path: "model.bin" });
      expect(Buffer.compare(Buffer.from(await back.arrayBuffer()), Buffer.from(big))).toBe(0);
      const [last] = await collect(client.listCommits({ ...hub, repo }));
      expect(last).toMatchObject({ oid: made.commit.oid, title: "two", message: "in more words" });
      expect(last.authors[0].username).toBe(user);
    });
  });

  it("commitIter tells its phases in order", async () => {
    await withRepo(async (repo) => {
      const operations = [file("model.bin", big), file("a.txt", "a")];
      const events = await collect(client.commitIter({ ...hub, repo, title: "t", operations }));
      const phases = events.filter((e) => e.event === "phase").map((e) => e.phase);
      expect(phases).toEqual(["preuploading", "uploadingLargeFiles", "committing"]);
      expect(
        events.some((e) => e.path === "model.bin" && e.state === "uploading" && e.progress === 1),
      ).toBe(true);
    });
  });

  it("a parent commit that is no longer the head is refused with 412", async () => {
    await withRepo(async (repo) => {
      const first = await client.commit({
        ...hub,
        repo,
        title: "1",
        operations: [file("a.txt", "1")],
      });
      const parentCommit = first.commit.oid;
      await client.commit({
        ...hub,
        repo,
        title: "2",
        operations: [file("a.txt", "2")],
        parentCommit,
      });
      const late = client.commit({
        ...hub,
        repo,
        title: "3",
        operations: [file("a.txt", "3")],
        parentCommit,
      });
      expect(await statusOf(late)).toBe(412);
      expect(await textOf(repo, "a.txt")).toBe("2");
    });
  });

  it("commits at the same time all land", async () => {
    await withRepo(async (repo) => {
      await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          client.uploadFile({
            ...hub,
            repo,
            file: { path: `f${i}.txt`, content: new Blob([`${i}`]) },
          }),
        ),
      );
      expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(9);
      expect((await collect(client.listFiles({ ...hub, repo }))).length).toBe(9);
    });
  });

  it("names with spaces, umlauts and signs, and an empty file", async () => {
    await withRepo(async (repo) => {
      const paths = ["a b/ü#?.txt", "100%.txt", "ホ+&.md", "-dash", "empty.bin"];
      const operations = paths.map((path) => file(path, path === "empty.bin" ? "" : path));
      await client.commit({ ...hub, repo, title: "odd", operations });
      const listed = (await collect(client.listFiles({ ...hub, repo, recursive: true }))).map(
        (f) => f.path,
      );
      expect(listed).toEqual(expect.arrayContaining(paths));
      // The client puts a path into the address as it is: its caller encodes '#', '?' and '%'.
      for (const path of ["ホ+&.md", "-dash"]) expect(await textOf(repo, path)).toBe(path);
      expect(await textOf(repo, encodeURIComponent("100%.txt"))).toBe("100%.txt");
      expect(await textOf(repo, "a b/" + encodeURIComponent("ü#?.txt"))).toBe("a b/ü#?.txt");
      expect((await client.fileDownloadInfo({ ...hub, repo, path: "empty.bin" })).size).toBe(0);
      const found = await client.pathsInfo({ ...hub, repo, paths });
      expect(found.map((f) => f.path).sort()).toEqual([...paths].sort());
    });
  });

  it("a path that leaves the repository is refused with 4xx", async () => {
    await withRepo(async (repo) => {
      for (const path of ["../a", "a/../../b", ".git/config", "/abs", "a//b", "a\\..\\b"]) {
        const status = await statusOf(
          client.commit({ ...hub, repo, title: "t", operations: [file(path, "x")] }),
        );
        expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      }
      expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(1);
    });
  });

  it("a pull request is opened by a commit, and gets another", async () => {
    await withRepo(async (repo) => {
      const made = await client.commit({
        ...hub,
        repo,
        title: "PR",
        isPullRequest: true,
        operations: [file("a.txt", "pr")],
      });
      expect(made.pullRequestUrl).toBe(`${hub.hubUrl}/${repo}/discussions/1`);
      expect(await textOf(repo, "a.txt")).toBeUndefined();
      expect(await textOf(repo, "a.txt", { revision: "refs/pr/1" })).toBe("pr");
      const more = { repo, title: "more", branch: "refs/pr/1", operations: [file("b.bin", big)] };
      await client.commit({ ...hub, ...more });
      const files = await collect(client.listFiles({ ...hub, repo, revision: "refs/pr/1" }));
      expect(files.map((f) => f.path)).toEqual(expect.arrayContaining(["a.txt", "b.bin"]));
    });
  });

  it("a large file goes up in parts", async () => {
    const seen = [];
    const watched = (url, init) => {
      if (init?.method === "PUT") seen.push(`${url}`);
      return fetch(url, init);
    };
    await withRepo(async (repo) => {
      const bytes = Buffer.alloc(70_000_000, "part"); // a part has 64 MiB
      const operations = [file("huge.bin", bytes)];
      await client.commit({
        ...hub,
        repo,
        title: "huge",
        operations,
        useXet: false,
        fetch: watched,
      });
      expect(seen.length).toBeGreaterThan(1);
      const back = await client.downloadFile({ ...hub, repo, path: "huge.bin" });
      expect(Buffer.compare(Buffer.from(await back.arrayBuffer()), bytes)).toBe(0);
    });
  });

  it("a file goes up the way that the hub prefers", async () => {
    const seen = [];
    const watched = (url, init) => {
      seen.push(`${init?.method ?? "GET"} ${url}`);
      return fetch(url, init);
    };
    await withRepo(async (repo) => {
      await client.commit({
        ...hub,
        repo,
        title: "big",
        operations: [file("x.bin", big)],
        fetch: watched,
      });
      const byXet = seen.some((call) => call.startsWith("POST") && call.includes("/shard"));
      expect(byXet).toBe(process.env.HUB_PREFERS === "xet");
      expect(seen.some((call) => call.startsWith("PUT"))).toBe(!byXet);
      const back = await client.downloadFile({ ...hub, repo, path: "x.bin" });
      expect(Buffer.compare(Buffer.from(await back.arrayBuffer()), Buffer.from(big))).toBe(0);
    });
  });
});

describe("uploads and deletions", () => {
  it("files and a folder go up, with progress, and are deleted again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "calls-"));
    await writeFile(join(folder, "one.txt"), "1");
    await writeFile(join(folder, "two.bin"), big);
    await withRepo(async (repo) => {
      const paths = async () =>
        (await collect(client.listFiles({ ...hub, repo, recursive: true })))
          .filter((f) => f.type === "file")
          .map((f) => f.path);
      await client.uploadFile({
        ...hub,
        repo,
        file: { path: "zero.txt", content: new Blob(["0"]) },
        commitTitle: "up",
      });
      await client.uploadFiles({ ...hub, repo, files: [pathToFileURL(folder)] });
      const name = folder.split("/").pop();
      expect(await paths()).toEqual(
        expect.arrayContaining(["zero.txt", `${name}/one.txt`, `${name}/two.bin`]),
      );
      const events = await collect(
        client.uploadFilesWithProgress({
          ...hub,
          repo,
          files: [{ path: "again.bin", content: new Blob([big]) }],
        }),
      );
      expect(events.at(-1)).toEqual({ event: "phase", phase: "committing" });
      await client.deleteFile({ ...hub, repo, path: "zero.txt" });
      await client.deleteFiles({ ...hub, repo, paths: [`${name}/one.txt`, "again.bin"] });
      expect(await paths()).toEqual([".gitattributes", `${name}/two.bin`]);
    });
  });

  it("deleting what is not there fails and changes nothing", async () => {
    await withRepo(async (repo) => {
      expect(
        await statusOf(client.deleteFile({ ...hub, repo, path: "none.txt" })),
      ).toBeGreaterThanOrEqual(400);
      expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(1);
    });
  });

  it("an upload that is called off leaves no commit", async () => {
    await withRepo(async (repo) => {
      const control = new AbortController();
      const iterator = client.commitIter({
        ...hub,
        repo,
        title: "no",
        operations: [file("model.bin", big)],
        abortSignal: control.signal,
      });
      await expect(
        (async () => {
          for await (const event of iterator)
            if (event.phase === "uploadingLargeFiles") control.abort();
        })(),
      ).rejects.toThrow();
      expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(1);
    });
  });
});

describe("branches", () => {
  it("a branch is made from a commit, written to, overwritten and deleted", async () => {
    await withRepo(async (repo) => {
      const first = await client.commit({
        ...hub,
        repo,
        title: "1",
        operations: [file("a.txt", "1")],
      });
      await client.commit({ ...hub, repo, title: "2", operations: [file("a.txt", "2")] });
      const branch = "dev/one";
      await client.createBranch({ ...hub, repo, branch, revision: first.commit.oid });
      expect(await textOf(repo, "a.txt", { revision: branch })).toBe("1");
      expect(await statusOf(client.createBranch({ ...hub, repo, branch }))).toBe(409);
      await client.commit({ ...hub, repo, branch, title: "3", operations: [file("a.txt", "3")] });
      expect(await textOf(repo, "a.txt", { revision: branch })).toBe("3");
      expect(await textOf(repo, "a.txt")).toBe("2");
      await client.createBranch({
        ...hub,
        repo,
        branch,
        revision: first.commit.oid,
        overwrite: true,
      });
      expect(await textOf(repo, "a.txt", { revision: branch })).toBe("1");
      await client.deleteBranch({ ...hub, repo, branch });
      expect(
        await statusOf(client.downloadFile({ ...hub, repo, path: "a.txt", revision: branch })),
      ).toBe(404);
      expect(await statusOf(client.deleteBranch({ ...hub, repo, branch }))).toBe(404);
      expect(await statusOf(client.deleteBranch({ ...hub, repo, branch: "main" }))).toBe(403);
    });
  });
});

describe("reading", () => {
  const repo = { type: "model", name: newName() };
  let head;

  beforeAll(async () => {
    await client.createRepo({ ...hub, repo });
    for (let i = 0; i < 5; i++) {
      await client.commit({
        ...hub,
        repo,
        title: `Commit ${i}`,
        operations: [file(`dir/${i}.txt`, `${i}`)],
      });
    }
    const operations = [
      file(
        "README.md",
        "---\nlicense: apache-2.0\npipeline_tag: fill-mask\nlibrary_name: x\ntags:\n- mine\n---\n# hi\n",
      ),
      file("model.bin", big),
      file("empty.txt", ""),
    ];
    head = (await client.commit({ ...hub, repo, title: "Last", operations })).commit.oid;
  });
  afterAll(() => client.deleteRepo({ ...hub, repo }));

  it("listFiles by folder, recursive, and with the last commit of each", async () => {
    const top = await collect(client.listFiles({ ...hub, repo }));
    expect(top.map((f) => `${f.type} ${f.path}`).sort()).toEqual([
      "directory dir",
      "file .gitattributes",
      "file README.md",
      "file empty.txt",
      "file model.bin",
    ]);
    expect((await collect(client.listFiles({ ...hub, repo, path: "dir" }))).length).toBe(5);
    expect((await collect(client.listFiles({ ...hub, repo, recursive: true }))).length).toBe(10);
    const expanded = await collect(
      client.listFiles({ ...hub, repo, recursive: true, expand: true }),
    );
    expect(expanded.find((f) => f.path === "dir/3.txt").lastCommit.title).toBe("Commit 3");
    expect(expanded.find((f) => f.path === "model.bin")).toMatchObject({
      size: big.length,
      lfs: { size: big.length, pointerSize: 132 },
      lastCommit: { id: head, title: "Last" },
    });
  });

  it("listFiles of what is not there fails with 404", async () => {
    expect(await statusOf(collect(client.listFiles({ ...hub, repo, path: "none" })))).toBe(404);
    expect(await statusOf(collect(client.listFiles({ ...hub, repo, revision: "none" })))).toBe(404);
  });

  it("listCommits over several pages, and countCommits", async () => {
    const commits = await collect(client.listCommits({ ...hub, repo, batchSize: 3 }));
    expect(commits.map((c) => c.title)).toEqual([
      "Last",
      "Commit 4",
      "Commit 3",
      "Commit 2",
      "Commit 1",
      "Commit 0",
      "initial commit",
    ]);
    expect(commits[0].date).toBeInstanceOf(Date);
    expect(await client.countCommits({ ...hub, repo, revision: "main" })).toBe(7);
    expect(await client.countCommits({ ...hub, repo, revision: commits[2].oid })).toBe(5);
  });

  it("fileExists and fileDownloadInfo", async () => {
    expect(await client.fileExists({ ...hub, repo, path: "dir/0.txt" })).toBe(true);
    expect(await client.fileExists({ ...hub, repo, path: "dir/9.txt" })).toBe(false);
    const weights = await client.fileDownloadInfo({ ...hub, repo, path: "model.bin" });
    expect(weights).toMatchObject({
      size: big.length,
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
    });
    const raw = await client.fileDownloadInfo({ ...hub, repo, path: "model.bin", raw: true });
    expect(raw).toMatchObject({ size: 132, etag: expect.stringMatching(/^"[0-9a-f]{40}"$/) });
    expect(await client.fileDownloadInfo({ ...hub, repo, path: "none" })).toBeNull();
  });

  it("downloadFile whole, in ranges, raw and empty", async () => {
    const blob = await client.downloadFile({ ...hub, repo, path: "model.bin" });
    expect(blob.size).toBe(big.length);
    const part = new Uint8Array(await blob.slice(1_000_000, 1_000_100).arrayBuffer());
    expect(part).toEqual(big.slice(1_000_000, 1_000_100));
    const tail = new Uint8Array(await blob.slice(big.length - 10).arrayBuffer());
    expect(tail).toEqual(big.slice(-10));
    expect(await textOf(repo, "model.bin", { raw: true })).toContain("oid sha256:");
    expect(await textOf(repo, "empty.txt")).toBe("");
    expect(await textOf(repo, "dir/0.txt", { revision: head })).toBe("0");
  });

  it("pathsInfo of a file, a folder and nothing", async () => {
    const found = await client.pathsInfo({
      ...hub,
      repo,
      paths: ["model.bin", "dir", "none"],
      expand: true,
    });
    expect(found.map((f) => `${f.type} ${f.path}`).sort()).toEqual([
      "directory dir",
      "file model.bin",
    ]);
    expect(found.find((f) => f.path === "model.bin").lastCommit.id).toBe(head);
  });

  it("modelInfo with every additional field it knows", async () => {
    const additionalFields = [
      "author",
      "cardData",
      "config",
      "createdAt",
      "downloadsAllTime",
      "library_name",
      "sha",
      "tags",
      "filePaths",
    ];
    const info = await client.modelInfo({ ...hub, name: repo.name, additionalFields });
    expect(info).toMatchObject({
      name: repo.name,
      author: user,
      sha: head,
      task: "fill-mask",
      library_name: "x",
      cardData: { license: "apache-2.0" },
    });
    expect(info.tags).toEqual(expect.arrayContaining(["mine", "license:apache-2.0"]));
    expect(info.filePaths).toEqual(expect.arrayContaining(["README.md", "dir/0.txt", "model.bin"]));
    expect(info.updatedAt).toBeInstanceOf(Date);
  });

  it("snapshotDownload and downloadFileToCacheDir fill the cache folder", async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), "cache-"));
    const one = await client.downloadFileToCacheDir({ ...hub, repo, path: "dir/1.txt", cacheDir });
    expect(await readFile(one, "utf8")).toBe("1");
    expect(await readlink(one)).toContain("blobs");
    const folder = await client.snapshotDownload({ ...hub, repo, cacheDir });
    expect(folder.endsWith(join("snapshots", head))).toBe(true);
    expect((await stat(join(folder, "model.bin"))).size).toBe(big.length);
    expect((await stat(join(folder, "empty.txt"))).size).toBe(0);
    expect((await client.scanCacheDir(cacheDir)).repos.length).toBe(1);
  });

  it("parseSafetensorsMetadata reads a header by ranges", async () => {
    const name = "HuggingFaceH4/zephyr-7b-alpha";
    const path = "model-00001-of-00008.safetensors";
    const parsed = await client.parseSafetensorsMetadata({ ...anybody, repo: name, path });
    expect(parsed.header.w).toMatchObject({ dtype: "U8", shape: [2_000_000] });
  });
});

describe("lists", () => {
  it("listModels by owner, over several pages", async () => {
    const seen = [];
    const found = await collect(
      client.listModels({ ...anybody, search: { owner: "standins" }, fetch: pagesOf(4, seen) }),
    );
    expect(found.length).toBe(15);
    expect(new Set(found.map((m) => m.name)).size).toBe(15);
    expect(seen.length).toBeGreaterThan(3);
  });

  it("listModels by name, task and tag", async () => {
    const search = async (words) =>
      (await collect(client.listModels({ ...anybody, search: words }))).map((m) => m.name);
    expect((await search({ query: "indonesian" })).sort()).toEqual([
      "standins/indonesian-a",
      "standins/indonesian-b",
    ]);
    expect((await search({ owner: "Intel", task: "depth-estimation" })).sort()).toEqual([
      "Intel/dpt-hybrid-midas",
      "Intel/dpt-large",
      "Intel/dpt-other",
    ]);
    expect((await search({ tags: ["gguf", "id"] })).sort()).toEqual([
      "standins/indonesian-a",
      "standins/indonesian-b",
    ]);
  });

  it("listModels stops at the limit and sorts", async () => {
    const search = { owner: "standins" };
    const found = await collect(
      client.listModels({ ...anybody, search, limit: 3, sort: "createdAt" }),
    );
    expect(found.map((m) => m.name)).toEqual(["standins/T5-11", "standins/T5-10", "standins/T5-9"]);
  });

  it("private repositories are in the list of their owner alone", async () => {
    await withRepo(
      async (repo) => {
        const names = async (who) =>
          (await collect(client.listModels({ ...who, search: { owner: user } }))).map(
            (m) => m.name,
          );
        expect(await names(hub)).toContain(repo);
        expect(await names(anybody)).not.toContain(repo);
      },
      { visibility: "private" },
    );
  });

  it("listDatasets and listSpaces by owner", async () => {
    const datasets = await collect(
      client.listDatasets({ ...anybody, search: { owner: "hf-doc-build" } }),
    );
    expect(datasets.map((d) => d.name).sort()).toEqual([
      "hf-doc-build/doc-build",
      "hf-doc-build/doc-build-dev",
      "hf-doc-build/other",
    ]);
    const spaces = await collect(client.listSpaces({ ...anybody, search: { owner: "microsoft" } }));
    expect(spaces.map((s) => `${s.sdk} ${s.name}`).sort()).toEqual([
      "gradio microsoft/visual_chatgpt",
      "static microsoft/other",
    ]);
  });
});
