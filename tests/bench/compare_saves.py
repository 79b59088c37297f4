#!/usr/bin/env python3
"""What saves_against_python.sh has measured, as a table and as one line of JSON.

usage: compare_saves.py FILE    a line of JSON a run, of save_bench and save_bench.py
"""

import json
import statistics
import sys

COLUMNS = ("how", "MB", "at event ms", "stall ms", "% of theirs", "copied MB", "memcpy ms", "x memcpy",
           "mean x", "x new pages", "updates/s", "peak MiB")


def ratio(value, to):
    return round(value / to, 3) if to else None


def summary(runs, theirs_ms):
    """Of the runs of one kind. The copied bytes are known as a mean of a run's saves, so that the
    mean stall is what compares best with a memcpy of them."""
    def median(key):
        values = [run[key] for run in runs if key in run]
        return round(statistics.median(values), 4) if values else None

    stalls = [stall for run in runs for stall in run["stalls_ms"]]
    stall, mean = statistics.median(stalls), statistics.mean(stalls)
    copy, new_pages = median("memcpy_of_that_ms"), median("memcpy_into_new_pages_ms")
    return {"checkpoint_mb": median("checkpoint_mb"), "event_ms": median("event_ms_median"),
            "stall_ms": round(stall, 2), "percent_of_theirs": round(100 * stall / theirs_ms, 2),
            "copied_mb": median("copied_mb_a_save"), "memcpy_ms": copy,
            "stall_to_memcpy": ratio(stall, copy), "mean_stall_to_memcpy": ratio(mean, copy),
            "mean_stall_to_memcpy_into_new_pages": ratio(mean, new_pages),
            "updates_per_second": median("updates_per_second"), "peak_mib": median("peak_mib"),
            "stalls_ms": stalls}


runs = {}
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        run = json.loads(line)
        runs.setdefault(run["how"], []).append(run)
theirs_ms = statistics.median(s for run in runs["transformers"] for s in run["stalls_ms"])
of_kind = {how: summary(some, theirs_ms) for how, some in runs.items()}

print("".join(f"{column:>13}" for column in COLUMNS))
for how, figures in of_kind.items():
    shown = [how, *(value for key, value in figures.items() if key != "stalls_ms")]
    print("".join(f"{'-' if value is None else value:>13}" for value in shown))
print(json.dumps({"job": runs["transformers"][0]["job"], **of_kind}))

sizes = [figures["checkpoint_mb"] for figures in of_kind.values()]
if max(sizes) > 1.01 * min(sizes) + 0.2:  # Python's arguments and states are a little longer
    sys.exit(f"The checkpoints are not of one size: {sizes} MB. The times do not compare.")
