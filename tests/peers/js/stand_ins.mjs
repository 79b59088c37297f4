// Makes small repositories in the place of those of the real Hub that the package's specs read by
// name, and prints, as JSON, the facts of them that the specs know of the real ones.
// usage: HF_ENDPOINT=... KEEPER_TOKEN=... node stand_ins.mjs SPECS_FOLDER
// The token's user must be an admin of every organisation below (organisations.json).
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import {
  commit,
  createRepo,
  datasetInfo,
  deleteRepo,
  listCommits,
  modelInfo,
  spaceInfo,
} from "@huggingface/hub";

const hub = { hubUrl: process.env.HF_ENDPOINT, accessToken: process.env.KEEPER_TOKEN };
const specs = process.argv[2];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const gitId = (text) => createHash("sha1").update(`blob ${text.length}\0${text}`).digest("hex");
const pointerOf = (bytes) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`;

/** What a spec expects a file to hold, from the spec itself. */
async function expected(spec, pattern) {
  const found = (await readFile(join(specs, spec), "utf8")).match(pattern);
  if (!found) throw new Error(`${spec} has no ${pattern} any more`);
  return found[1];
}

async function upload(repo, title, files) {
  const operations = Object.entries(files).map(([path, content]) => ({
    operation: "addOrUpdate",
    path,
    content: new Blob([content]),
  }));
  return (await commit({ ...hub, repo, title, operations })).commit.oid;
}

/** @return the id of the repository's one commit above "initial commit" */
async function make(repo, files = {}, options = {}) {
  await createRepo({ ...hub, repo, ...options });
  return await upload(repo, "Add files", files);
}

/** A card with this front matter, one line an entry. */
const card = (...lines) => ({ "README.md": ["---", ...lines, "---", "# Stand-in", ""].join("\n") });

/** A safetensors file of two megabytes: above what the client keeps in memory. */
function safetensors() {
  const size = 2_000_000;
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: "pt" },
      w: { dtype: "U8", shape: [size], data_offsets: [0, size] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(size)]);
}

async function gpt2() {
  const repo = "openai-community/gpt2";
  const readme = await expected("lib/download-file.spec.ts", /text\?\.includes\(`([^`]+)`/);
  const config = await expected("lib/upload-file.spec.ts", /strictEqual\([^`]+`\s*(\{[^`]+\})\s*`/);
  // The spec wants this card in the first 1,000 characters; the task stands in front of it.
  const files = {
    "README.md": `---\npipeline_tag: text-generation\n---\n${readme}\n`,
    "config.json": config,
  };
  const heads = [await make(repo, files)];
  for (let i = 3; i <= 26; i++)
    heads.push(await upload(repo, `Commit ${i}`, { "count.txt": `${i}` }));
  return {
    "gpt2 head": heads.at(-1),
    "gpt2 older": heads.at(-4),
    "gpt2 id": (await modelInfo({ ...hub, name: repo })).id,
  };
}

async function bert() {
  const repo = "google-bert/bert-base-uncased";
  const tokenizer = '{\n  "do_lower_case": true\n}\n'; // the real bytes: the spec knows their id
  await make(repo, { "config.json": "{}\n", "tokenizer_config.json": tokenizer });
  // As many digits in the size as the real one has, so that the pointer has its length.
  const weights = Buffer.alloc(100_000_003, 7);
  const head = await upload(repo, "Update tf_model.h5", { "tf_model.h5": weights });
  let date;
  for await (const entry of listCommits({ ...hub, repo }))
    if (entry.oid === head) date = entry.date;
  return {
    "bert head": head,
    "bert date": `${date.getTime()}`,
    "bert weights": sha256(weights),
    "bert size": `${weights.length}`,
    "bert pointer": gitId(pointerOf(weights)),
  };
}

/** The specs sort by id, and the real ids grow with time; ours do not. @return both ids */
async function makeInOrder(info, prefix, first, second, files) {
  await make(prefix + first, files);
  const id = async (name) =>
    (await info({ ...hub, name: prefix.replace("datasets/", "") + name })).id;
  const before = await id(first);
  for (;;) {
    await make(prefix + second, files);
    const after = await id(second);
    if (before.localeCompare(after) < 0)
      return { [`${first} id`]: before, [`${second} id`]: after };
    await deleteRepo({ ...hub, repo: prefix + second });
  }
}

async function lists() {
  const mit = card("license: mit");
  const depth = card("pipeline_tag: depth-estimation");
  const models = await makeInOrder(modelInfo, "Intel/", "dpt-large", "dpt-hybrid-midas", depth);
  await make("Intel/dpt-other", depth);
  await make("Intel/other", card("pipeline_tag: text-generation"));
  await make("standins/indonesian-a", card("language: id", "tags:", "- gguf"));
  await make("standins/indonesian-b", card("language:", "- id", "- en", "tags:", "- gguf"));
  await make("standins/english", card("language: en", "tags:", "- gguf"));
  for (let i = 0; i < 12; i++) await make(`standins/T5-${i}`, card("tags:", "- mlx"));
  // Now the order by creation is not the order by last change.
  await upload("standins/T5-0", "Once more", card("tags:", "- mlx", "- changed"));
  await make("huggingfacejs/test-model", mit);
  const datasets = await makeInOrder(
    datasetInfo,
    "datasets/hf-doc-build/",
    "doc-build",
    "doc-build-dev",
    mit,
  );
  await make("datasets/hf-doc-build/other", mit);
  await make("spaces/microsoft/visual_chatgpt", card("sdk: gradio"), { sdk: "gradio" });
  await make("spaces/microsoft/other", card("sdk: static"), { sdk: "static" });
  const space = await spaceInfo({ ...hub, name: "microsoft/visual_chatgpt" });
  return { ...models, ...datasets, "visual_chatgpt id": space.id };
}

async function infos() {
  const glue = await make("datasets/nyu-mll/glue", card("license: other"));
  const oauth = await make("spaces/huggingfacejs/client-side-oauth", card("sdk: static"));
  const xsum = "data/XSUM-EMNLP18-Summary-Data-Original.tar.gz";
  return {
    "glue head": glue,
    "glue id": (await datasetInfo({ ...hub, name: "nyu-mll/glue" })).id,
    "client-side-oauth head": oauth,
    "client-side-oauth id": (await spaceInfo({ ...hub, name: "huggingfacejs/client-side-oauth" }))
      .id,
    "xsum head": await make("datasets/EdinburghNLP/xsum", { [xsum]: "not really" }),
  };
}

async function webResources() {
  const shard = Buffer.alloc(4_194_304); // zeros: binary, so it goes to LFS
  const model = JSON.stringify({ weights: Array.from({ length: 200 }, (_, i) => i) });
  await make("spaces/aschen/push-model-from-web", { "mobilenet/model.json": model });
  await make("spaces/huggingfacejs/push-model-from-web", {
    "mobilenet/model.json": model,
    "mobilenet/group1-shard1of2": shard,
    "mobilenet/group1-shard2of2": shard.subarray(0, 100_000),
    "mobilenet/coffee.jpg": Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    "mobilenet/README.md": "# mobilenet\n",
  });
  const tensors = safetensors();
  await make("HuggingFaceH4/zephyr-7b-alpha", { "model-00001-of-00008.safetensors": tensors });
  await make("stabilityai/stable-diffusion-xl-base-1.0", {
    "unet/diffusion_pytorch_model.fp16.safetensors": tensors,
  });
  // The real bytes: the spec knows their hash.
  await make("celinah/xet-experiments", {
    "large_text.txt": "this is a text file.".repeat(3_145_729),
  });
  return { "shard hash": sha256(shard), "safetensors size": `${tensors.length}` };
}

console.log(
  JSON.stringify({
    ...(await gpt2()),
    ...(await bert()),
    ...(await lists()),
    ...(await infos()),
    ...(await webResources()),
  }),
);
