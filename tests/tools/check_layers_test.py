#!/usr/bin/env python3
"""Breaks the layers on purpose in a small copy of the tree; tools/check_layers.py must notice each."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="torchhub-layers-"))
        self.addCleanup(shutil.rmtree, self.root)
        for part in ("docs", "tools", "include", "src"):
            shutil.copytree(ROOT / part, self.root / part)

    def run_check(self):
        command = [sys.executable, str(self.root / "tools" / "check_layers.py")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def add(self, path, line):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        before = target.read_text(encoding="utf-8") if target.exists() else "#pragma once\n"
        target.write_text(before + line + "\n", encoding="utf-8")

    def assert_fault(self, path, line, expected):
        self.add(path, line)
        result = self.run_check()
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(f"{path}:", result.stdout)
        self.assertIn(expected, result.stdout)

    def test_the_tree_as_it_is_passes(self):
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_an_include_pointing_up(self):
        self.assert_fault("src/base/error.cpp", '#include "torchhub/wire/repo.h"',
                          "'base' may not include 'wire'")

    def test_an_include_pointing_sideways(self):
        self.assert_fault("include/torchhub/http/broken.h", '#include "torchhub/wire/repo.h"',
                          "'http' may not include 'wire'")

    def test_a_private_include_pointing_up(self):
        self.add("src/hub/secret.h", "")
        self.assert_fault("src/wire/repo.cpp", '#include "hub/secret.h"',
                          "'wire' may not include 'hub'")

    def test_the_server_may_not_use_the_client(self):
        self.assert_fault("src/server/broken.cpp", '#include "torchhub/hub/client.h"',
                          "'server' may not include 'hub'")

    def test_what_lies_under_an_allowed_folder_is_open(self):
        self.add("src/push/fine.cpp", '#include "torchhub/wire/repo.h"')
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_libtorch_in_a_plain_folder(self):
        self.assert_fault("src/card/broken.cpp", "#include <ATen/core/Tensor.h>",
                          "plain folder 'card' includes LibTorch")

    def test_torch_h_in_a_public_header(self):
        self.assert_fault("include/torchhub/models/broken.h", "#include <torch/torch.h>",
                          "torch/torch.h in a public header")

    def test_torch_h_in_a_source_of_the_tensor_half_is_fine(self):
        self.add("src/models/fine.cpp", "#include <torch/torch.h>")
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_module_h_outside_models(self):
        self.assert_fault("include/torchhub/training/broken.h", "#include <torch/nn/module.h>",
                          "belongs in public headers of 'models' only")

    def test_our_own_code_walking_through_a_door(self):
        self.assert_fault("src/push/broken.cpp", '#include "torchhub/hub.h"', "doors are for users")

    def test_fwd_h_is_closed_to_the_plain_half(self):
        self.assert_fault("src/card/broken.cpp", '#include "torchhub/fwd.h"', "doors are for users")

    def test_a_door_that_shows_a_folder_above_it(self):
        self.assert_fault("include/torchhub/card.h", '#include "torchhub/hub/client.h"',
                          "may not show 'hub'")

    def test_a_folder_without_a_row(self):
        self.assert_fault("src/utils/broken.cpp", "", "folder 'utils' has no row")


if __name__ == "__main__":
    unittest.main()
