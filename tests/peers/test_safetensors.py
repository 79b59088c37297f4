"""Python's safetensors reads what safetensors/writer.h writes, and writes the same bytes."""
import json
import os
import pathlib
import subprocess

import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file

BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
        "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}
PACKED = ("F4", "F6_E2M3", "F6_E3M2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = sorted(pathlib.Path(os.environ["TORCHHUB_BUILD_DIR"]).rglob("torchhub_write_safetensors_files"))
    assert found, "build the target torchhub_write_safetensors_files first"
    out = tmp_path_factory.mktemp("safetensors")
    subprocess.run([found[0], out], check=True)
    return out


def numbered(dtype, size):
    return bytes(i % (2 if dtype == "BOOL" else 60) for i in range(size))


def test_every_dtype_is_read_bit_for_bit(folder):
    read = dict(safetensors.deserialize((folder / "every_dtype.safetensors").read_bytes()))
    assert len(read) == len(BITS) + 1
    for dtype, bits in BITS.items():
        tensor = read["t." + dtype]
        assert (tensor["dtype"], list(tensor["shape"])) == (dtype, [2, 4])
        assert bytes(tensor["data"]) == numbered(dtype, bits)
    assert list(read['caf\u00e9 "\\\n']["shape"]) == [0, 3]


def test_python_puts_the_tensors_into_the_same_order(folder, tmp_path):
    tensors = {name: (tensor["dtype"], list(tensor["shape"]), bytes(tensor["data"])) for name, tensor in
               safetensors.deserialize((folder / "every_dtype.safetensors").read_bytes())}
    theirs = tmp_path / "theirs.safetensors"
    # torch has no name for the packed types; everything else goes through torch tensors.
    names = {"BOOL": "bool", "U8": "uint8", "I8": "int8", "F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn",
             "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
             "I16": "int16", "U16": "uint16", "F16": "float16", "BF16": "bfloat16", "I32": "int32", "U32": "uint32",
             "F32": "float32", "C64": "complex64", "F64": "float64", "I64": "int64", "U64": "uint64"}
    whole = {}
    for name, (dtype, shape, data) in tensors.items():
        if dtype not in PACKED:
            whole[name] = torch.frombuffer(bytearray(data), dtype=torch.uint8).view(getattr(torch, names[dtype])) \
                .reshape(shape) if data else torch.zeros(shape, dtype=getattr(torch, names[dtype]))
    save_file(whole, theirs, metadata={"format": "pt"})
    # Byte for byte is compared by the C++ test on written.safetensors; here the order, packed types left out.
    order = [key for key in header(folder / "every_dtype.safetensors") if not key.endswith(PACKED)]
    assert order == list(header(theirs))


def header(path):
    data = path.read_bytes()
    return json.loads(data[8:8 + int.from_bytes(data[:8], "little")])


def test_shards_and_index_are_read(folder):
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_parameters": 280, "total_size": 1120}
    files = sorted(set(index["weight_map"].values()))
    assert files == [f"model-{i:05d}-of-{len(files):05d}.safetensors" for i in range(1, len(files) + 1)]
    for file in files:
        for name, tensor in load_file(folder / file).items():
            assert index["weight_map"][name] == file
            assert tensor.numpy().tobytes() == numbered("F32", 4 * tensor.numel())


def test_metadata_is_that_of_pytorch(folder):
    with safetensors.safe_open(folder / "every_dtype.safetensors", framework="pt") as file:
        assert file.metadata() == {"format": "pt"}
