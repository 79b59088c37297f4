#!/usr/bin/env python3
"""Writes tests/golden/xet/blake3.json: what Debian's b3sum says of messages of many lengths, in the
plain and in the keyed mode. The messages and the key are those of BLAKE3's own test vectors: byte i
is i mod 251.

usage: make_golden_blake3.py > tests/golden/xet/blake3.json
"""

import json
import subprocess
import sys
import tempfile

LENGTHS = [0, 1, 2, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 3073, 4096,
           4097, 5120, 6144, 7168, 7169, 8191, 8192, 8193, 9216, 9217, 16384, 16385, 24577, 31744,
           65536, 65537, 102400, 131072]
KEY = b"whats the Elvish word for friend"


def b3sum(path, *arguments, key=None):
    command = ["b3sum", "--no-names", *arguments, path]
    return subprocess.run(command, input=key, capture_output=True, check=True).stdout.decode().strip()


def main():
    version = subprocess.run(["b3sum", "--version"], capture_output=True, check=True).stdout
    cases = []
    for length in LENGTHS:
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(i % 251 for i in range(length)))
            file.flush()
            cases.append({"length": length, "hash": b3sum(file.name),
                          "keyed_hash": b3sum(file.name, "--keyed", key=KEY)})
    json.dump({"made_with": version.decode().strip(), "key": KEY.decode(), "cases": cases},
              sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
