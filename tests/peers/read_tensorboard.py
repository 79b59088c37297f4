"""Prints what TensorBoard's own reader finds in a folder of event files, as JSON.

usage: read_tensorboard.py FOLDER      (in a Python that has tensorboard)
{"versions": [one a file], "scalars": {tag: [[step, value], ...]},
 "texts": {tag: [[step, text], ...]}, "plugins": {tag: name}}
"""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

folder = Path(sys.argv[1])
files = sorted(folder.iterdir())
versions = [next(iter(LegacyEventFileLoader(str(file)).Load())).file_version for file in files]
events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
tags = events.Tags()
json.dump({
    "versions": versions,
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "texts": {tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors(tag)]
              for tag in tags["tensors"]},
    "plugins": {tag: events.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags["tensors"]},
}, sys.stdout)
