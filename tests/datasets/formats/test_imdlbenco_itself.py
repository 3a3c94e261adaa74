"""Our copy of IMDLBenCo's readers against its own, where somebody has installed it.

It needs another environment (numpy<2): as README-IMDLBenCo.md of an export says. Then:

    MASKWRIGHT_BENCO=/place/of/benco/bin/python pytest -m slow tests/datasets/formats/test_imdlbenco_itself.py
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.formats import benco_readers
from tests.datasets.formats.made import mixed, write

PYTHON = os.environ.get("MASKWRIGHT_BENCO", "")
PARTS = ("image", "mask", "label", "origin_shape", "shape", "name", "shape_mask")

_THEIRS = """\
import sys
import numpy as np
import IMDLBenCo.datasets as theirs

is_padding, size, into = sys.argv[1] == "padding", int(sys.argv[2]), sys.argv[3]
settings = {"is_padding": is_padding, "is_resizing": not is_padding, "output_size": (size, size)}
found = {}
for kind, place in [("ManiDataset", "train"), ("JsonDataset", "train.json"), ("JsonDataset", "test.json")]:
    items = getattr(theirs, kind)(place, **settings)
    for number in range(len(items)):
        for part, value in items[number].items():
            found[f"{kind}:{place}:{number}:{part}"] = np.asarray(value)
found["balanced"] = np.array(len(theirs.BalancedDataset("balanced.json", **settings)))
np.savez(into, **found)
"""


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="MASKWRIGHT_BENCO does not name a Python with IMDLBenCo")
@pytest.mark.parametrize(("how", "size"), [("padding", 32), ("padding", 8), ("resizing", 16)])
def test_every_item_is_the_same_as_theirs(
    how: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "made", "imdlbenco", mixed(24))
    monkeypatch.chdir(tmp_path / "made")
    into = tmp_path / "theirs.npz"
    done = subprocess.run([PYTHON, "-c", _THEIRS, how, str(size), into], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings = {"is_padding": how == "padding", "is_resizing": how != "padding", "output_size": (size, size)}
    with np.load(into) as theirs:
        assert int(theirs["balanced"]) == len(benco_readers.BalancedDataset("balanced.json", **settings))
        keys = [key for key in theirs.files if key != "balanced"]
        assert {key.rpartition(":")[2] for key in keys} == set(PARTS) - (
            set() if how == "padding" else {"shape_mask"}
        )
        for key in keys:
            kind, place, number, part = key.split(":")
            ours = benco_readers.READERS[kind](place, **settings)[int(number)][part]
            if part == "name":
                assert str(theirs[key]) == ours
            else:
                np.testing.assert_allclose(theirs[key], ours, atol=1e-6)
