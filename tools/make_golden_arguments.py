#!/usr/bin/env python3
"""Writes tests/golden/training/arguments.json: what transformers' TrainingArguments write of
themselves with every default. Run it where transformers is: tests/peers/setup.sh makes such a tree.

usage: make_golden_arguments.py > tests/golden/training/arguments.json
"""

import json

import transformers
from transformers import TrainingArguments

arguments = TrainingArguments(output_dir="trainer_output")
print(json.dumps({"transformers": transformers.__version__, "arguments": arguments.to_dict()}, indent=2))
