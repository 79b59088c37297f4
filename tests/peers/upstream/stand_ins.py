"""Makes small repositories in the place of those of the real Hub that huggingface_hub's tests read by
name, and prints, as JSON, the facts of them that the tests know of the real ones.

usage: HF_ENDPOINT=... KEEPER_TOKEN=... stand_ins.py
The token's user must be an admin of the site.
"""

import json
import os
import struct

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.utils import get_session

keeper = HfApi(token=os.environ["KEEPER_TOKEN"])
CONFIG_BYTES = 851  # a test knows the size of the real one
MANY = 110  # lists want more than 100 of a type


def card(*lines, text="Stand-in"):
    return {"README.md": "\n".join(["---", *lines, "---", f"# {text}", ""])}


def commit(repo, files, type="model", **how):
    """@return the new commit's id"""
    operations = [CommitOperationAdd(path, content.encode() if isinstance(content, str) else content)
                  for path, content in files.items()]
    return keeper.create_commit(repo, operations, commit_message="Add files", repo_type=type, **how).oid


def make(repo, files=None, type="model", **how):
    keeper.create_repo(repo, repo_type=type, **how)
    return commit(repo, files, type) if files else None


def make_space(repo, *lines, **how):
    make(repo, card("sdk: static", *lines, **how), "space", space_sdk="static")


def many():
    """First: lists begin with what changed last."""
    for number in range(MANY):
        make(f"standins/model-{number}")
        make(f"standins/data-{number}", type="dataset")
        keeper.create_repo(f"standins/space-{number}", repo_type="space", space_sdk="static")


def safetensors():
    header = json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"1"


def dummy_unknown():
    """@return facts of the commit that has weights, not the last one"""
    repo = "julien-c/dummy-unknown"  # the server's fixtures have it, without weights
    start = '{"architectures": ["RobertaForMaskedLM"], "pad": "'
    config = start + "x" * (CONFIG_BYTES - len(start) - len('"}')) + '"}'
    weights = {name: os.urandom(65074) for name in ("flax_model.msgpack", "pytorch_model.bin", "tf_model.h5")}
    head = commit(repo, {"config.json": config, **weights})
    commit(repo, card("language: en", text="Later"))
    commit(repo, {"on_request.txt": "1"}, create_pr=True)
    readme, bin = keeper.get_paths_info(repo, ["README.md", "pytorch_model.bin"], revision=head)
    return {"dummy commit": head, "dummy readme": readme.blob_id, "dummy weights": bin.lfs.sha256}


def models():
    make("openai-community/gpt2", card("license: mit", text="GPT-2"))
    make("HuggingFaceH4/zephyr-7b-beta",
         {**card("pipeline_tag: text-generation", "widget:", "- text: Hello"),
          "pytorch_model-00001-of-00008.bin": os.urandom(200_000)})
    make("huggingface-hub-ci/test_safetensors_metadata", {"a.txt": "1"})
    commit("huggingface-hub-ci/test_safetensors_metadata", {"model.safetensors": safetensors()}, create_pr=True)
    make("zai-org/GLM-5.2")
    make("facebook/bart-base")
    make("muellerzr/sample")
    make("microsoft/wavlm-base-sd", card("tags:", "- pytorch"))
    make("albert/albert-base-v2", card("pipeline_tag: fill-mask"))
    make("HuggingFaceBR4/run", card("tags:", "- tensorboard"))
    make("standins/co2", card("co2_eq_emissions: 7.5", "tags:", "- co2_eq_emissions"))
    make("standins/gguf-1", {"model.gguf": b"GGUF"})
    make("standins/gguf-2", {"model.gguf": b"GGUF"})
    make("openchat/openchat_3.5", {"a.txt": "1"})
    for number in range(2):
        commit("openchat/openchat_3.5", {"a.txt": f"pr {number}"}, create_pr=True)
    for number in range(12):
        make(f"google/bert-{number}", card("tags:", "- bert", "- jax"))


def datasets():
    """@return the one before last commit of GAIA"""
    make("huggingface/DataMeasurementsFiles", type="dataset")
    make("standins/tagged", card(
        "language: [en, fr]", "language_creators: [crowdsourced]", "multilinguality: [multilingual]",
        "size_categories: ['100K<n<1M']", "task_categories: [audio-classification]",
        "task_ids: [natural-language-inference]", "tags: ['benchmark:official']"), "dataset")
    make("HuggingFaceH4/no_robots", type="dataset")
    make("openai/gsm8k", type="dataset")
    make("allenai/math_qa", {"math_qa.py": "class MathQa:\n" + "    pass\n" * 500}, "dataset")
    make("lhoestq/custom_squad", {"data.parquet": b"PAR1"}, "dataset")
    old = make("gaia-benchmark/GAIA", card("language: en"), "dataset")
    commit("gaia-benchmark/GAIA", {"later.txt": "1"}, "dataset")
    c4 = make("allenai/c4", {"en/c4-train.00001-of-01024.json.gz": b"\x1f\x8b"}, "dataset")
    for number in range(6):
        make(f"standins/wikipedia-{number}", type="dataset")
    return {"gaia old": old, "c4 head": c4}


def spaces():
    make_space("HuggingFaceH4/zephyr-chat")
    make_space("multimodalart/dreambooth-training", "title: Dreambooth Training")
    make_space("black-forest-labs/FLUX.1-dev", "models: [black-forest-labs/FLUX.1-dev]")
    make_space("standins/wikipedia", "models: [bert-base-uncased]", "datasets: [wikipedia]")
    make_space("open-llm-leaderboard/open_llm_leaderboard")
    for number in range(51):
        keeper.create_discussion("open-llm-leaderboard/open_llm_leaderboard", f"Question {number}",
                                 repo_type="space")
    for number in range(11):
        keeper.create_repo(f"julien-c/space-{number}", repo_type="space", space_sdk="static")
    liked = f"{keeper.endpoint}/api/spaces/HuggingFaceH4/zephyr-chat/like"
    get_session().post(liked, headers=keeper._build_hf_headers()).raise_for_status()


many()
facts = {**dummy_unknown(), **datasets()}
models()
spaces()
print(json.dumps(facts))
