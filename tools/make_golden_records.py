#!/usr/bin/env python3
"""Makes tests/golden/data/records.json: what HF datasets reads from small text and CSV files.

usage: make_golden_records.py OUTPUT_FOLDER
Made with datasets 5.2.0 and pandas 3.1.1 (from PyPI).
"""
import json
import os
import sys
import tempfile

import datasets

TEXTS = ["one\n", "one\ntwo", "\none\n\n\ntwo\n", "a\n\nb\n", "a\n\n\nb\n\n", "\n\n\n\na", "a\r\nb\rc\n", "a\r\n\r\nb\r\n",
         "gr\u00fc\u00df\n\n\u20ac \U0001f600"]
CSVS = ["a,b,c\n1,2.5,x\n-3,,y\n", "a,b\n007,+5\n 8,1e3\n", "a,b\nTrue,true\nFalse,FALSE\n", "a,b\nyes,1\nno,inf\n",
        'a,b\n"x,1","say ""hi"""\n"two\nlines",3\n', "a\n\n1\n\n2\n", 'a\nx"y\n', "\ufeffa,b\r\n1,2\r\n", "a,b\r1,2\r3,4\r",
        "a\n9223372036854775807\n-9223372036854775808\n", "a\n1_000\n", "a\n0x10\n", 'a\n"1"\n"2"\n', "a\n1.\n.5\n",
        "a\n1\n2.5\n", "a\n1\nx\n", "a,\n1,2\n", "a,b\n1, x\n2,y \n", ",a\n0,x\n1,y\n", "a,b\n1,\n2,3\n"]


def read(kind, text, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(text.encode())
        rows = datasets.load_dataset(kind, data_files=path, split="train", cache_dir=folder, **options)
        return [dict(row) for row in rows]


def main():
    datasets.disable_progress_bars()
    cases = []
    for text in TEXTS:
        cases += [{"kind": kind, "text": text, "records": read("text", text, sample_by=kind)}
                  for kind in ("line", "paragraph", "document")]
    cases += [{"kind": "csv", "text": text, "records": read("csv", text)} for text in CSVS]
    lines = ",\n".join(json.dumps(case) for case in cases)
    with open(f"{sys.argv[1]}/records.json", "w", encoding="utf-8") as file:
        file.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
