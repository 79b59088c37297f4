"""TensorBoard, and Python's own csv, json and xml modules, read what our loggers write."""

import csv
import json
import math
import os
import re
import struct
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import pytest
from tensor_half import needs_program

pytestmark = needs_program("peers_loggers")


@pytest.fixture(scope="module")
def output_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("loggers") / "run"


@pytest.fixture(scope="module")
def told(run_program, output_dir):
    """What the loggers were told: {"scalars": {tag: [[step, value]]}, "texts": ...}"""
    return json.loads(run_program("peers_loggers", output_dir))


@pytest.fixture(scope="module")
def tensorboard(told, output_dir):
    """What TensorBoard finds; see read_tensorboard.py."""
    python = os.environ.get("TORCHHUB_TENSORBOARD_PYTHON")
    if not python:
        pytest.skip("no tensorboard: tests/peers/setup_venv.sh gets it")
    [folder] = (output_dir / "runs").iterdir()
    reader = Path(__file__).with_name("read_tensorboard.py")
    result = subprocess.run([python, reader, folder], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def comparable(entries):
    """NaN as a word, which unlike NaN is equal to itself."""
    return [[step, "nan" if isinstance(value, float) and math.isnan(value) else value]
            for step, value in entries]


def test_tensorboard_finds_every_scalar(told, tensorboard):
    assert len(told["scalars"]) == 8 and len(told["scalars"]["train/loss"]) == 40
    assert tensorboard["scalars"].keys() == told["scalars"].keys()
    for tag, entries in told["scalars"].items():
        wanted = [[step, as_float32(value)] for step, value in entries]
        assert comparable(tensorboard["scalars"][tag]) == comparable(wanted), tag


def test_tensorboard_finds_every_text(told, tensorboard):
    texts = {f"{tag}/text_summary": entries for tag, entries in told["texts"].items()}
    assert {"args/text_summary", "model_config/text_summary"} < texts.keys()
    # The evaluation after the training began a third file, and so told of the run once more.
    for tag in ("args/text_summary", "model_config/text_summary"):
        texts[tag] = texts[tag] + texts[tag][:1]
    assert tensorboard["texts"] == texts
    assert set(tensorboard["plugins"].values()) == {"text"}


def test_each_start_has_a_file_with_a_version_under_pythons_name(output_dir, tensorboard):
    assert tensorboard["versions"] == ["brain.Event:2"] * 3
    [folder] = (output_dir / "runs").iterdir()
    assert re.fullmatch(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+", folder.name)
    for file in folder.iterdir():
        assert re.fullmatch(r"events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+", file.name)


def test_csv_reads_every_scalar(told, output_dir):
    with open(output_dir / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert list(rows[0]) == ["step", "time", *told["scalars"]]
    assert all(None not in row and None not in row.values() for row in rows)
    for tag, entries in told["scalars"].items():
        found = [[int(row["step"]), float(row[tag])] for row in rows if row[tag]]
        assert comparable(found) == comparable([[step, float(value)] for step, value in entries])


def test_jsonl_has_a_row_a_log(told, output_dir):
    rows = [json.loads(line) for line in (output_dir / "log.jsonl").read_text().splitlines()]
    losses = [[row["step"], row["loss"]] for row in rows if "loss" in row]
    assert comparable(losses) == comparable(told["scalars"]["train/loss"])


def test_the_plot_is_xml_that_names_its_lines(told, output_dir):
    svg = xml.etree.ElementTree.parse(output_dir / "training.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "loss 0.025 (1 not finite)" in texts
    assert 'eval_f1, "macro" 0.8' in texts
