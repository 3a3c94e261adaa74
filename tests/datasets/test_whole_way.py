"""From pairs to datasets in every format: the example, on pairs made here and on real ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.datasets.building import table_of

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("MASKWRIGHT_DATA", ROOT.parent / "shared" / "data"))
EXAMPLE = ROOT / "examples" / "make_datasets.py"
FORMATS = ("parquet", "imagefolder", "webdataset", "imdlbenco", "coco", "change-detection", "masks")


def made(work: Path, sources: Sequence[Path], *words: str, timeout_s: int) -> list[str]:
    """The lines of the example that speak of a step."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(work / "hub")}
    done = subprocess.run(
        [sys.executable, EXAMPLE, work / "work", *sources, *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **offline},
    )
    assert done.returncode == 0, done.stderr
    return [
        line
        for line in done.stdout.splitlines()
        if re.match(rf"annotated|selected|{'|'.join(FORMATS)}", line)
    ]


def answers(lines: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    """Format -> defects, masks, mean edited area."""
    found = {}
    for line in lines:
        if told := re.fullmatch(r"([\w-]+): (\d+) defects, (\d+) masks loaded, ([\d.]+ ?%) .*", line):
            found[told[1]] = (int(told[2]), int(told[3]), told[4])
    return found


@pytest.mark.slow
def test_pairs_become_datasets_that_every_library_loads_with_the_same_masks(tmp_path: Path) -> None:
    table = table_of(tmp_path / "pairs", range(6), edits=1)
    lines = made(tmp_path, [table], "--where", "area_frac > 0", timeout_s=120)
    assert lines[0] == f"annotated {table}: a mask for 6 of 6 rows"
    found = answers(lines)
    assert set(found) == set(FORMATS)
    assert len(set(found.values())) == 1, found
    assert found["parquet"][:2] == (0, 6)


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "pairs" / "pairs.csv").is_file(), reason="needs the pairs of MASKWRIGHT_DATA")
def test_real_pairs_become_datasets_that_every_library_loads_with_the_same_masks(tmp_path: Path) -> None:
    tables = [DATA / name / f"{name}.csv" for name in ("pairs", "unlabelled")]
    found = answers(made(tmp_path, tables, "--restricted", "include", "--where", "qes > 0.85", timeout_s=900))
    assert set(found) == set(FORMATS)
    assert len({each[1:] for each in found.values()}) == 1, found
    assert found["parquet"][1] > 20
