#!/usr/bin/env python3
"""Checks every #include of include/torchhub and src against the table in docs/architecture.md.

usage: check_layers.py [ROOT]
Prints one line a fault, `path:line: what is wrong`, and exits with 1; with 0 when there is none.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LIBTORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
MODULE_HEADER = "torch/nn/module.h"
HEAVY_HEADERS = {"torch/torch.h", "torch/all.h", "torch/extension.h", "torch/nn.h", "torch/data.h",
                 "torch/serialize.h", "torch/types.h"}
NAMES_ONLY = "fwd.h"
DOOR_OF_EVERYTHING = "torchhub.h"
TOP = "trainer"  # the table's row `trainer.h`: include/torchhub/trainer.h and src/trainer/


class Layers:
    """The table: which folders there are, their half, and what each may include."""

    def __init__(self, document):
        self.half = {}
        direct = {}
        half = ""
        for cells in table_rows(document):
            half = cells[0] or half
            folder = cells[1].strip("`").removesuffix(".h")
            self.half[folder] = half
            direct[folder] = cells[2]
        self.open = {folder: self._reachable(folder, direct) for folder in direct}

    def _reachable(self, folder, direct):
        text = direct[folder]
        if text == "any plain folder":
            return {f for f, half in self.half.items() if half == "plain"}
        if text == "all of these":
            return set(direct)
        found = {"base"}
        for name in re.findall(r"[a-z]+", text):
            if name not in direct:
                sys.exit(f"docs/architecture.md: the row of '{folder}' names '{name}', which has no row")
            found |= {name} | self._reachable(name, direct)
        return found

    def is_plain(self, folder):
        return self.half[folder] == "plain"


def table_rows(document):
    rows = []
    inside = False
    for line in document.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[:3] == ["half", "folder", "may include"]:
            inside = True
        elif inside and line.startswith("|"):
            if not set(line) <= set("|-: "):
                rows.append(cells)
        elif inside:
            break
    if not rows:
        sys.exit(f"{document}: no table with the columns half, folder, may include")
    return rows


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def target_of(included, quoted, root, folder):
    """('folder', name), ('door', file name), or None for what is not ours."""
    if included.startswith("torchhub/"):
        parts = included.split("/")
        return ("door", parts[1]) if len(parts) == 2 else ("folder", parts[1])
    if not quoted:
        return None
    first = included.split("/")[0]
    if "/" in included and (root / "src" / first).is_dir():
        return ("folder", first)
    if folder is not None and (root / "src" / folder / included).exists():
        return ("folder", folder)
    return None


def fault_of_ours(kind, name, layers, folder):
    if kind == "door":
        if name == NAMES_ONLY and not layers.is_plain(folder):
            return None
        if folder == TOP:
            return None
        return f"'{folder}' includes the door torchhub/{name}; doors are for users"
    if name not in layers.open:
        return f"'{name}' has no row in docs/architecture.md"
    if name != folder and name not in layers.open[folder]:
        allowed = ", ".join(sorted(layers.open[folder] - {folder})) or "nothing"
        return f"'{folder}' may not include '{name}' (only {allowed})"
    return None


def fault_of_libtorch(included, layers, folder, public):
    if not LIBTORCH.match(included):
        return None
    if layers.is_plain(folder):
        return f"plain folder '{folder}' includes LibTorch ({included})"
    if public and included in HEAVY_HEADERS:
        return f"{included} in a public header: 7 to 15 s for everyone who includes it"
    if public and included == MODULE_HEADER and folder != "models":
        return f"{included} belongs in public headers of 'models' only"
    return None


def check_folder_file(path, folder, public, layers, root):
    for number, included, quoted in includes(path):
        fault = fault_of_libtorch(included, layers, folder, public)
        target = target_of(included, quoted, root, folder)
        if fault is None and target is not None:
            fault = fault_of_ours(*target, layers, folder)
        if fault is not None:
            yield number, fault


def check_door(path, layers):
    """A door shows its own folder and what lies under it; torchhub.h shows everything."""
    folder = path.stem
    if path.name == NAMES_ONLY:
        allowed = set()
    elif path.name in (DOOR_OF_EVERYTHING, TOP + ".h"):
        allowed = set(layers.half)
    elif folder in layers.half:
        allowed = layers.open[folder] | {folder}
    else:
        yield 1, f"{path.name} is no door: no folder '{folder}' in docs/architecture.md"
        return
    for number, included, quoted in includes(path):
        if included in HEAVY_HEADERS:
            yield number, f"{included} in a public header: 7 to 15 s for everyone who includes it"
        if LIBTORCH.match(included) and folder in layers.half and layers.is_plain(folder):
            yield number, f"plain door {path.name} includes LibTorch ({included})"
        if not included.startswith("torchhub/"):
            continue
        parts = included.split("/")
        if len(parts) > 2:
            if parts[1] not in allowed:
                yield number, f"door {path.name} may not show '{parts[1]}'"
        elif parts[1] != NAMES_ONLY and path.name not in (DOOR_OF_EVERYTHING, TOP + ".h"):
            yield number, f"door {path.name} leads to another door, {parts[1]}"


def files_in(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".hpp", ".cpp", ".cc"))


def faults(root, layers):
    for base, public in ((root / "include" / "torchhub", True), (root / "src", False)):
        for path in files_in(base):
            parts = path.relative_to(base).parts
            shown = path.relative_to(root)
            if len(parts) == 1:
                found = check_door(path, layers) if public else [(1, "a source outside every folder")]
            elif parts[0] not in layers.half:
                found = [(1, f"folder '{parts[0]}' has no row in docs/architecture.md")]
            else:
                found = check_folder_file(path, parts[0], public, layers, root)
            for number, text in found:
                yield f"{shown}:{number}: {text}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    layers = Layers(root / "docs" / "architecture.md")
    found = list(faults(root, layers))
    print("\n".join(found) or "layers: every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
