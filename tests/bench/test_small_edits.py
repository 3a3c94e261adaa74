import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.conftest import png, textured

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_small_edits.py"


def photographs(data: Path) -> None:
    """A data folder with five pictures of many scales, listed as photographs are."""
    (data / "photos").mkdir(parents=True)
    with (data / "photos" / "photos.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "split", "width", "height"])
        for seed in range(5):
            name = f"{seed}.png"
            (data / "photos" / name).write_bytes(png(textured(300, 400, seed)))
            table.writerow([name, "val", 400, 300])


def run(data: Path, *words: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--mosaics", "1", "--size", "1000", "800", "--json", *map(str, words)],
        env={**os.environ, "MASKWRIGHT_DATA": str(data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_small_edits_of_a_made_mosaic_are_found_and_nothing_else(tmp_path: Path) -> None:
    photographs(tmp_path)
    measured = run(tmp_path, "--shift", 0)
    assert measured["edits"] > 0
    assert (measured["recall"], measured["false_a_mosaic"]) == (1.0, 0.0)
    assert measured["rows"][0]["kind"] == "identity"


@pytest.mark.slow
def test_the_same_seed_makes_the_same_mosaic_and_another_seed_another(tmp_path: Path) -> None:
    photographs(tmp_path)
    first, again, other = (run(tmp_path, "--seed", seed)["rows"][0]["edits"] for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.slow
def test_small_edits_of_a_mosaic_of_photographs_are_found() -> None:
    data = Path(os.environ.get("MASKWRIGHT_DATA", SCRIPT.parents[2] / "shared" / "data"))
    if not (data / "photos" / "photos.csv").exists():
        pytest.skip("no photographs: set MASKWRIGHT_DATA")
    measured = run(data)
    assert measured["recall"] == 1.0
    assert measured["peak_mb"] < 1500


@pytest.mark.slow
def test_a_large_pair_is_annotated_by_a_process_whose_memory_is_its_own(tmp_path: Path) -> None:
    photographs(tmp_path)
    measured = run(tmp_path, "--large", 1500, 1200)
    large = measured["large"]
    assert (large["megapixels"], large["verdict"]) == (1.8, "local_edit")
    assert large["found"] == large["edits"] > 0
    assert 0 < large["peak_mb"] < measured["peak_mb"] + 100
